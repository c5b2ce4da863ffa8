"""A file of specs before it is YAML: how much it may hold, and its lines. Pure, and cheap to load."""

from __future__ import annotations

MAX_BYTES = 2**20


def lines(text: str) -> tuple[str, ...]:
    """As an editor shows them; `splitlines` would split at more than line breaks."""
    found = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return tuple(found if found[-1] else found[:-1])


def without_mark(text: str) -> str:
    """Without the byte order mark, which is no part of what is written."""
    return text.removeprefix("\ufeff")
