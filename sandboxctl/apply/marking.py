"""The steps of one sandbox on an engine that cannot rename: it has its one name, and a mark that is written last.

What lacks the mark has not passed its gate, and the next plan takes it away. A replace asks the engine by a rehearsal,
takes the old one away, and makes it again from what was captured where the new one fails.
"""

from __future__ import annotations

import secrets
import time
from typing import cast

from sandboxctl import blame, ownership
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import (
    RolledBackError,
    Work,
    check_changed,
    delete_volumes,
    desired_of,
    gate_of,
    refused,
    this_holder,
)
from sandboxctl.backends.base import Backend, Engine, MarkingWriter, Observed, Payload
from sandboxctl.errors import ConflictError, EngineError, InvalidError, SandboxctlError, SilentError
from sandboxctl.observe import applied_to
from sandboxctl.plan import Action, Desired, Kind, Plan
from sandboxctl.render import render
from sandboxctl.spec import Sandbox, VolumeMount

_RESTORE_SECONDS = 30.0
_LABELS = (ownership.MANAGED,)
"""What objects are listed by; all else that we write on one is an annotation."""


def run(action: Action, work: Work) -> None:
    """One action. Raises SandboxctlError; nothing half-made is left."""
    match action.kind:
        case Kind.NO_OP:
            return
        case Kind.CREATE:
            work.emit(Event(name=action.name, step="create"))
            _make(desired_of(action), _new(desired_of(action), work), work)
        case Kind.REPLACE:
            _replace(action, work)
        case Kind.UPDATE:
            _update(action, work)
        case Kind.START:
            raise ConflictError(f"{action.name}: what has ended cannot be started again here", hint="plan again")
        case Kind.DELETE:
            work.emit(Event(name=action.name, step="delete"))
            _writer(work).delete(action.ref or "")
            delete_volumes(action, work)
        case Kind.RECOVER:
            for step in action.steps:
                work.emit(Event(name=action.name, step="recover", message=f"{step.do} {step.name}"))
                _writer(work).delete(step.ref)


def rehearse(plan: Plan, backend: Backend) -> None:
    """Asks before the first write whether the engine would take what is to be made.

    Raises what it says to the first sandbox that it would not take, with its place in the spec.
    """
    writer = cast("MarkingWriter", backend.writer)
    for action in plan.actions:
        if action.desired is None or action.kind not in (Kind.CREATE, Kind.REPLACE):
            continue
        payload = _payload(action.desired, plan.engine, salt=b"")
        try:
            writer.rehearse(payload, replaces=action.kind is Kind.REPLACE)
        except SandboxctlError as error:
            error.sandbox = error.sandbox or action.name
            error.places = blame.problems(error, action.desired.loaded)
            raise


def _writer(work: Work) -> MarkingWriter:
    return cast("MarkingWriter", work.backend.writer)


def _payload(desired: Desired, engine: Engine, *, salt: bytes, resolved: Sandbox | None = None) -> Payload:
    """With what makes it ours: where it is binds it, as no image id would."""
    sandbox = desired.sandbox
    marks = ownership.labels(
        sandbox,
        spec_hash=desired.spec_hash,
        identity=f"{engine.namespace}/{sandbox.name}",
        salt=salt,
        holder=this_holder(),
    )
    return render(
        resolved or sandbox,
        engine.backend,
        labels={name: text for name, text in marks.items() if name in _LABELS},
        annotations={name: text for name, text in marks.items() if name not in _LABELS},
        salt=salt,
    )


def _new(desired: Desired, work: Work) -> Payload:
    """That of a sandbox that is about to be made."""
    began = time.monotonic()
    resolved = _writer(work).ready_for(desired.sandbox)
    if resolved is not desired.sandbox:
        took = time.monotonic() - began
        work.emit(Event(name=desired.sandbox.name, step="gate", message=f"its target is open to others ({took:.1f} s)"))
    return _payload(desired, work.engine, salt=secrets.token_bytes(16), resolved=resolved)


