"""`sandboxctl prune`: takes away what is past its time, or what interrupted commands left."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import UsageError

if TYPE_CHECKING:
    from sandboxctl.backends.base import Backend
    from sandboxctl.cli.locking import Locking
    from sandboxctl.plan import Plan


@click.command("prune")
@click.option("--expired", is_flag=True, help="Sandboxes past their ttl.")
@click.option("--leftovers", is_flag=True, help="What is half-made, or was made for a sandbox and is used by none.")
@click.option("--project", metavar="NAME", help="Only of this project.")
@click.option("--all-projects", is_flag=True, help="Of every project, and of none.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.option("--fail-fast", is_flag=True, help="Start nothing new after a failure.")
@options.locking
@options.session(engines=True)
def command(
    session: Session,
    *,
    expired: bool,
    leftovers: bool,
    project: str | None,
    all_projects: bool,
    yes: bool,
    fail_fast: bool,
    holding: Locking,
) -> int:
    """Take away what is past its time, half-made, or used by nothing."""
    from sandboxctl import pruning
    from sandboxctl.apply import ApplyOptions
    from sandboxctl.cli import carrying_out, engines

    if expired == leftovers:
        raise UsageError("what is to be pruned?", hint="give one of --expired and --leftovers")
    if all_projects == (project is not None):
        raise UsageError("whose is it to be?", hint="give one of --project and --all-projects")

    def plan() -> list[tuple[Backend, Plan]]:
        return [
            (backend, pruning.prepare_prune(backend, expired=expired, project=project, break_lock=holding.break_lock))
            for backend in backends
        ]

    with ExitStack() as stack:
        backends = stack.enter_context(engines.in_use(session))
        return carrying_out.carry_out(
            session,
            plan(),
            plan,
            yes=yes,
            arguments=(),
            options=ApplyOptions(fail_fast=fail_fast),
            holding=holding,
        )
