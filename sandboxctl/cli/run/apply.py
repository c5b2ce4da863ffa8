"""What `apply` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from sandboxctl.apply import ApplyOptions
    from sandboxctl.backends.base import Backend
    from sandboxctl.cli.locking import Locking
    from sandboxctl.plan import Plan
    from sandboxctl.saved_plan import SavedPlan


def run(
    session: Session,
    paths: tuple[str, ...],
    *,
    plan_file: str | None = None,
    prune: bool = False,
    project: str | None = None,
    yes: bool = False,
    no_wait: bool = False,
    wait_timeout: int | None = None,
    fail_fast: bool = False,
    holding: Locking,
) -> int:
    """Returns the exit code."""
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
    if saved is not None:
        from sandboxctl import saved_plan
        from sandboxctl.cli.outlook import identified

        saved_plan.check(saved, identified(plans))
    return plans
