"""The steps of one sandbox on an engine that can rename: create, replace, update, start, delete, recover.

A new object is made under a staging name and committed by its rename, when it has passed its gate; until then every
failure undoes what was made, and starts again what was stopped. Every call names the ref that the plan saw.
"""

from __future__ import annotations

import secrets
import time

from sandboxctl import derive, notes, ownership
from sandboxctl.apply import layer
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import (
    RolledBackError,
    Work,
    check_changed,
    delete_volumes,
    desired_of,
    gate_of,
    holder,
    refused,
)
from sandboxctl.backends.base import Observed, Payload
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError, EngineError, FailedError, SandboxctlError
from sandboxctl.observe import require
from sandboxctl.plan import Action, Desired, Kind
from sandboxctl.render import render
from sandboxctl.spec import Sandbox, VolumeMount


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
    staged = _stage(desired, work)
    try:
        _open(desired, staged.ref, work)
        _commit(staged.ref, name, work, gone_is_done=desired.sandbox.lifecycle.auto_remove)
    except BaseException:
        _undo(staged, work)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What has been made so far, so that it can be undone."""

    ref: str
    volumes: tuple[str, ...]


def _stage(desired: Desired, work: Work) -> Staged:
    """Creates NAME.new, not started, with the volumes that it lacks."""
    sandbox, writer = desired.sandbox, work.backend.writer
    volumes: list[str] = []
    ref = ""
    try:
        for volume in _missing_volumes(sandbox, work):
            volumes.append(volume)
            _make_volume(volume, desired, work)
        ref = _create_staged(desired, work)
        workdir = derive.workdir_in_layer(sandbox)
        if workdir is not None:
            user, group = derive.owner(sandbox, desired.image)
            writer.make_directory(ref, workdir, user=user, group=group)
        _check_image(desired, ref, work)
    except BaseException:
        _undo(Staged(ref=ref, volumes=tuple(volumes)), work)
        raise
    return Staged(ref=ref, volumes=tuple(volumes))


def _create_staged(desired: Desired, work: Work) -> str:
    name = desired.sandbox.name
    try:
        return work.backend.writer.create(_payload(desired, work), name=ownership.staging_names(name)[0])
    except EngineError as error:
        raise refused(error, name) from error


def _check_image(desired: Desired, ref: str, work: Work) -> None:
    """The container was made by name, so the name must still mean the image that the plan saw."""
    observed = require(work.backend.reader.observe(ref), desired.sandbox.name)
    if observed.image_id != desired.image_id:
        raise ConflictError(f"the image {desired.sandbox.image.name} was moved in this moment", hint="apply again")


def _payload(desired: Desired, work: Work) -> Payload:
    salt = secrets.token_bytes(16)
    labels = ownership.labels(
        desired.sandbox,
        spec_hash=desired.spec_hash,
        image_id=desired.image_id or "",
        salt=salt,
        holder=holder(),
    )
    user = derive.owner(desired.sandbox, desired.image)
    return render(desired.sandbox, work.backend.name, labels=labels, user=user)


def _missing_volumes(sandbox: Sandbox, work: Work) -> tuple[str, ...]:
    """An existing volume is never touched."""
    named = {mount.source: None for mount in sandbox.mounts if isinstance(mount, VolumeMount)}
    return tuple(volume for volume in named if work.backend.reader.volume_labels(volume) is None)


def _make_volume(volume: str, desired: Desired, work: Work) -> None:
    """Ours by its labels, and given to the sandbox's user, once."""
    sandbox = desired.sandbox
    user, group = derive.owner(sandbox, desired.image)
    labels = {ownership.MANAGED: "true", ownership.NAME: sandbox.name}
    if sandbox.project is not None:
        labels[ownership.PROJECT] = sandbox.project
    work.emit(Event(name=sandbox.name, step="volume", message=volume))
    image = desired.image_id or sandbox.image.name
    work.backend.writer.create_volume(volume, labels=labels, user=user, group=group, image=image)


def _open(desired: Desired, ref: str, work: Work) -> None:
    """Starts it and takes it through its gate."""
    name = desired.sandbox.name
    work.emit(Event(name=name, step="start"))
    gate = gate_of(desired, ref, work)
    gate.start()
    gate.pass_through()


def _commit(ref: str, name: str, work: Work, *, gone_is_done: bool) -> None:
    """The rename. What the engine has removed by itself (autoRemove) has nothing to be renamed."""
    try:
        work.backend.writer.rename(ref, name)
    except EngineError as error:
        if not (gone_is_done and error.status == 404):
            raise
    except ConflictError:
        if not (gone_is_done and work.backend.reader.status(ref) is None):
            raise


def _undo(staged: Staged, work: Work) -> None:
    """Removes what this run made: nothing in it has ever been anybody's."""
    if staged.ref:
        work.backend.writer.delete(staged.ref)
    for volume in staged.volumes:
        work.backend.writer.delete_volume(volume)


