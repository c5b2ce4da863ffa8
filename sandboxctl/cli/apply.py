"""`sandboxctl apply`: makes the live sandboxes what the specs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from sandboxctl.cli.locking import Locking


@click.command("apply")
@options.paths
@click.option("--plan", "plan_file", metavar="FILE", help="Do what this saved plan says, if it still holds.")
@click.option("--prune", is_flag=True, help="Also delete what --project has and these specs have not.")
@click.option("--project", metavar="NAME", help="The project for --prune.")
@click.option("--yes", "-y", is_flag=True, help="Replace and delete without asking.")
@click.option("--no-wait", is_flag=True, help="Don't wait until a sandbox is ready; it is verified all the same.")
@click.option("--wait-timeout", type=options.duration, metavar="DURATION", help="Instead of lifecycle.ready.timeout.")
@click.option("--fail-fast", is_flag=True, help="Start nothing new after a failure.")
@options.locking
@options.session(specs=True, engines=True, policy=True)
def command(
    session: Session,
    paths: tuple[str, ...],
    *,
    plan_file: str | None,
    prune: bool,
    project: str | None,
    yes: bool,
    no_wait: bool,
    wait_timeout: int | None,
    fail_fast: bool,
    holding: Locking,
) -> int:
    """Make the live sandboxes what their specs say.

    They are created, changed in place, started or replaced, and each is verified.
    """
    from sandboxctl.cli.run import apply

    return apply.run(
        session,
        paths,
        plan_file=plan_file,
        prune=prune,
        project=project,
        yes=yes,
        no_wait=no_wait,
        wait_timeout=wait_timeout,
        fail_fast=fail_fast,
        holding=holding,
    )
