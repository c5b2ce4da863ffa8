"""Requests that are certain to come, sent before their turn: the engine works on the next while we read the last.

Only for a moment whose requests are all known, and only reads: whoever asks in another order, or for something else,
asks anew. What was sent and is never asked for is thrown away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

MOST = 4
"""Requests at one time: what an engine of two cores has a use for."""


class Ahead:
    """The requests in their order. `send` opens a connection and sends one on it."""

    def __init__(self, requests: Sequence[bytes], send: Callable[[bytes], socket]) -> None:
        self._left = deque(requests)
        self._sent: deque[tuple[bytes, socket]] = deque()
        self._send = send
        self._fill()

    def take(self, request: bytes) -> socket | None:
        """The connection on which the answer to this request comes; None where it was not the next one."""
        if not self._sent or self._sent[0][0] != request:
            return None
        _, connection = self._sent.popleft()
        self._fill()
        return connection

    def close(self) -> None:
        """Lets go of what nobody asked for."""
        self._left.clear()
        while self._sent:
            self._sent.popleft()[1].close()

    def _fill(self) -> None:
        """An engine that cannot be reached is no error yet: it will be, when it is asked."""
        try:
            while self._left and len(self._sent) < MOST:
                self._sent.append((self._left[0], self._send(self._left[0])))
                self._left.popleft()
        except OSError:
            self._left.clear()
