"""What is to be taken away without being named: past its ttl, half-made, or in no spec of its project. Reads only."""

from __future__ import annotations

from collections.abc import Sequence

from sandboxctl import ownership
from sandboxctl.backends.base import Backend, Listed
from sandboxctl.observe import names_of_project, with_what_is_left
from sandboxctl.plan import Plan
from sandboxctl.removal import plan_delete, plan_leftovers
from sandboxctl.snapshot import snapshot
from sandboxctl.spec import Loaded


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
        return plan_leftovers(names, found)
    return with_what_is_left(plan_delete(names, found, cause="pruned"), backend, None)


def prepare_surplus(loaded: Sequence[Loaded], backend: Backend, project: str, *, break_lock: bool = False) -> Plan:
    """The plan that deletes what a project has and these specs have not."""
    wanted = {each.sandbox.name for each in loaded}
    names = [name for name in names_of_project(project, backend) if name not in wanted]
    made = plan_delete(names, snapshot(names, backend, break_lock=break_lock), cause="pruned")
    return with_what_is_left(made, backend, None)


def _is_expired(listed: Listed, now: float) -> bool:
    ttl = ownership.ttl_seconds(listed.labels)
    return ttl is not None and listed.created is not None and now > listed.created + ttl
