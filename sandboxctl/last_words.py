"""What a process said last, for the message of a failure. Pure."""

from __future__ import annotations

from collections.abc import Iterable

LINES = 10
"""How many lines a message shows."""
ASKED = 10 * LINES
"""How many to ask an engine for: it may note what came last on one stream before what came earlier on the other."""
_OF_ERRORS = 5


def last_words(chunks: Iterable[tuple[int, bytes]]) -> str:
    """The last lines of (1 = stdout, 2 = stderr) chunks, each on a line of its own and indented; errors are the last.

    Up to five of standard error are always among them, and the two are told apart: an engine reads the streams apart
    from each other, so that their lines lie in another order each time, and an error that came last may stand far above
    the end (Docker 20.10).
    """
    lines = [(stream, line) for stream, chunk in chunks for line in chunk.decode("utf-8", "replace").splitlines()]
    while lines and not lines[-1][1].strip():
        lines.pop()
    errors = [index for index, (stream, _) in enumerate(lines) if stream == 2][-_OF_ERRORS:]
    others = [index for index in range(len(lines)) if index not in errors]
    shown = [*others[max(0, len(others) - (LINES - len(errors))) :], *errors]
    shown.sort(key=lambda index: (lines[index][0], index))
    return "".join(f"\n  {lines[index][1]}" for index in shown)