def _make(desired: Desired, payload: Payload, work: Work) -> None:
    """Created, gated, marked. Undone on any failure, with the volumes that came with it.

    A silent engine has nothing more asked of it: what lacks the mark is taken away by the next plan.
    """
    writer, name = _writer(work), desired.sandbox.name
    volumes = _volumes_to_make(desired, work)
    ref = ""
    try:
        try:
            ref = writer.create(payload, name=name)
        except EngineError as error:
            raise refused(error, name) from error
        gate = gate_of(desired, ref, work)
        gate.start()
        gate.pass_through()
        writer.mark(ref, desired.spec_hash)
    except SilentError:
        raise
    except BaseException:
        if ref:
            writer.delete(ref)
        for volume in volumes:
            writer.delete_volume(volume)
        raise


def _volumes_to_make(desired: Desired, work: Work) -> tuple[str, ...]:
    """Those that are not there and come with the payload. Raises InvalidError for one that nobody makes."""
    found: list[str] = []
    for mount in desired.sandbox.mounts:
        if not isinstance(mount, VolumeMount) or work.backend.reader.volume_labels(mount.source) is not None:
            continue
        if mount.size is None:
            raise InvalidError(f"there is no volume {mount.source}", hint="create it, or write a `size`",
                               sandbox=desired.sandbox.name)  # fmt: skip
        found.append(mount.source)
    return tuple(found)


def _replace(action: Action, work: Work) -> None:
    """Rehearse, capture, delete the old one, make the new one; the old one again on any failure."""
    desired, old = desired_of(action), action.observed
    if old is None:
        raise ConflictError(f"{action.name}: the plan does not say what is replaced", sandbox=action.name)
    writer, name = _writer(work), action.name
    work.emit(Event(name=name, step="replace"))
    payload = _new(desired, work)
    _volumes_to_make(desired, work)
    writer.rehearse(payload, replaces=True)
    previous = writer.capture(old.ref)
    ran = old.status.state in ("running", "restarting")
    work.emit(Event(name=name, step="stop", message="the old one"))
    try:
        writer.delete(old.ref)
        _make(desired, payload, work)
    except SilentError:
        raise
    except BaseException as error:
        if ran and work.backend.reader.status(old.ref) is None:
            _restore(error, previous, old, work)
        raise


def _restore(error: BaseException, previous: Payload, old: Observed, work: Work) -> None:
    """Made again, set up again, marked again. Raises RolledBackError in place of the failure."""
    work.emit(Event(name=previous.name, step="roll back"))
    ref = _writer(work).create(previous, name=previous.name)
    _wait_until_up(ref, work)
    applied = applied_to(old.ref, old.labels)
    for argv in applied.sandbox.lifecycle.setup if applied else ():
        work.backend.runner.exec(ref, argv)
    _writer(work).mark(ref, old.labels.get(ownership.SPEC_HASH, ""))
    if isinstance(error, SandboxctlError):
        what, newline, last_lines = error.brief.partition("\n")
        brief = f"{what}; rolled back{newline}{last_lines}"
        raise RolledBackError(brief, hint=error.hint, sandbox=previous.name) from error


def _wait_until_up(ref: str, work: Work) -> None:
    """As far as it goes: what it was before it was stopped has been proved then."""
    deadline = time.monotonic() + _RESTORE_SECONDS
    while time.monotonic() < deadline:
        status = work.backend.reader.status(ref)
        if status is None or status.state != "restarting":
            return
        time.sleep(0.1)


def _update(action: Action, work: Work) -> None:
    """In place; what it was applied from is brought up to date on the object itself."""
    desired, observed = desired_of(action), action.observed
    if observed is None:
        raise ConflictError(f"{action.name}: the plan does not say what is changed", sandbox=action.name)
    work.emit(Event(name=action.name, step="update"))
    changed = {change.key: change.after for change in action.changes}
    applied = ownership.applied(observed.labels)
    payload = _payload(desired, work.engine, salt=applied.salt if applied else b"")
    _writer(work).update(observed.ref, changed, payload)
    check_changed(action, observed.ref, work)
    gate_of(desired, observed.ref, work).verify()
