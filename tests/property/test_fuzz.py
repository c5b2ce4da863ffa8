"""A few of the inputs of `make fuzz`, on every run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.property import fuzz


def test_no_input_ends_in_an_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fuzz.run(60)
