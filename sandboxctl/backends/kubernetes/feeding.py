"""Standard input for a command that need not read all of it. Pure.

Where a command ends before its input does, the node goes on writing into a pipe that nobody reads, and the exec never
ends; kubectl's does not either (v1.34.4, 3 of 6). So a shell in the container tells on standard error when the command
begins and when it has ended, takes what is left of the input, and ends with the command's code.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

_SCRIPT = 'printf %s "$0" >&2; "$@"; code=$?; printf %s "$0" >&2; cat >/dev/null; exit $code'


class Feed:
    """One command with its input. Called with what comes on standard error; the marks are not passed on."""

    def __init__(self, command: Sequence[str], stderr: Callable[[bytes], None]) -> None:
        mark = f"\x01{secrets.token_hex(8)}\x02"
        self.command: tuple[str, ...] = ("sh", "-c", _SCRIPT, mark, *command)
        self._mark = mark.encode()
        self._sink = stderr
        self._held = b""
        self._seen = 0

    @property
    def has_begun(self) -> bool:
        """Before that nothing may be fed: there may be no shell, and then another has to read it."""
        return self._seen > 0

    @property
    def has_ended(self) -> bool:
        """After that nobody wants more."""
        return self._seen > 1

    def __call__(self, chunk: bytes) -> None:
        """Passes on what is no mark; what may be the beginning of one waits for the rest."""
        whole = self._held + chunk
        pieces = whole.split(self._mark)
        self._seen += len(pieces) - 1
        kept = next((size for size in range(len(self._mark) - 1, 0, -1) if pieces[-1].endswith(self._mark[:size])), 0)
        pieces[-1], self._held = pieces[-1][: len(pieces[-1]) - kept], pieces[-1][len(pieces[-1]) - kept :]
        said = b"".join(pieces)
        if said:
            self._sink(said)
