"""`sandboxctl status`: all that is known of one sandbox."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("status")
@click.argument("name")
@options.session(specs=True, engines=True)
def command(session: Session, name: str) -> int:
    """Show all that is known of one sandbox.

    Its state, until when it lives, and where it differs from its spec.
    """
    from sandboxctl.cli.run import status

    return status.run(session, name)
