"""What an engine shows of some sandboxes, all at one time, and who may be at work on them. Reads only."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sandboxctl import holder, notes, ownership
from sandboxctl.backends.base import Backend, Listed, Observed
from sandboxctl.errors import ConflictError
from sandboxctl.inheritance import Inheritance
from sandboxctl.ownership import Applied
from sandboxctl.plan import Before, Plan, Snapshot, seen

REMOVAL_SECONDS = 30.0
"""How long an engine may take to remove what it is removing."""


def is_unchanged(plan: Plan, backend: Backend) -> bool:
    """Whether the objects that a plan relies on are still those, and run as they did. One request."""
    containers = backend.reader.containers()
    containers = [*containers, *_strangers(plan.names, containers, backend)]
    return seen(plan.names, containers) == plan.seen


def snapshot(names: Sequence[str], backend: Backend, *, break_lock: bool) -> Snapshot:
    """What there is of these sandboxes, under whatever name, and who is at work on it; images are left out."""
    reader = backend.reader
    everything = frozenset(each for name in names for each in (name, *ownership.reserved_names(name)))
    containers = _settled(everything, backend)
    containers = [*containers, *_strangers(names, containers, backend)]
    found = [each for each in containers if each.name in everything]
    observed = _observe(backend, found)
    applied = _before(observed, backend)
    inheritance = Inheritance(backend=backend)
    observed = {ref: inheritance.known(each, applied.get(ref)) for ref, each in observed.items()}
    now = reader.now()
    return Snapshot(
        engine=reader.engine(), containers=tuple(containers), observed=observed, applied=applied,
        now=now, working={} if break_lock else _working(found, now),
    )  # fmt: skip


def _settled(names: frozenset[str], backend: Backend) -> Sequence[Listed]:
    """The list, once the engine has removed what it is removing. Raises ConflictError where it does not."""
    deadline = time.monotonic() + REMOVAL_SECONDS
    while True:
        containers = backend.reader.containers()
        going = [each for each in containers if each.name in names and each.state == "removing"]
        if not going:
            return containers
        if time.monotonic() >= deadline:
            status = backend.reader.status(going[0].ref)
            why = f": {status.waiting}" if status is not None and status.waiting else ""
            raise ConflictError(f"the engine has been removing {going[0].name} for {REMOVAL_SECONDS:g} s{why}",
                                hint="is it stuck? remove it with the engine's own client")  # fmt: skip
        time.sleep(0.1)


def _working(found: Iterable[Listed], now: float) -> dict[str, str]:
    """Who may still be at work, by ref, as far as the objects themselves and this host's processes say."""
    ages = {each.ref: now - each.created if each.created is not None else holder.STALE_AFTER for each in found}
    said = {each.ref: holder.at_work(each.labels.get(ownership.HOLDER, ""), age=ages[each.ref]) for each in found}
    return {ref: f"{who}, for {max(0, int(ages[ref]))} s" for ref, who in said.items() if who is not None}


def _strangers(names: Iterable[str], listed: Sequence[Listed], backend: Backend) -> Iterator[Listed]:
    """Who holds a wanted name without being in the list, where that leaves strangers out."""
    if not backend.reader.engine().lists_only_ours:
        return
    for name in sorted(set(names) - {each.name for each in listed}):
        found = backend.reader.observe(name)
        if found is not None:
            yield Listed(
                ref=found.ref, name=found.name, labels=found.labels, image_id=found.image_id,
                state=found.status.state, created=found.status.created, identity=found.identity,
            )  # fmt: skip


def _observe(backend: Backend, listed: Sequence[Listed]) -> dict[str, Observed]:
    refs = [each.ref for each in listed if ownership.is_ours(each)]
    with backend.reader.about_to_observe(refs):
        found = [backend.reader.observe(ref) for ref in refs]
    return {observed.ref: observed for observed in found if observed is not None}


def _before(observed: Mapping[str, Observed], backend: Backend) -> dict[str, Before]:
    """What each was made from, in the backend's words."""
    found = {ref: before(each, backend) for ref, each in observed.items()}
    return {ref: each for ref, each in found.items() if each is not None}


def before(observed: Observed, backend: Backend) -> Before | None:
    """What one object was last brought to; None where it does not say."""
    applied = applied_to(observed.ref, observed.labels)
    return None if applied is None else Before(wanted=backend.wanted(applied.sandbox), salt=applied.salt)


def applied_to(ref: str, labels: Mapping[str, str]) -> Applied | None:
    """What an object was last brought to, by its note, else by its label."""
    return notes.read(ref) or ownership.applied(labels)
