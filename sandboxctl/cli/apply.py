"""`sandboxctl apply`: makes the live sandboxes what the specs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from sandboxctl.apply import ApplyOptions
    from sandboxctl.backends.base import Backend
    from sandboxctl.cli.locking import Locking
    from sandboxctl.plan import Plan
    from sandboxctl.saved_plan import SavedPlan


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
    from sandboxctl.apply import ApplyOptions
    from sandboxctl.cli.outlook import surplus_of

    options = ApplyOptions(wait=not no_wait, wait_timeout=wait_timeout, fail_fast=fail_fast)
    saved = None if plan_file is None else _read(plan_file, paths, prune=prune)
    surplus = surplus_of(project, prune=prune) if saved is None else saved.prune
    return _apply(session, paths, options, saved, surplus, holding=holding, yes=yes)


def _apply(
    session: Session,
    paths: tuple[str, ...],
    options: ApplyOptions,
    saved: SavedPlan | None,
    surplus: str | None,
    *,
    holding: Locking,
    yes: bool,
) -> int:
    """`surplus` is the project of which all else is deleted."""
    from contextlib import ExitStack
    from functools import partial

    from sandboxctl.apply import pull_always
    from sandboxctl.cli import carrying_out, outlook, specs

    pull = partial(pull_always, emit=partial(carrying_out.emit, session))
    files = specs.paths_only(paths) if saved is None else saved.paths
    loaded, warnings = specs.valid(session, files)
    with ExitStack() as stack:
        view = outlook.look(session, loaded, stack, before=pull, break_lock=holding.break_lock, surplus_of=surplus)
        view.problems += warnings
        view.check()
        specs.warn(session, view.problems)
        return carrying_out.carry_out(
            session,
            _held_to(saved, view.plans),
            lambda: _held_to(saved, view.again(break_lock=holding.break_lock)),
            yes=yes,
            arguments=files,
            options=options,
            holding=holding,
            conflict=view.conflict,
        )


def _read(plan_file: str, paths: tuple[str, ...], *, prune: bool) -> SavedPlan:
    from sandboxctl import saved_plan
    from sandboxctl.errors import UsageError

    if paths or prune:
        raise UsageError("--plan says itself what is applied", hint="leave the files and --prune out")
    return saved_plan.read(plan_file)


def _held_to(saved: SavedPlan | None, plans: list[tuple[Backend, Plan]]) -> list[tuple[Backend, Plan]]:
    """The plans, which have to be what was saved. Raises ConflictError."""
    from sandboxctl import saved_plan
    from sandboxctl.cli.outlook import identified

    if saved is not None:
        saved_plan.check(saved, identified(plans))
    return plans
