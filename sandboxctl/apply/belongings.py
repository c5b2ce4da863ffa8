"""What belongs to a sandbox besides its container: volumes and files, made before it and gone after it.

An existing object of somebody else's is never touched: ours say so by their labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from sandboxctl import derive, file_volumes, ownership
from sandboxctl.apply import certain
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import Work, this_holder
from sandboxctl.backends.base import Helper, LayerWriter, Observed
from sandboxctl.errors import ConflictError
from sandboxctl.observe import applied_to, goes_with, volumes_to_delete
from sandboxctl.plan import Desired
from sandboxctl.spec import FileMount, Sandbox, Secret, VolumeMount


def lacking(desired: Desired, salt: bytes, work: Work) -> tuple[str, ...]:
    """The volumes that have to be made for a sandbox. Raises ConflictError for a file's that is somebody else's."""
    found = list(_missing_volumes(desired.sandbox, work))
    for mount in file_volumes.mounts(desired.sandbox):
        volume = file_volumes.volume_name(desired.sandbox.name, mount, salt=salt)
        labels = work.backend.reader.volume_labels(volume)
        if labels is None:
            found.append(volume)
        elif labels.get(ownership.NAME) != desired.sandbox.name:
            raise ConflictError(f"the volume {volume} was not made by sandboxctl", hint="remove it, then apply again")
    return tuple(dict.fromkeys(found))


def make(missing: Sequence[str], desired: Desired, salt: bytes, work: Work) -> dict[str, str]:
    """Makes what is missing, and writes every file; returns where the engine has each, by target."""
    files = {
        mount.target: (file_volumes.volume_name(desired.sandbox.name, mount, salt=salt), mount)
        for mount in file_volumes.mounts(desired.sandbox)
    }
    for volume in missing:
        if volume not in {of_file for of_file, _ in files.values()}:
            _make_volume(volume, desired, work)
    return {target: _write(volume, mount, desired, work) for target, (volume, mount) in files.items()}


def mend(desired: Desired, observed: Observed, work: Work) -> None:
    """Files that are gone since (a prune of unused volumes, by an engine that sees no use) are written again."""
    for mount in file_volumes.mounts(desired.sandbox):
        volume = observed.file_volumes.get(mount.target)
        if volume is not None and work.backend.reader.volume_labels(volume) is None:
            _write(volume, mount, desired, work)


def remove(observed: Observed, work: Work, *, still_used: Mapping[str, str] | None = None) -> None:
    """What goes with a sandbox that is gone; `still_used` are the files of the one that took its place."""
    files = set(observed.file_volumes.values()) - set((still_used or {}).values())
    kept_by_none = () if still_used is not None else volumes_to_delete(applied_to(observed.ref, observed.labels))
    for volume in (*kept_by_none, *sorted(files)):
        if goes_with(volume, observed, work.backend):
            certain.delete_volume(volume, work)


def _missing_volumes(sandbox: Sandbox, work: Work) -> tuple[str, ...]:
    named = {mount.source: None for mount in sandbox.mounts if isinstance(mount, VolumeMount)}
    return tuple(volume for volume in named if work.backend.reader.volume_labels(volume) is None)


def _make_volume(volume: str, desired: Desired, work: Work) -> None:
    """Given to the sandbox's user, once."""
    sandbox = desired.sandbox
    user, group = derive.owner(sandbox, desired.image)
    work.emit(Event(name=sandbox.name, step="volume", message=volume))
    work.backend.writer.create_volume(
        volume, labels=_labels(sandbox), user=user, group=group, helper=volume_helper(desired)
    )


def _write(volume: str, mount: FileMount, desired: Desired, work: Work) -> str:
    """The sandbox's user owns it, so that a mode of 0400 lets it read."""
    sandbox = desired.sandbox
    text = mount.content.reveal() if isinstance(mount.content, Secret) else str(mount.content)
    work.emit(Event(name=sandbox.name, step="file", message=mount.target))
    return cast("LayerWriter", work.backend.writer).create_file(
        volume,
        text.encode("utf-8", "surrogatepass"),
        mode=int(mount.mode, 8),
        owner=derive.owner(sandbox, desired.image),
        labels=_labels(sandbox),
        helper=volume_helper(desired),
    )


def volume_helper(desired: Desired) -> Helper:
    """The container through which a volume is filled."""
    sandbox, image = desired.sandbox, desired.image_id or desired.sandbox.image.name
    labels = ownership.helper_labels(sandbox.name, project=sandbox.project, image_id=image, holder=this_holder())
    return Helper(name=ownership.helper_names(sandbox.name)[1], image=image, labels=labels)


def _labels(sandbox: Sandbox) -> dict[str, str]:
    project = {} if sandbox.project is None else {ownership.PROJECT: sandbox.project}
    return {ownership.MANAGED: "true", ownership.NAME: sandbox.name, **project}
