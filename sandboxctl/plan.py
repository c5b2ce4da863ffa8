"""Desired and observed → actions. A pure function, given nothing that can write (behaviour.md, "Plan").

Every command that shows or makes changes takes its plan from here: apply, delete, prune, drift and list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

from sandboxctl import __version__, ownership, recovery
from sandboxctl.backends.base import Engine, ImageConfig, Key, Listed, LocalImage, Observed
from sandboxctl.capabilities import Effect
from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.diff import Cause, Change, Sides, changes, of_hash
from sandboxctl.fields import Wanted
from sandboxctl.recovery import RecoverStep
from sandboxctl.spec import Commit, Loaded, Sandbox
from sandboxctl.states import State, sandbox_state


class Kind(StrEnum):
    """What is done to one sandbox."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    START = "start"
    REPLACE = "replace"
    DELETE = "delete"
    RECOVER = "recover"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One sandbox that the user wants, with what the backend makes of it.

    `image_id` is None where it is known only after apply. `image` is the image's own say, read only where needed.
    """

    loaded: Loaded
    wanted: Wanted
    spec_hash: str
    image_id: str | None
    image: ImageConfig | None = None

    @property
    def sandbox(self) -> Sandbox:
        """The spec itself."""
        return self.loaded.sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What an object was last brought to, in the words of its backend, and the salt of its fingerprints."""

    wanted: Wanted
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one engine showed: one list of containers, one of images, one inspect for each of ours that is wanted.

    `applied` has, by ref, what an object was made from, brought up to date by the state directory's note. `now` is the
    engine's clock, in seconds since the epoch. `working` says, by ref, who may still be at work on what is unfinished.
    """

    engine: Engine
    containers: tuple[Listed, ...]
    images: tuple[LocalImage, ...] = ()
    observed: Mapping[str, Observed] = field(default_factory=dict)
    applied: Mapping[str, Before] = field(default_factory=dict)
    now: float = 0.0
    working: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step of a plan: at most one object, by the ref that was seen.

    `commit`: its layer becomes this image first; that is all there is to do where it is a no-op.
    """

    kind: Kind
    name: str
    project: str | None
    backend: str
    desired: Desired | None = None
    observed: Observed | None = None
    ref: str | None = None
    changes: tuple[Change, ...] = ()
    cause: Literal[
        "spec_changed", "drift", "tool", "unknown", "image_moved", "expired", "stopped", "paused", "failed",
        "requested", "pruned", "unfinished",
    ] | None = None  # fmt: skip
    starts: bool = False
    start_first: bool = False
    steps: tuple[RecoverStep, ...] = ()
    notes: tuple[str, ...] = ()
    state: State | None = None
    namespace: str = ""
    commit: Commit | None = None

    @property
    def address(self) -> str:
        """`docker/py` or `kubernetes/NAMESPACE/py`, the name by which a plan speaks of it."""
        return "/".join(part for part in (self.backend, self.namespace, self.name) if part)

    @property
    def asks(self) -> bool:
        """Whether somebody's work may be lost, so that a yes is needed."""
        restarts = any(change.effect is Effect.RESTART for change in self.changes)
        takes = self.kind in (Kind.REPLACE, Kind.DELETE) or self.cause == "pruned"
        return takes or (self.kind is Kind.UPDATE and restarts)

    @property
    def reason(self) -> str | None:
        """`update_because_spec_changed`; None for a no-op and a create."""
        return None if self.cause is None else f"{self.kind}_because_{self.cause}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """An object that holds a wanted name and is not ours, or that somebody else is at work on (`busy`)."""

    name: str
    backend: str
    ref: str
    reason: str
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done on one engine. Recoveries come before the rest of the same sandbox.

    `names` are the sandboxes it is about, `seen` the name, ref and run state of every object that it relies on.
    """

    engine: Engine
    actions: tuple[Action, ...]
    foreign: tuple[Foreign, ...] = ()
    names: tuple[str, ...] = ()
    seen: frozenset[tuple[str, str, str]] = frozenset()

    @property
    def strangers(self) -> tuple[Foreign, ...]:
        """Those who will not go away by waiting."""
        return tuple(each for each in self.foreign if not each.busy)

    @property
    def busy(self) -> tuple[Foreign, ...]:
        """What somebody else is at work on."""
        return tuple(each for each in self.foreign if each.busy)

    @property
    def held(self) -> tuple[str, ...]:
        """The sandboxes that are written to, or that somebody else is writing to."""
        names = {action.name for action in self.pending}
        busy = {each.name for each in self.busy}
        return tuple(each for each in self.names if each in names or busy & {each, *ownership.reserved_names(each)})

    @property
    def pending(self) -> tuple[Action, ...]:
        """All but those with nothing to do."""
        return tuple(action for action in self.actions if action.kind is not Kind.NO_OP or action.commit is not None)

    @property
    def asks(self) -> bool:
        """Whether anything in it needs a yes."""
        return any(action.asks for action in self.actions)


