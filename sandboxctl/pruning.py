"""What is to be taken away without being named: past its ttl, half-made, or in no spec of its project. Reads only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sandboxctl import file_volumes, ownership
from sandboxctl.backends.base import Backend, Listed
from sandboxctl.observe import names_of_project, with_what_is_left
from sandboxctl.plan import Plan
from sandboxctl.recovery import RecoverStep
from sandboxctl.removal import plan_delete, plan_leftovers, with_unused
from sandboxctl.snapshot import snapshot
from sandboxctl.spec import OWN_REPOSITORIES, Loaded


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
    by hand; of no project also images that were prepared, built or loaded, by their own name."""
    containers = backend.reader.containers()
    there = {ownership.own_name(each.labels) for each in containers}
    found: dict[str, tuple[RecoverStep, ...]] = {}
    for volume, labels in sorted(backend.reader.own_volumes().items()):
        name = labels.get(ownership.NAME)
        if name is None or name in there or not file_volumes.is_one(volume):
            continue
        if project is None or labels.get(ownership.PROJECT) == project:
            found[name] = (*found.get(name, ()), RecoverStep(do="delete volume", ref=volume, name=volume))
    if project is not None or backend.reader.engine().node_images:
        return found
    used = {each.image_id for each in containers}
    for image in backend.reader.images():
        for reference in image.references:
            if image.id not in used and _is_own(reference):
                found[reference] = (RecoverStep(do="delete image", ref=reference, name=reference),)
    return found


def _is_own(reference: str) -> bool:
    repository, _, tag = reference.rpartition(":")
    return repository in OWN_REPOSITORIES and re.fullmatch("[0-9a-f]{32}", tag) is not None


def prepare_surplus(loaded: Sequence[Loaded], backend: Backend, project: str, *, break_lock: bool = False) -> Plan:
    """The plan that deletes what a project has and these specs have not."""
    wanted = {each.sandbox.name for each in loaded}
    names = [name for name in names_of_project(project, backend) if name not in wanted]
    made = plan_delete(names, snapshot(names, backend, break_lock=break_lock), cause="pruned")
    return with_what_is_left(made, backend, None)


def _is_expired(listed: Listed, now: float) -> bool:
    ttl = ownership.ttl_seconds(listed.labels)
    return ttl is not None and listed.created is not None and now > listed.created + ttl
