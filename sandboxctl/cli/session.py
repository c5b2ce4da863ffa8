"""One run of the command as its standard options describe it, and where its words go. No verb's logic here."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TextIO

from sandboxctl.dataclass import dataclass, field

if TYPE_CHECKING:
    from sandboxctl.backends.base import Backend, Connection
    from sandboxctl.config import Target
    from sandboxctl.report.cells import Style

    Connect = Callable[[str, Connection], Backend]


def connect(name: str, connection: Connection) -> Backend:
    """The engines as they are built in; the tests bring their own `Connect`."""
    from sandboxctl import backends

    return backends.connect(name, connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The standard options; `backend` is that of the `target`, where there is one.

    `flags` are those of the connection that were given, by their field of `Connection`.
    """

    connect: Connect
    verb: str = ""
    output: str = "text"
    color: str = "auto"
    verbose: bool = False
    backend: str | None = None
    target: Target | None = None
    config: str | None = None
    flags: Mapping[str, str | float] = field(default_factory=dict)
    var: tuple[str, ...] = ()
    var_file: tuple[str, ...] = ()
    overlay: tuple[str, ...] = ()
    assignments: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    cache: bool = True

    @property
    def json(self) -> bool:
        """Whether standard output is for a program."""
        return self.output == "json"

    def style(self, stream: TextIO | None = None) -> Style:
        """The colours for a stream, by default standard output."""
        from sandboxctl.report.cells import Style

        return Style(colour=wants_colour(self.color, stream or sys.stdout))

    def result(self, text: str) -> None:
        """What was asked for: to standard output, at once, so that it keeps its order with standard error."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """All else: to standard error. Where there is no room for it, the result still stands."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except BrokenPipeError:
            raise
        except OSError:
            return

    def aside(self, text: str) -> None:
        """What only somebody who asks with -v is told."""
        if self.verbose:
            self.note(f"note: {text}\n")


def wants_colour(choice: str, stream: TextIO) -> bool:
    """`auto` is a terminal that does not refuse them."""
    if choice != "auto":
        return choice == "always"
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()
