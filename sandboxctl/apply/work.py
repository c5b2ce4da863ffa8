"""What the steps of every kind of engine share: what they work with, and the ends that they have in common."""

from __future__ import annotations

from collections.abc import Callable

from sandboxctl import holder, ownership
from sandboxctl.apply.events import ApplyOptions, Event
from sandboxctl.apply.gate import Gate
from sandboxctl.backends.base import Backend, Engine
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError, EngineError, FailedError, InvalidError, SandboxctlError
from sandboxctl.observe import applied_to, require, volumes_to_delete
from sandboxctl.plan import Action, Desired


class RolledBackError(FailedError):
    """A replace failed, and the old sandbox runs again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every step needs."""

    backend: Backend
    engine: Engine
    options: ApplyOptions
    emit: Callable[[Event], None]


def desired_of(action: Action) -> Desired:
    """What an action is to bring about. Raises ConflictError for a plan that does not say."""
    if action.desired is None:
        raise ConflictError(f"{action.name}: the plan does not say what is wanted", sandbox=action.name)
    return action.desired


def gate_of(desired: Desired, ref: str, work: Work) -> Gate:
    """The gate of one start."""
    return Gate(
        desired=desired, ref=ref, backend=work.backend, engine=work.engine, options=work.options, emit=work.emit
    )


def refused(error: EngineError, name: str) -> SandboxctlError:
    """The engine's refusal of a create: a spec it cannot honour (400), or what it names is gone (404)."""
    if error.status in (400, 404):
        return InvalidError(f"{name}: {error.brief}", hint=error.hint, sandbox=name)
    return FailedError(f"{name} cannot be created: {error.brief}", hint=error.hint, sandbox=name)


def this_holder() -> str:
    """Who is at work on an unfinished object: us."""
    return str(holder.this_process())


def check_changed(action: Action, ref: str, work: Work) -> None:
    """Reads it again: an engine may ignore an update. Raises FailedError."""
    after = require(work.backend.reader.observe(ref), action.name)
    for change in action.changes:
        if after.fields.get(change.key) != change.after:
            field = ".".join(change.key)
            raise FailedError(f"{action.name}: the engine ignored the change of {field}", sandbox=action.name)


def delete_volumes(action: Action, work: Work) -> None:
    """Those that go with a sandbox, and only one that we made: an existing one is never touched."""
    observed = action.observed
    if observed is None:
        return
    for volume in volumes_to_delete(applied_to(observed.ref, observed.labels)):
        labels = work.backend.reader.volume_labels(volume)
        if labels is not None and labels.get(ownership.NAME) == observed.labels.get(ownership.NAME):
            work.backend.writer.delete_volume(volume)
