"""`sandboxctl logs`: what a sandbox has written."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("logs")
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@click.option("--raw", is_flag=True, help="Also to a terminal the bytes as they are, which it may obey.")
@options.session(engines=True)
def command(session: Session, name: str, tail: int | None, *, follow: bool, raw: bool) -> int:
    """Print what a sandbox wrote.

    Its standard output goes to ours, its standard error to ours.
    """
    from sandboxctl import live
    from sandboxctl.cli import engines, passing

    with engines.holding(session, name) as backend:
        live.logs(name, backend, tail=tail, follow=follow, write=passing.streams(raw=raw))
    return 0
