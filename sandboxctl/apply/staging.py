"""NAME.new, with the volumes that it lacks: made, and undone if it comes to nothing. It is not started here.

`NAME.helper` is a mark: as long as it stands, what its labels say is unfinished, and the next plan undoes it. It is
set before the first write that nothing else would show, and removed when another object shows the same.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

from sandboxctl import derive, ownership
from sandboxctl.apply import belongings, certain, networks
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import Work, refused, this_holder
from sandboxctl.backends.base import Helper, Payload, RenamingWriter
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError, EngineError, SandboxctlError, SilentError
from sandboxctl.observe import require
from sandboxctl.plan import Desired
from sandboxctl.render import render
from sandboxctl.spec import Sandbox

_MAKING_VOLUMES = threading.Lock()
"""Sandboxes of one plan may share a volume, and are made side by side: the first one makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What has been made so far, so that it can be undone."""

    name: str
    ref: str = ""
    volumes: tuple[str, ...] = ()
    sandbox: Sandbox | None = None


def stage(desired: Desired, work: Work) -> Staged:
    """Creates NAME.new, not started, with all that it lacks."""
    sandbox, salt = desired.sandbox, secrets.token_bytes(16)
    networks.ensure(sandbox, work)
    volumes = belongings.lacking(desired, salt, work)
    if not volumes:
        return _staged(desired, (), salt, belongings.make((), desired, salt, work), work)
    image = desired.image_id or sandbox.image.name
    with marked(sandbox, image, work, unfinished="volumes", volumes=volumes):
        try:
            with _MAKING_VOLUMES:
                volumes = tuple(each for each in volumes if work.backend.reader.volume_labels(each) is None)
                files = belongings.make(volumes, desired, salt, work)
        except BaseException as error:
            undo(Staged(name=sandbox.name, volumes=volumes, sandbox=sandbox), work, because=error)
            raise
        return _staged(desired, volumes, salt, files, work)


def _staged(desired: Desired, volumes: tuple[str, ...], salt: bytes, files: Mapping[str, str], work: Work) -> Staged:
    sandbox, ref = desired.sandbox, ""
    try:
        ref = _create(desired, payload(desired, work, salt=salt, files=files), work)
        workdir = derive.workdir_in_layer(sandbox)
        if workdir is not None:
            user, group = derive.owner(sandbox, desired.image)
            work.backend.writer.make_directory(ref, workdir, user=user, group=group)
        _check_image(desired, ref, work)
    except BaseException as error:
        undo(Staged(name=sandbox.name, ref=ref, volumes=volumes, sandbox=sandbox), work, because=error)
        raise
    return Staged(name=sandbox.name, ref=ref, volumes=volumes, sandbox=sandbox)


def _create(desired: Desired, sent: Payload, work: Work) -> str:
    name = desired.sandbox.name
    try:
        return certain.create(sent, ownership.staging_names(name)[0], work)
    except EngineError as error:
        raise refused(error, name) from error


def _check_image(desired: Desired, ref: str, work: Work) -> None:
    """The container was made by name, so the name must still mean the image that the plan saw."""
    observed = require(work.backend.reader.observe(ref), desired.sandbox.name)
    if observed.image_id != desired.image_id:
        raise ConflictError(f"the image {desired.sandbox.image.name} was moved in this moment", hint="apply again")


def payload(desired: Desired, work: Work, *, salt: bytes, files: Mapping[str, str]) -> Payload:
    """What is sent, with our labels; `files` is where the engine has each, by target."""
    labels = ownership.labels(
        desired.sandbox,
        spec_hash=desired.spec_hash,
        image_id=desired.image_id or "",
        salt=salt,
        holder=this_holder(),
    )
    user = derive.owner(desired.sandbox, desired.image)
    return render(desired.sandbox, work.backend.name, labels=labels, user=user, files=files)


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
        networks.release(staged.sandbox, work)
    except SandboxctlError as error:
        work.emit(Event(name=staged.name, step="left", message=f"the next apply recovers it: {error.brief}"))