EffectOf = Callable[[Key], Effect]


def plan(desired: Sequence[Desired], snapshot: Snapshot, *, hidden: frozenset[Key], effect_of: EffectOf) -> Plan:
    """The actions that make live what is desired, in the order of the specs; unnamed sandboxes are left alone."""
    by_name = {listed.name: listed for listed in snapshot.containers}
    actions: list[Action] = []
    foreign: list[Foreign] = []
    for each in desired:
        strangers = _strangers(each, by_name, snapshot.engine.backend)
        if strangers:
            foreign.extend(strangers)
            continue
        busy = at_work(each.sandbox.name, by_name, snapshot)
        if busy:
            foreign.extend(busy)
            continue
        ended, listed = recovered(each.sandbox.name, by_name, snapshot, project=each.sandbox.project, desired=each)
        if ended is not None:
            actions.append(ended)
        stopped = ended is not None and any(step.do == "stop" for step in ended.steps)
        actions.append(_act(each, listed, snapshot, hidden=hidden, effect_of=effect_of, stopped=stopped))
    return placed([each.sandbox.name for each in desired], snapshot, actions, foreign)


def placed(names: Sequence[str], snapshot: Snapshot, actions: Sequence[Action], foreign: Sequence[Foreign]) -> Plan:
    """Every action in the namespace where its name means something."""
    here = tuple(replace(action, namespace=snapshot.engine.namespace) for action in actions)
    return Plan(engine=snapshot.engine, actions=here, foreign=tuple(foreign), names=tuple(names),
                seen=seen(names, snapshot.containers))  # fmt: skip


def seen(names: Sequence[str], containers: Sequence[Listed]) -> frozenset[tuple[str, str, str]]:
    """What a list shows of these sandboxes, to tell whether a plan still stands."""
    every = {each for name in names for each in (name, *ownership.reserved_names(name))}
    return frozenset((each.name, each.ref, each.state) for each in containers if each.name in every)


def _strangers(each: Desired, by_name: Mapping[str, Listed], backend: str) -> list[Foreign]:
    """Objects that hold the name or a staging name of a wanted sandbox, and are not ours."""
    sandbox = each.sandbox
    found: list[Foreign] = []
    for name in (sandbox.name, *ownership.reserved_names(sandbox.name)):
        listed = by_name.get(name)
        if listed is None:
            continue
        reason = ownership.foreign_reason(listed, project=sandbox.project)
        newer = ownership.newer_tool(listed.labels)
        if reason is None and newer is not None:
            reason = f"it was made by a newer sandboxctl ({newer})"
        if reason is not None:
            found.append(Foreign(name=name, backend=backend, ref=listed.ref, reason=reason))
    return found


def at_work(name: str, by_name: Mapping[str, Listed], snapshot: Snapshot) -> list[Foreign]:
    """Who may still be making, starting or deleting this sandbox."""
    found = recovery.at_work(name, by_name, marker=snapshot.engine.staging == "marker")
    return [
        Foreign(name=each.name, backend=snapshot.engine.backend, ref=each.ref, reason=snapshot.working[each.ref],
                busy=True)
        for each in found if each.ref in snapshot.working
    ]  # fmt: skip


def recovered(
    name: str, by_name: Mapping[str, Listed], snapshot: Snapshot, *, project: str | None, desired: Desired | None = None
) -> tuple[Action | None, Listed | None]:
    """What a killed command left, and which object the sandbox then is."""
    marker = snapshot.engine.staging == "marker"
    steps, survivor = recovery.unfinished(name, by_name, snapshot.observed, marker=marker, working=snapshot.working)
    if not steps:
        return None, survivor
    action = Action(kind=Kind.RECOVER, name=name, project=project, backend=snapshot.engine.backend, desired=desired,
                    steps=steps, cause="unfinished", ref=survivor.ref if survivor else None)  # fmt: skip
    return action, survivor


