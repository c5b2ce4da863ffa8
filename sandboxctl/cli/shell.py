"""`sandboxctl shell`: a shell in a sandbox."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("shell")
@click.argument("name")
@click.option("--user", metavar="UID[:GID]", help="As this user, instead of the sandbox's own.")
@click.option("--workdir", metavar="PATH", help="In this directory.")
@options.session(engines=True, policy=True)
def command(session: Session, name: str, user: str | None, workdir: str | None) -> int:
    """Open a shell in a sandbox.

    bash where its image has it, else sh.
    """
    from sandboxctl import live
    from sandboxctl.cli import engines, passing, policies
    from sandboxctl.cli.run.exec import failures_of_exec

    with failures_of_exec():
        policies.check_user(session, user)
        with engines.holding(session, name) as backend:
            return live.shell(name, backend, user=user, workdir=workdir, write=passing.streams())
