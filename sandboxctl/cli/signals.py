"""What SIGINT, SIGTERM and SIGHUP do: end the command without a traceback, and let apply finish the step in flight."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """One of the signals, as an exception: whatever cleans up after Ctrl-C cleans up after all three."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def raised() -> Iterator[None]:
    """Inside, the signals raise Interrupted. One that is ignored already (nohup) stays so."""
    with _handled(_raise):
        yield


def _raise(number: int, _: FrameType | None) -> None:
    raise Interrupted(number)


class Pending:
    """The signal that has come while something is being finished, if any."""

    def __init__(self) -> None:
        self.number: int | None = None

    def __call__(self) -> bool:
        """Whether one has come, so that nothing new may begin."""
        return self.number is not None

    @property
    def exit_code(self) -> int:
        """128 + the signal, 0 where none has come."""
        return 0 if self.number is None else 128 + self.number


@contextmanager
def held() -> Iterator[Pending]:
    """Inside, the first signal is only noted; a second one leaves at once: the next apply recovers what is left."""
    pending = Pending()

    def note(number: int, _: FrameType | None) -> None:
        if pending.number is not None:
            os._exit(128 + number)
        pending.number = number
        sys.stderr.write("interrupted: finishing the step in flight; once more to leave at once\n")

    with _handled(note):
        yield pending


@contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _ENDING}
    mine = [number for number in _ENDING if before[number] is not signal.SIG_IGN]
    for number in mine:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, before[number])
