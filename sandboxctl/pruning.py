"""What is to be taken away without being named: past its ttl, half-made, or in no spec of its project. Reads only."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from sandboxctl import file_volumes, holder, ownership
from sandboxctl.backends.base import Backend, Listed
from sandboxctl.observe import names_of_project, with_what_is_left
from sandboxctl.plan import Plan
from sandboxctl.recovery import RecoverStep
from sandboxctl.removal import plan_delete, plan_leftovers, with_unused
from sandboxctl.snapshot import snapshot
from sandboxctl.spec import SETUP_REPOSITORY, Loaded


def prepare_prune(backend: Backend, *, expired: bool, project: str | None, break_lock: bool = False) -> Plan:
    """The plan that takes away what is past its ttl, else what is unfinished; of one project, or (None) of all."""
    names = sorted(
        {
            name
            for each in backend.reader.containers()
            if (name := ownership.own_name(each.labels)) is not None
            and ownership.is_ours(each)
            and (project is None or each.labels.get(ownership.PROJECT) == project)
            and (not expired or _is_expired(each, backend.reader.now()))
        }
    )
    found = snapshot(names, backend, break_lock=break_lock)
    if not expired:
        return with_unused(plan_leftovers(names, found), unused(backend, project))
    return with_what_is_left(plan_delete(names, found, cause="pruned"), backend, None)


def unused(backend: Backend, project: str | None) -> Mapping[str, tuple[RecoverStep, ...]]:
    """What we made for sandboxes and nothing uses any more, by the name of the sandbox: files that outlived a removal
    by hand; of no project also prepared images, by their own name."""
    volumes = backend.reader.own_volumes()  # before the containers: what is made meanwhile is in use
    containers = backend.reader.containers()
    there = {ownership.own_name(each.labels) for each in containers}
    found: dict[str, tuple[RecoverStep, ...]] = {}
    for volume, labels in sorted(volumes.items()):
        name = labels.get(ownership.NAME)
        if name is None or name in there or not file_volumes.is_one(volume):
            continue
        if project is None or labels.get(ownership.PROJECT) == project:
            found[name] = (*found.get(name, ()), RecoverStep(do="delete volume", ref=volume, name=volume))
    if project is None and not backend.reader.engine().node_images:
        for reference in _unused_images(backend, {each.image_id for each in containers}):
            found[reference] = (RecoverStep(do="delete image", ref=reference, name=reference),)
    return found


def _unused_images(backend: Backend, used: Container[str]) -> Iterator[str]:
    """Prepared images that no container uses, but new ones: their apply may not have come to its containers yet.

    One whose base has no name any more stays: some engines would take the base with it, which is not ours.
    """
    images = backend.reader.images()
    nameless = {image.id for image in images if not image.references}
    oldest = backend.reader.now() - holder.STALE_AFTER
    for image in images:
        base = image.labels.get(ownership.SETUP_BASE)
        if base is None or base in nameless or image.id in used or image.created > oldest:
            continue
        yield from (reference for reference in image.references if _is_prepared(reference))


def _is_prepared(reference: str) -> bool:
    repository, _, tag = reference.rpartition(":")
    return repository == SETUP_REPOSITORY and re.fullmatch("[0-9a-f]{32}", tag) is not None


def prepare_surplus(loaded: Sequence[Loaded], backend: Backend, project: str, *, break_lock: bool = False) -> Plan:
    """The plan that deletes what a project has and these specs have not."""
    wanted = {each.sandbox.name for each in loaded}
    names = [name for name in names_of_project(project, backend) if name not in wanted]
    made = plan_delete(names, snapshot(names, backend, break_lock=break_lock), cause="pruned")
    return with_what_is_left(made, backend, None)


def _is_expired(listed: Listed, now: float) -> bool:
    ttl = ownership.ttl_seconds(listed.labels)
    return ttl is not None and listed.created is not None and now > listed.created + ttl