def _replace(action: Action, work: Work) -> None:
    """Stage, stop the old one, start the new one, gate, swap names, remove the old one; undone on any failure."""
    desired, old = desired_of(action), action.observed
    if old is None:
        raise ConflictError(f"{action.name}: the plan does not say what is replaced", sandbox=action.name)
    writer, name = work.backend.writer, action.name
    work.emit(Event(name=name, step="replace"))
    staged = _stage(desired, work)
    ran = old.status.state in ("running", "restarting", "paused")
    try:
        if ran and not action.start_first:
            work.emit(Event(name=name, step="stop", message="the old one"))
            writer.stop(old.ref, grace=_grace(action))
        _open(desired, staged.ref, work)
        if ran and action.start_first:
            writer.stop(old.ref, grace=_grace(action))
    except BaseException as error:
        _roll_back(error, staged, old.ref if ran else None, name, work)
        raise
    _step_aside(old, name, work)
    _commit(staged.ref, name, work, gone_is_done=desired.sandbox.lifecycle.auto_remove)
    writer.delete(old.ref)
    notes.forget(old.ref)


def _step_aside(old: Observed, name: str, work: Work) -> None:
    """The old one gives its name away; with autoRemove the engine takes it when it has stopped, a moment later."""
    if old.fields.get(("lifecycle", "autoRemove")) is not True or old.status.state == "created":
        work.backend.writer.rename(old.ref, ownership.staging_names(name)[1])
        return
    for _ in range(200):
        if work.backend.reader.status(old.ref) is None:
            return
        time.sleep(0.05)
    raise FailedError(f"{name}: the engine does not remove the old one, although it has ended", sandbox=name)


def _roll_back(error: BaseException, staged: Staged, old: str | None, name: str, work: Work) -> None:
    """Removes the new one and starts the old one again. Raises RolledBackError in place of a FailedError."""
    work.emit(Event(name=name, step="roll back"))
    _undo(staged, work)
    if old is None:
        return
    status = work.backend.reader.status(old)
    if status is None:
        return  # autoRemove: the engine took it when it was stopped
    if status.state != "running":
        work.backend.writer.start(old)
    if isinstance(error, SandboxctlError):
        raise RolledBackError(f"{error.brief}; rolled back", hint=error.hint, sandbox=name) from error


def _grace(action: Action) -> int:
    """Whole seconds, of the sandbox that is stopped."""
    found = action.observed.fields.get(("lifecycle", "stopGrace")) if action.observed else None
    return -(-found // 1000) if isinstance(found, int) else 10


def _update(action: Action, work: Work) -> None:
    """In place, without an interruption; read again, since an engine may ignore it."""
    desired, observed = desired_of(action), action.observed
    if observed is None:
        raise ConflictError(f"{action.name}: the plan does not say what is changed", sandbox=action.name)
    work.emit(Event(name=action.name, step="update"))
    changed = {change.key: change.after for change in action.changes}
    writer = work.backend.writer
    writer.update(observed.ref, changed, render(desired.sandbox, work.backend.name))
    check_changed(action, observed.ref, work)
    _note(desired, observed.ref, observed.labels)
    gate = gate_of(desired, observed.ref, work)
    if action.starts:
        _start(action, work)
    else:
        gate.verify()


def _note(desired: Desired, ref: str, labels: dict[str, str] | object) -> None:
    """Labels cannot follow a live change: a note remembers it, with the salt of the object's own fingerprints."""
    found = labels.get(ownership.APPLIED, "") if isinstance(labels, dict) else ""
    applied = ownership.decode_applied(found)
    notes.write(ref, desired.sandbox, applied.salt if applied else secrets.token_bytes(16))


def _start(action: Action, work: Work) -> None:
    """Starts, or lets go on, what is there; through the same gate as a new one. Stopped again if it fails."""
    desired, observed = desired_of(action), action.observed
    if observed is None:
        raise ConflictError(f"{action.name}: the plan does not say what is started", sandbox=action.name)
    work.emit(Event(name=action.name, step="start"))
    gate = gate_of(desired, observed.ref, work)
    if observed.status.state == "paused":
        work.backend.writer.unpause(observed.ref)
    else:
        gate.start()
    try:
        gate.pass_through()
    except SandboxctlError:
        work.backend.writer.stop(observed.ref, grace=_grace(action))
        raise


def _delete(action: Action, work: Work) -> None:
    """Stopped gently, removed with its anonymous volumes and those that are not kept."""
    ref = action.ref or ""
    work.emit(Event(name=action.name, step="delete"))
    observed = action.observed
    writer = work.backend.writer
    if observed is not None and observed.status.state in ("running", "restarting"):
        writer.stop(ref, grace=_grace(action))
    writer.delete(ref)
    if observed is not None:
        delete_volumes(action, work)
    notes.forget(ref)


def _recover(action: Action, work: Work) -> None:
    """Ends what a killed apply began."""
    for step in action.steps:
        work.emit(Event(name=action.name, step="recover", message=f"{step.do} {step.name}"))
        if step.do == "delete":
            work.backend.writer.delete(step.ref)
        elif step.to is not None:
            work.backend.writer.rename(step.ref, step.to)
