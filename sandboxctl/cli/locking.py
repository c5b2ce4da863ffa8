"""Holding what is about to be written to, and making sure that the plan still stands once it is held."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sandboxctl.backends.base import Backend
from sandboxctl.cli import outlook
from sandboxctl.cli.session import Session
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError
from sandboxctl.plan import Plan
from sandboxctl.snapshot import is_unchanged

Plans = Sequence[tuple[Backend, Plan]]
_PAUSE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Locking:
    """How long to wait for others, in milliseconds, and whether to go on in spite of them."""

    timeout: int = 30_000
    break_lock: bool = False


@contextmanager
def held(
    session: Session, plans: Plans, again: Callable[[], Plans], locking: Locking, *, approved: bool
) -> Iterator[Plans]:
    """Inside, nobody else on this host writes to these sandboxes, and the plans are of that time.

    `again` plans anew. With `approved`, whatever it comes to is approved. Raises ConflictError for somebody who does
    not end within the timeout, and for a new plan that would do what nobody has approved.
    """
    if not any(plan.held or plan.busy for _, plan in plans):
        yield plans
        return
    from sandboxctl import locks

    deadline = time.monotonic() + locking.timeout / 1000
    identities = [
        locks.Identity(engine=_engine_id(backend), namespace=plan.engine.namespace, name=name)
        for backend, plan in plans
        for name in plan.held
    ]
    with locks.held(identities, timeout=locking.timeout / 1000, ignore=locking.break_lock, told=session.note):
        yield _current(plans, again, deadline, approved=approved)


def _engine_id(backend: Backend) -> str:
    engine = backend.reader.identify()
    return f"{engine.backend} {engine.id or engine.endpoint}"


def _current(plans: Plans, again: Callable[[], Plans], deadline: float, *, approved: bool) -> Plans:
    """The plans where nothing has changed, else what takes their place."""
    if all(not plan.busy and (not plan.held or is_unchanged(plan, backend)) for backend, plan in plans):
        return plans
    fresh = again()
    while any(plan.busy for _, plan in fresh) and time.monotonic() < deadline:
        time.sleep(min(_PAUSE, max(0.0, deadline - time.monotonic())))
        fresh = again()
    foreign = [each for _, plan in fresh for each in plan.foreign]
    if foreign:
        raise outlook.conflict(foreign)
    if not approved and not _destructive(fresh) <= _destructive(plans):
        raise ConflictError("somebody else changed what this plan is about, and it would now do more than was approved",
                            hint="look at the plan again")  # fmt: skip
    return fresh


def _destructive(plans: Plans) -> set[tuple[str, str | None]]:
    return {(action.address, action.ref) for _, plan in plans for action in plan.actions if action.asks}
