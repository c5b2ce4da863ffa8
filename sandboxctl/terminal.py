"""The caller's own terminal while a command in a sandbox has it. It knows no engine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def raw() -> Iterator[None]:
    """Raw mode, and back again whatever happens; nothing where standard input is no terminal."""
    import termios
    import tty

    handle = sys.stdin.fileno()
    if not os.isatty(handle):
        yield
        return
    before = termios.tcgetattr(handle)
    try:
        tty.setraw(handle)
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


@contextmanager
def followed(resize: Callable[[os.terminal_size], None]) -> Iterator[None]:
    """Tells `resize` the terminal's size, now and whenever it changes."""

    def tell(_signal: int = 0, _frame: FrameType | None = None) -> None:
        try:
            size = os.get_terminal_size(sys.stdout.fileno())
        except OSError:
            return
        resize(size)

    before = signal.signal(signal.SIGWINCH, tell)
    try:
        tell()
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
