"""How many inputs a property is tried with: all of them in `make test`, a few in the quick `make unit`."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

_QUICK = os.environ.get("SANDBOXCTL_TEST_QUICK") == "1"


def examples(number: int, **options: Any) -> settings:
    """Settings for so many inputs, without a deadline for each."""
    return settings(max_examples=max(10, number // 10) if _QUICK else number, deadline=None, **options)