def _act(
    each: Desired,
    listed: Listed | None,
    snapshot: Snapshot,
    *,
    hidden: frozenset[Key],
    effect_of: EffectOf,
    stopped: bool,
) -> Action:
    """`stopped`: by the recovery that comes before this."""
    observed = snapshot.observed.get(listed.ref) if listed is not None else None
    if observed is not None and stopped:
        observed = replace(observed, status=replace(observed.status, state="exited", exit_code=143))
    backend, sandbox = snapshot.engine.backend, each.sandbox
    if observed is None:
        return Action(kind=Kind.CREATE, name=sandbox.name, project=sandbox.project, backend=backend, desired=each)
    applied = snapshot.applied.get(observed.ref)
    found = compare(each, observed, applied, hidden=hidden, effect_of=effect_of)
    state = sandbox_state(sandbox, observed.status, ttl=ownership.ttl_seconds(observed.labels), now=snapshot.now)
    kind, cause, starts = _decide(found, state, restarts=snapshot.engine.restarts)
    return Action(
        kind=kind, name=sandbox.name, project=sandbox.project, backend=backend, desired=each, observed=observed,
        ref=observed.ref, changes=found, cause=cause, starts=starts, state=state,
        start_first=(
            kind is Kind.REPLACE and sandbox.lifecycle.replace == "start-first" and snapshot.engine.staging == "rename"
        ),
        notes=_notes(kind, sandbox),
    )  # fmt: skip


def compare(
    each: Desired, observed: Observed, applied: Before | None, *, hidden: frozenset[Key], effect_of: EffectOf
) -> tuple[Change, ...]:
    """All differences of one sandbox, the image's among them."""
    sides = Sides(
        desired=each.wanted,
        live=observed.fields,
        applied=applied.wanted if applied else None,
        salt=applied.salt if applied else b"",
        hidden=hidden,
        same_tool=observed.labels.get(ownership.TOOL) == __version__,
        inherited=observed.inherited,
    )
    found = (*changes(sides, effect_of), *of_hash(sides, observed.labels.get(ownership.SPEC_HASH), each.spec_hash))
    if any(change.key == ("image",) for change in found):
        return found
    if each.image_id is not None and each.image_id == observed.image_id:
        return found
    moved = Change(
        key=("image",), path=each.wanted.path(("image",)), before=observed.image_id, after=each.image_id,
        effect=Effect.REPLACE, cause=Cause.IMAGE_MOVED,
    )  # fmt: skip
    return (moved, *found)


_Cause = Literal[
    "spec_changed", "drift", "tool", "unknown", "image_moved", "expired", "stopped", "paused", "failed"
]  # fmt: skip
_BY_WEIGHT: tuple[tuple[Cause, _Cause], ...] = (
    (Cause.SPEC, "spec_changed"),
    (Cause.IMAGE_MOVED, "image_moved"),
    (Cause.DRIFT, "drift"),
    (Cause.TOOL, "tool"),
    (Cause.UNKNOWN, "unknown"),
    (Cause.EXPIRED, "expired"),
)


def _decide(found: tuple[Change, ...], state: State, *, restarts: bool) -> tuple[Kind, _Cause | None, bool]:
    """Kind, cause, and whether it has to be started as well; `restarts`: whether what has ended can be."""
    causes = {change.cause for change in found}
    cause = next((word for each, word in _BY_WEIGHT if each in causes), None)
    down = state in ("stopped", "paused")
    if any(change.effect in (Effect.REPLACE, Effect.IMPOSSIBLE) for change in found):
        return Kind.REPLACE, cause, False
    if state == "expired" or state == "failed" or (state == "stopped" and not restarts):
        return Kind.REPLACE, state, False
    if any(change.effect is not Effect.NONE for change in found):
        return Kind.UPDATE, cause, down
    if state == "stopped" or state == "paused":
        return Kind.START, state, True
    return Kind.NO_OP, None, False


def _notes(kind: Kind, sandbox: Sandbox) -> tuple[str, ...]:
    """What a replace costs."""
    if kind is not Kind.REPLACE:
        return ()
    lost = "what was written outside its volumes and bind mounts is lost"
    if sandbox.lifecycle.auto_remove:
        return (lost, "autoRemove: the old sandbox is gone once stopped, so this replace cannot be rolled back")
    return (lost,)
