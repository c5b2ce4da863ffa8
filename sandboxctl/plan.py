"""Desired and observed → actions. A pure function, given nothing that can write (behaviour.md, "Plan").

Every command that shows or makes changes takes its plan from here: apply, delete, prune, drift and list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

from sandboxctl import __version__, ownership
from sandboxctl.backends.base import Engine, ImageConfig, Key, Listed, LocalImage, Observed
from sandboxctl.capabilities import Effect
from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.diff import Cause, Change, Sides, changes
from sandboxctl.fields import Wanted
from sandboxctl.recovery import RecoverStep, recovery, unmarked
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
    engine's clock, in seconds since the epoch.
    """

    engine: Engine
    containers: tuple[Listed, ...]
    images: tuple[LocalImage, ...] = ()
    observed: Mapping[str, Observed] = field(default_factory=dict)
    applied: Mapping[str, Before] = field(default_factory=dict)
    now: float = 0.0


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
        return self.kind in (Kind.REPLACE, Kind.DELETE) or (self.kind is Kind.UPDATE and restarts)

    @property
    def reason(self) -> str | None:
        """`update_because_spec_changed`; None for a no-op and a create."""
        return None if self.cause is None else f"{self.kind}_because_{self.cause}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """An object that holds a wanted name and is not ours."""

    name: str
    backend: str
    ref: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done on one engine. Recoveries come before the rest of the same sandbox."""

    engine: Engine
    actions: tuple[Action, ...]
    foreign: tuple[Foreign, ...] = ()

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
        recovery, listed = _recover(each, by_name, snapshot.engine)
        if recovery is not None:
            actions.append(recovery)
        actions.append(_act(each, listed, snapshot, hidden=hidden, effect_of=effect_of))
    return _placed(snapshot.engine, actions, foreign)


def _placed(engine: Engine, actions: Sequence[Action], foreign: Sequence[Foreign]) -> Plan:
    """Every action in the namespace where its name means something."""
    here = tuple(replace(action, namespace=engine.namespace) for action in actions)
    return Plan(engine=engine, actions=here, foreign=tuple(foreign))


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
        for candidate in (name, *ownership.staging_names(name)):
            listed = by_name.get(candidate)
            if listed is None:
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
    return _placed(snapshot.engine, actions, foreign)


def _strangers(each: Desired, by_name: Mapping[str, Listed], backend: str) -> list[Foreign]:
    """Objects that hold the name or a staging name of a wanted sandbox, and are not ours."""
    sandbox = each.sandbox
    found: list[Foreign] = []
    for name in (sandbox.name, *ownership.staging_names(sandbox.name)):
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


def _recover(each: Desired, by_name: Mapping[str, Listed], engine: Engine) -> tuple[Action | None, Listed | None]:
    """What a killed apply left, and which object the sandbox then is. Renames come before deletes."""
    name = each.sandbox.name
    current = by_name.get(name)
    if engine.staging == "marker":
        steps, survivor = unmarked(current)
    else:
        new_name, old_name = ownership.staging_names(name)
        steps, survivor = recovery(name, current=current, new=by_name.get(new_name), old=by_name.get(old_name))
    if not steps:
        return None, survivor
    action = Action(kind=Kind.RECOVER, name=name, project=each.sandbox.project, backend=engine.backend, desired=each,
                    steps=steps, cause="unfinished", ref=survivor.ref if survivor else None)  # fmt: skip
    return action, survivor


def _act(
    each: Desired, listed: Listed | None, snapshot: Snapshot, *, hidden: frozenset[Key], effect_of: EffectOf
) -> Action:
    observed = snapshot.observed.get(listed.ref) if listed is not None else None
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
    )
    found = changes(sides, effect_of)
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
