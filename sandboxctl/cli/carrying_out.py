"""Carrying plans out, for apply, delete and prune: shown, approved, held, done; what became of each is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from sandboxctl import apply as work
from sandboxctl.apply import ApplyOptions, Event, Result
from sandboxctl.backends.base import Backend
from sandboxctl.cli import approval, locking, signals, specs
from sandboxctl.cli.locking import Locking
from sandboxctl.cli.session import Session
from sandboxctl.dataclass import replace
from sandboxctl.errors import SandboxctlError
from sandboxctl.plan import Kind, Plan
from sandboxctl.report import plan as report_plan
from sandboxctl.report import results as report

_PATIENT = Locking()


def carry_out(
    session: Session,
    plans: Sequence[tuple[Backend, Plan]],
    again: Callable[[], Sequence[tuple[Backend, Plan]]],
    *,
    yes: bool,
    arguments: Sequence[str],
    options: ApplyOptions,
    holding: Locking = _PATIENT,
    absent: Sequence[Result] = (),
    conflict: SandboxctlError | None = None,
) -> int:
    """Returns the exit code. `absent` are results that need no work; `conflict` is known, and told after the plan.

    `again` plans anew, where somebody else was at work before we were.
    """
    whole = [plan for _, plan in plans]
    if not session.json:
        session.result(report_plan.to_text(whole, session.style()))
    try:
        if conflict is not None:
            raise conflict
        for backend in [backend for backend, plan in plans if plan.pending]:
            from sandboxctl import sdk

            sdk.check(backend.sdk)
        approval.ask(session, whole, yes=yes, arguments=arguments)
        plans = [(backend, work.fetch(plan, backend, emit=partial(emit, session))) for backend, plan in plans]
        with locking.held(session, plans, again, holding, approved=yes) as current, signals.held() as pending:
            results = list(absent)
            for backend, plan in current:
                results += _one_engine(session, plan, backend, options, pending)
    except SandboxctlError as error:
        return _stopped(session, whole, error)
    if any(plan.pending for _, plan in current):
        from sandboxctl import journal

        journal.record(session.verb, [plan for _, plan in current], results)
    _tell(session, results)
    return pending.exit_code or report.exit_code(results)


def _one_engine(
    session: Session, plan: Plan, backend: Backend, options: ApplyOptions, pending: signals.Pending
) -> tuple[Result, ...]:
    """What is found before the first write stands for every sandbox of this engine."""
    try:
        return work.apply(plan, backend, replace(options, cancelled=pending), emit=partial(emit, session))
    except SandboxctlError as error:
        specs.tell(session, error)
        return _skipped(plan, int(error.exit_code))


def _stopped(session: Session, plans: Sequence[Plan], error: SandboxctlError) -> int:
    """Nothing is done; for a program the summary says so."""
    specs.tell(session, error)
    if session.json:
        skipped = [result for plan in plans for result in _skipped(plan, int(error.exit_code))]
        session.result(report.summary_json(skipped))
    return int(error.exit_code)


def _skipped(plan: Plan, code: int) -> tuple[Result, ...]:
    """One result for each sandbox, whether the plan has actions for it or a stranger holds its name."""
    idle = {action.name for action in plan.actions if action.kind is Kind.NO_OP}
    names = dict.fromkeys([*(action.name for action in plan.actions), *(each.name for each in plan.foreign)])
    return tuple(
        Result(name=name, code=0, outcome="unchanged")
        if name in idle
        else Result(name=name, code=code, outcome="skipped")
        for name in names
    )


def emit(session: Session, event: Event) -> None:
    """One step, as it begins. That nobody listens is no reason to leave the step half done: the end will say so."""
    with suppress(OSError):
        if session.json:
            session.result(report.event_json(event))
        else:
            session.note(report.event_text(event))


def _tell(session: Session, results: Sequence[Result]) -> None:
    if not session.json:
        session.result(report.to_text(results, session.style()))
        return
    for result in results:
        if result.brief is not None and result.code:
            session.result(report.failure_json(result))
    session.result(report.summary_json(results))
