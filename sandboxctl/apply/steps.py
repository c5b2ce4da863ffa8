"""The steps of one sandbox on an engine that can rename: create, replace, update, start, delete, recover.

A new object is made under a staging name and committed by its rename, when it has passed its gate; until then every
failure undoes what was made, and starts again what was stopped. Every call names the ref that the plan saw.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping

from sandboxctl import notes, ownership
from sandboxctl.apply import belongings, certain, layer, networks, staging
from sandboxctl.apply.events import Event
from sandboxctl.apply.staging import Staged
from sandboxctl.apply.work import RolledBackError, Work, check_changed, desired_of, gate_of
from sandboxctl.backends.base import Observed
from sandboxctl.errors import ConflictError, FailedError, LocalFileError, SandboxctlError, SilentError
from sandboxctl.observe import applied_to, volumes_to_delete
from sandboxctl.plan import Action, Desired, Kind
from sandboxctl.recovery import RecoverStep
from sandboxctl.render import render


def run(action: Action, work: Work) -> None:
    """One action. Raises SandboxctlError; nothing half-made is left."""
    action = layer.keep(action, work)
    match action.kind:
        case Kind.NO_OP:
            return
        case Kind.CREATE:
            _create(desired_of(action), work)
        case Kind.REPLACE:
            _replace(action, work)
        case Kind.UPDATE:
            _update(action, work)
        case Kind.START:
            _start(action, work)
        case Kind.DELETE:
            _delete(action, work)
        case Kind.RECOVER:
            _recover(action, work)


def _create(desired: Desired, work: Work) -> None:
    """Made as NAME.new, started, gated, renamed: the rename is the commit point."""
    name = desired.sandbox.name
    work.emit(Event(name=name, step="create"))
    staged = staging.stage(desired, work)
    try:
        _open(desired, staged.ref, work)
        certain.rename(staged.ref, name, work, gone_is_done=desired.sandbox.lifecycle.auto_remove)
    except BaseException as error:
        staging.undo(staged, work, because=error)
        raise


def _open(desired: Desired, ref: str, work: Work) -> None:
    """Starts it and takes it through its gate."""
    name = desired.sandbox.name
    work.emit(Event(name=name, step="start"))
    gate = gate_of(desired, ref, work)
    gate.start()
    gate.pass_through()


def _replace(action: Action, work: Work) -> None:
    """Stage, stop the old one, start the new one, gate, swap names, remove the old one; undone until the names swap."""
    desired, old, name = desired_of(action), _observed(action), action.name
    work.emit(Event(name=name, step="replace"))
    staged = staging.stage(desired, work)
    ran = old.status.state in ("running", "restarting", "paused")
    try:
        if ran and not action.start_first:
            work.emit(Event(name=name, step="stop", message="the old one"))
            certain.stop(old.ref, work, grace=_grace(old))
        _open(desired, staged.ref, work)
        if ran and action.start_first:
            certain.stop(old.ref, work, grace=_grace(old))
        _step_aside(old, name, work)
    except BaseException as error:
        _roll_back(error, staged, old if ran else None, work)
        raise
    certain.rename(staged.ref, name, work, gone_is_done=desired.sandbox.lifecycle.auto_remove)
    certain.delete(old.ref, work)
    belongings.remove(old, work, still_used=_files_of(staged.ref, work))
    previous = applied_to(old.ref, old.labels)
    networks.release(previous.sandbox if previous else None, work)
    notes.forget(old.ref)


def _files_of(ref: str | None, work: Work) -> Mapping[str, str]:
    observed = None if ref is None else work.backend.reader.observe(ref)
    return {} if observed is None else observed.file_volumes


def _step_aside(old: Observed, name: str, work: Work) -> None:
    """The old one gives its name away; with autoRemove the engine takes it when it has stopped, a moment later."""
    if old.fields.get(("lifecycle", "autoRemove")) is not True or old.status.state == "created":
        certain.rename(old.ref, ownership.staging_names(name)[1], work)
        return
    for _ in range(200):
        if work.backend.reader.status(old.ref) is None:
            return
        time.sleep(0.05)
    raise FailedError(f"{name}: the engine does not remove the old one, although it has ended", sandbox=name)


def _roll_back(error: BaseException, staged: Staged, old: Observed | None, work: Work) -> None:
    """Removes the new one and starts the old one again. Raises RolledBackError in place of a SandboxctlError."""
    if isinstance(error, SilentError):
        return
    name = staged.name
    work.emit(Event(name=name, step="roll back"))
    staging.undo(staged, work, because=error)
    try:
        again = old is not None and _start_again(old, work)
    except SandboxctlError as second:
        if isinstance(error, SandboxctlError):
            error.brief += f"; and the old one does not start again: {second.brief}"
        return
    if again and isinstance(error, SandboxctlError):
        what, newline, last_lines = error.brief.partition("\n")
        brief = f"{what}; rolled back{newline}{last_lines}"
        raise RolledBackError(brief, hint=error.hint, sandbox=name) from error


def _start_again(old: Observed, work: Work) -> bool:
    """As it was, with its own setup, which a stop may have undone; False where the engine has removed it."""
    status = work.backend.reader.status(old.ref)
    if status is None:
        return False
    if status.state != "running":
        work.backend.writer.start(old.ref)
        applied = applied_to(old.ref, old.labels)
        for argv in applied.sandbox.lifecycle.setup if applied else ():
            work.backend.runner.exec(old.ref, argv)
    if old.name != (work.backend.reader.observe(old.ref) or old).name:
        work.backend.writer.rename(old.ref, old.name)
    return True


def _observed(action: Action) -> Observed:
    """Raises ConflictError for a plan that does not say what it changes."""
    if action.observed is None:
        raise ConflictError(f"{action.name}: the plan does not say what it changes", sandbox=action.name)
    return action.observed


def _grace(observed: Observed | None) -> int:
    """Whole seconds, of the sandbox that is stopped."""
    found = observed.fields.get(("lifecycle", "stopGrace")) if observed else None
    return -(-found // 1000) if isinstance(found, int) else 10


def _update(action: Action, work: Work) -> None:
    """In place, without an interruption; read again, since an engine may ignore it."""
    desired, observed = desired_of(action), _observed(action)
    work.emit(Event(name=action.name, step="update"))
    changed = {change.key: change.after for change in action.changes}
    writer = work.backend.writer
    writer.update(observed.ref, changed, render(desired.sandbox, work.backend.name))
    _note(desired, observed, work)
    if action.starts:
        _start(action, work)
    check_changed(action, observed.ref, work)  # Podman 5 shows the change of a stopped one when it runs
    if not action.starts:
        gate_of(desired, observed.ref, work).verify()


def _note(desired: Desired, observed: Observed, work: Work) -> None:
    """Labels cannot follow a live change: a note remembers it, with the salt of the object's own fingerprints."""
    applied = ownership.decode_applied(observed.labels.get(ownership.APPLIED, ""))
    try:
        notes.write(observed.ref, desired.sandbox, applied.salt if applied else secrets.token_bytes(16))
    except LocalFileError as error:
        work.emit(Event(name=desired.sandbox.name, step="note", message=f"{error.brief}; the change itself is done"))


