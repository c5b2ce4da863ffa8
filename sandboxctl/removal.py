"""Taking away, whatever the specs are: sandboxes that are named, or past their time, and what is half-made. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sandboxctl import ownership
from sandboxctl.dataclass import replace
from sandboxctl.plan import Action, Foreign, Kind, Plan, Snapshot, at_work, placed, recovered
from sandboxctl.recovery import RecoverStep


def plan_delete(
    names: Sequence[str],
    snapshot: Snapshot,
    *,
    projects: Mapping[str, str | None] | None = None,
    cause: Literal["requested", "pruned"] = "requested",
) -> Plan:
    """Deletes these sandboxes with what is staged for them; what is absent is no action.

    `projects` is what the specs say: a sandbox of another project is then foreign. A bare name takes any project.
    """
    by_name = {listed.name: listed for listed in snapshot.containers}
    backend = snapshot.engine.backend
    actions: list[Action] = []
    foreign: list[Foreign] = []
    for name in names:
        busy = at_work(name, by_name, snapshot)
        foreign.extend(busy)
        for candidate in (name, *ownership.reserved_names(name)):
            listed = by_name.get(candidate)
            if listed is None or busy:
                continue
            project = listed.labels.get(ownership.PROJECT)
            reason = ownership.foreign_reason(listed, project=projects.get(name) if projects is not None else project)
            if reason is not None or ownership.own_name(listed.labels) != name:
                foreign.append(Foreign(name=candidate, backend=backend, ref=listed.ref, reason=reason or "not ours"))
                continue
            actions.append(
                Action(kind=Kind.DELETE, name=name, project=project, backend=backend, ref=listed.ref,
                       observed=snapshot.observed.get(listed.ref), cause=cause,
                       notes=() if candidate == name else (f"left half-made, as {candidate}",))
            )  # fmt: skip
    return placed(names, snapshot, actions, foreign)


def plan_leftovers(names: Sequence[str], snapshot: Snapshot) -> Plan:
    """Ends what interrupted commands began with these sandboxes, whatever their specs are; nothing new is made."""
    by_name = {listed.name: listed for listed in snapshot.containers if ownership.is_ours(listed)}
    actions: list[Action] = []
    foreign: list[Foreign] = []
    for name in names:
        busy = at_work(name, by_name, snapshot)
        foreign.extend(busy)
        parts = [by_name[each] for each in (name, *ownership.reserved_names(name)) if each in by_name]
        project = next((each.labels.get(ownership.PROJECT) for each in parts), None)
        ended, _ = recovered(name, by_name, snapshot, project=project)
        if ended is not None and not busy:
            actions.append(replace(ended, cause="pruned"))
    return placed(names, snapshot, actions, foreign)


def with_unused(made: Plan, steps: Mapping[str, tuple[RecoverStep, ...]]) -> Plan:
    """With what goes because nothing uses it, by the name of the sandbox that it was made for, or its own."""
    backend = made.engine.backend
    actions = [
        Action(kind=Kind.RECOVER, name=name, project=None, backend=backend, namespace=made.engine.namespace,
               steps=steps[name], cause="pruned")
        for name in sorted(steps)
    ]  # fmt: skip
    names = dict.fromkeys((*made.names, *sorted(steps)))
    return replace(made, actions=(*made.actions, *actions), names=tuple(names))


def merged(first: Plan, second: Plan) -> Plan:
    """Both plans of one engine, about different sandboxes, as one."""
    return replace(
        first, actions=(*first.actions, *second.actions), foreign=(*first.foreign, *second.foreign),
        names=(*first.names, *second.names), seen=first.seen | second.seen,
    )  # fmt: skip
