"""`sandboxctl cp`: a file or directory into a sandbox, or out of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxctl.backends.base import Backend

_SHOWN = 10


@click.command("cp")
@click.argument("source")
@click.argument("destination")
@options.session(engines=True)
def command(session: Session, source: str, destination: str) -> int:
    """Copy a file or directory in or out.

    One of SOURCE and DESTINATION is NAME:PATH; a relative PATH is below the workdir. The other may be `-`, a tar
    archive on standard input or output.
    """
    from sandboxctl.cli import engines

    inside, into = inside_of(source), inside_of(destination)
    if (inside is None) == (into is None):
        raise UsageError("one of the two has to be NAME:PATH, and only one",
                         hint="as in `sandboxctl cp report.txt py:/workspace`")  # fmt: skip
    if into is not None:
        name, path = into
        with engines.holding(session, name) as backend:
            _into(source, name, path, backend)
    elif inside is not None:
        name, path = inside
        with engines.holding(session, name) as backend:
            _out_of(session, name, path, destination, backend)
    return 0


def _into(source: str, name: str, path: str, backend: Backend) -> None:
    from sandboxctl import copying

    if source != "-":
        copying.copy_in(source, name, path, backend)
    elif sys.stdin is None or sys.stdin.isatty():
        raise UsageError("`-` is a tar archive on standard input, and there is none",
                         hint=f"as in `tar -c FILES | sandboxctl cp - {name}:{path}`")  # fmt: skip
    else:
        copying.archive_in(sys.stdin.buffer, name, path, backend)


def _out_of(session: Session, name: str, path: str, destination: str, backend: Backend) -> None:
    from sandboxctl import copying

    if destination != "-":
        _tell(session, copying.copy_out(name, path, destination, backend))
    elif session.json or sys.stdout.isatty():
        raise UsageError("`-` is a tar archive on standard output, which is meant for something else",
                         hint=f"as in `sandboxctl cp {name}:{path} - | tar -t`")  # fmt: skip
    else:
        copying.archive_out(name, path, _write, backend)


def _write(chunk: bytes) -> None:
    sys.stdout.buffer.write(chunk)


def _tell(session: Session, left_out: Sequence[str]) -> None:
    """What was not copied: a link that leads out of what was would point at something of this machine."""
    from sandboxctl.report.cells import safe

    for each in left_out[:_SHOWN]:
        session.note(f"note: left out: {safe(each)}\n")
    if len(left_out) > _SHOWN:
        session.note(f"note: left out: {len(left_out) - _SHOWN} more\n")


def inside_of(argument: str) -> tuple[str, str] | None:
    """Name and path of `NAME:PATH`; None for a path of ours, which may have a `:` after a `/` or a `.`."""
    name, colon, path = argument.partition(":")
    return (name, path) if colon and name and not set(name) & set("/.") else None
