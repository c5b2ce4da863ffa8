"""NAME.new, with the volumes that it lacks: made, and undone if it comes to nothing. It is not started here.

`NAME.helper` is a mark: as long as it stands, what its labels say is unfinished, and the next plan undoes it. It is
set before the first write that nothing else would show, and removed when another object shows the same.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from sandboxctl import derive, ownership
from sandboxctl.apply import certain
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import Work, refused, this_holder
from sandboxctl.backends.base import Helper, Payload, RenamingWriter
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError, EngineError, SandboxctlError, SilentError
from sandboxctl.observe import require
from sandboxctl.plan import Desired
from sandboxctl.render import render
from sandboxctl.spec import Sandbox, VolumeMount

_MAKING_VOLUMES = threading.Lock()
"""Sandboxes of one plan may share a volume, and are made side by side: the first one makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What has been made so far, so that it can be undone."""

    name: str
    ref: str = ""
    volumes: tuple[str, ...] = ()


def stage(desired: Desired, work: Work) -> Staged:
    """Creates NAME.new, not started, with the volumes that it lacks."""
    sandbox = desired.sandbox
    volumes = _missing_volumes(sandbox, work)
    if not volumes:
        return _staged(desired, (), work)
    image = desired.image_id or sandbox.image.name
    with marked(sandbox, image, work, unfinished="volumes", volumes=volumes):
        try:
            with _MAKING_VOLUMES:
                volumes = tuple(each for each in volumes if work.backend.reader.volume_labels(each) is None)
                for volume in volumes:
                    _make_volume(volume, desired, work)
        except BaseException as error:
            undo(Staged(name=sandbox.name, volumes=volumes), work, because=error)
            raise
        return _staged(desired, volumes, work)


def _staged(desired: Desired, volumes: tuple[str, ...], work: Work) -> Staged:
    sandbox, ref = desired.sandbox, ""
    try:
        ref = _create(desired, work)
        workdir = derive.workdir_in_layer(sandbox)
        if workdir is not None:
            user, group = derive.owner(sandbox, desired.image)
            work.backend.writer.make_directory(ref, workdir, user=user, group=group)
        _check_image(desired, ref, work)
    except BaseException as error:
        undo(Staged(name=sandbox.name, ref=ref, volumes=volumes), work, because=error)
        raise
    return Staged(name=sandbox.name, ref=ref, volumes=volumes)


def _create(desired: Desired, work: Work) -> str:
    name = desired.sandbox.name
    try:
        return certain.create(payload(desired, work), ownership.staging_names(name)[0], work)
    except EngineError as error:
        raise refused(error, name) from error


def _check_image(desired: Desired, ref: str, work: Work) -> None:
    """The container was made by name, so the name must still mean the image that the plan saw."""
    observed = require(work.backend.reader.observe(ref), desired.sandbox.name)
    if observed.image_id != desired.image_id:
        raise ConflictError(f"the image {desired.sandbox.image.name} was moved in this moment", hint="apply again")


def payload(desired: Desired, work: Work) -> Payload:
    """What is sent, with our labels."""
    salt = secrets.token_bytes(16)
    labels = ownership.labels(
        desired.sandbox,
        spec_hash=desired.spec_hash,
        image_id=desired.image_id or "",
        salt=salt,
        holder=this_holder(),
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
    name = ownership.helper_names(sandbox.name)[1]
    helper = _helper(name, sandbox.name, sandbox.project, desired.image_id or sandbox.image.name)
    work.backend.writer.create_volume(volume, labels=labels, user=user, group=group, helper=helper)


def _helper(called: str, name: str, project: str | None, image: str, **marks: str) -> Helper:
    labels = ownership.helper_labels(name, project=project, image_id=image, holder=this_holder())
    return Helper(name=called, image=image, labels={**labels, **marks})


@contextmanager
def marked(
    sandbox: Sandbox, image: str, work: Work, *, unfinished: ownership.Unfinished, volumes: Sequence[str] = ()
) -> Iterator[None]:
    """Inside, the mark stands. An error takes it away as well: who raises it has undone what the mark speaks of.

    After the engine fell silent it stays, and so does all else: the next plan recovers.
    """
    writer = cast("RenamingWriter", work.backend.writer)
    labels = ownership.mark_labels(unfinished, volumes)
    helper = _helper(ownership.mark_name(sandbox.name), sandbox.name, sandbox.project, image, **labels)
    ref = certain.create_helper(writer, helper, work)
    try:
        yield
    except SilentError:
        raise
    except BaseException:
        _try_to_delete(ref, work)
        raise
    certain.delete(ref, work)


def _try_to_delete(ref: str, work: Work) -> None:
    try:
        certain.delete(ref, work)
    except SandboxctlError as error:
        work.emit(Event(name="", step="left", message=f"the next apply recovers it: {error.brief}"))


def undo(staged: Staged, work: Work, *, because: BaseException) -> None:
    """Removes what this run made: nothing in it has ever been anybody's. What cannot be removed is recovered later."""
    if isinstance(because, SilentError):
        return
    try:
        if staged.ref:
            certain.delete(staged.ref, work)
        for volume in staged.volumes:
            certain.delete_volume(volume, work)
    except SandboxctlError as error:
        work.emit(Event(name=staged.name, step="left", message=f"the next apply recovers it: {error.brief}"))
