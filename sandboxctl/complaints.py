"""Which field of a spec an engine's complaint speaks of, and what usually mends it. Lookup only.

Each backend has a table of its engine's words (`backends/<x>/complaints.py`); where the field is in the spec at hand is
`blame`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandboxctl.dataclass import dataclass
from sandboxctl.errors import EngineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Words that an engine uses, as a regular expression without case; the field, and a hint where there is one."""

    words: re.Pattern[str]
    field: tuple[str, ...]
    hint: str | None = None


def complaint(words: str, field: str, hint: str | None = None) -> Complaint:
    """One line of a table: `complaint("port is already allocated", "network.ports", "choose another")`."""
    return Complaint(words=re.compile(words, re.IGNORECASE), field=tuple(field.split(".")) if field else (), hint=hint)


def engine_error(brief: str, *, status: int, table: Sequence[Complaint], hint: str | None = None) -> EngineError:
    """The error with the field that the first matching line of the table names; `hint` is for where it has none."""
    found = next((each for each in table if each.words.search(brief)), None)
    if found is None:
        return EngineError(brief, status=status, hint=hint)
    return EngineError(brief, status=status, hint=found.hint or hint, field=found.field or None)