def _start(action: Action, work: Work) -> None:
    """Starts, or lets go on, what is there; through the same gate as a new one. Stopped again if it fails.

    A mark stands until the gate is passed: what was started and not set up does not count as done.
    """
    desired, observed = desired_of(action), _observed(action)
    work.emit(Event(name=action.name, step="start"))
    gate = gate_of(desired, observed.ref, work)
    belongings.mend(desired, observed, work)
    if observed.status.state == "paused":
        work.backend.writer.unpause(observed.ref)
        gate.pass_through()
        return
    with staging.marked(desired.sandbox, observed.image_id, work, unfinished="start"):
        gate.start()
        try:
            gate.pass_through()
        except SilentError:
            raise
        except SandboxctlError:
            certain.stop(observed.ref, work, grace=_grace(observed))
            raise


def _delete(action: Action, work: Work) -> None:
    """Stopped gently, removed with its anonymous volumes and those that are not kept."""
    work.emit(Event(name=action.name, step="delete"))
    observed, ref = action.observed, action.ref or ""
    if observed is None:
        certain.delete(ref, work)
        return
    marked = ownership.marked_volumes(observed.labels)
    if marked or observed.name == ownership.mark_name(action.name):
        for volume in marked:
            _delete_own_volume(volume, action.name, work)
        certain.delete(ref, work)
        return
    if observed.status.state in ("running", "restarting"):
        certain.stop(ref, work, grace=_grace(observed))
    applied = applied_to(ref, observed.labels)
    _remove(observed, work)
    networks.release(applied.sandbox if applied else None, work)
    notes.forget(ref)


def _remove(observed: Observed, work: Work) -> None:
    """With volumes that go too, a mark remembers them when nothing else does any more."""
    applied = applied_to(observed.ref, observed.labels)
    volumes = (*volumes_to_delete(applied), *sorted(set(observed.file_volumes.values())))
    if applied is None or not volumes:
        certain.delete(observed.ref, work)
        return
    with staging.marked(applied.sandbox, observed.image_id, work, unfinished="removal", volumes=volumes):
        certain.delete(observed.ref, work)
        belongings.remove(observed, work)


def _recover(action: Action, work: Work) -> None:
    """Ends what a killed command began, or takes what outlived its sandbox, unless there is one again."""
    if all(step.do == "delete volume" for step in action.steps) and _is_there(action.name, work):
        work.emit(Event(name=action.name, step="recover", message="there is such a sandbox again"))
        return
    for step in action.steps:
        work.emit(Event(name=action.name, step="recover", message=f"{step.do} {step.name}"))
        _recover_step(step, action, work)


def _recover_step(step: RecoverStep, action: Action, work: Work) -> None:
    match step.do:
        case "delete":
            leftover = work.backend.reader.observe(step.ref)
            certain.delete(step.ref, work)
            if leftover is not None:
                belongings.remove(leftover, work, still_used=_files_of(action.ref, work))
        case "rename":
            certain.rename(step.ref, step.to or action.name, work)
        case "stop":
            certain.stop(step.ref, work, grace=_grace(work.backend.reader.observe(step.ref)))
        case "delete volume":
            _delete_own_volume(step.ref, action.name, work)
        case "delete image":
            _unless_in_use(step.ref, action.name, lambda: certain.delete_image(step.ref, work), work)


def _is_there(name: str, work: Work) -> bool:
    """Whether somebody has begun with a sandbox of this name since the plan was made."""
    return any(ownership.own_name(each.labels) == name for each in work.backend.reader.containers())


def _delete_own_volume(volume: str, name: str, work: Work) -> None:
    """Only what we made for this sandbox; what is in use stays: then it belongs to what is finished."""
    labels = work.backend.reader.volume_labels(volume)
    if labels is None or labels.get(ownership.NAME) != name:
        return
    _unless_in_use(volume, name, lambda: certain.delete_volume(volume, work), work)


def _unless_in_use(what: str, name: str, delete: Callable[[], None], work: Work) -> None:
    try:
        delete()
    except ConflictError:
        work.emit(Event(name=name, step="recover", message=f"{what} is in use"))
