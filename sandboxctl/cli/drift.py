"""`sandboxctl drift`: what is not as it was left. It writes nothing."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("drift")
@options.paths
@options.session(specs=True, engines=True)
def command(session: Session, paths: tuple[str, ...]) -> int:
    """Show what changed behind the specs' back. Nothing is written.

    That is the run state, and every field that differs for another cause than its spec. Exit code 2 where there is
    any, else 0; what only the specs changed is counted, and is no drift.
    """
    from sandboxctl.cli.run import drift

    return drift.run(session, paths)
