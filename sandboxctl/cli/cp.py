"""`sandboxctl cp`: a file or directory into a sandbox, or out of it."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import UsageError


@click.command("cp")
@click.argument("source")
@click.argument("destination")
@options.session(engines=True)
def command(session: Session, source: str, destination: str) -> int:
    """Copy a file or directory in or out.

    One of SOURCE and DESTINATION is NAME:PATH; a relative PATH is below the workdir.
    """
    from sandboxctl import live
    from sandboxctl.cli import engines

    inside, into = inside_of(source), inside_of(destination)
    if (inside is None) == (into is None):
        raise UsageError("one of the two has to be NAME:PATH, and only one",
                         hint="as in `sandboxctl cp report.txt py:/workspace`")  # fmt: skip
    if into is not None:
        name, path = into
        with engines.holding(session, name) as backend:
            live.copy_in(source, name, path, backend)
    elif inside is not None:
        name, path = inside
        with engines.holding(session, name) as backend:
            live.copy_out(name, path, destination, backend)
    return 0


def inside_of(argument: str) -> tuple[str, str] | None:
    """Name and path of `NAME:PATH`; None for a path of ours, which may have a `:` after a `/` or a `.`."""
    name, colon, path = argument.partition(":")
    return (name, path) if colon and name and not set(name) & set("/.") else None
