"""What is not as it was left, out of a plan: for `drift`. Pure, but for the form."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Literal

from sandboxctl.dataclass import dataclass
from sandboxctl.diff import Cause, Change
from sandboxctl.plan import Action, Foreign, Kind, Plan
from sandboxctl.problems import dotted, public_path
from sandboxctl.report.cells import PLAIN, Style, safe
from sandboxctl.report.values import pair

_NOT_BY_ITSELF = ("stopped", "paused", "failed", "expired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """One sandbox; `state` is None where it runs as it should."""

    address: str
    name: str
    backend: str
    state: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """All of it. `by_spec` counts the sandboxes that differ from their specs, for whatever the specs have changed.

    `missing` are the addresses of those that are not there, and of which nobody knows that they ever were.
    """

    sandboxes: tuple[Drifted, ...]
    foreign: tuple[Foreign, ...]
    missing: tuple[str, ...]
    by_spec: int
    whole: int


LeftThere = Callable[[str, str, str], bool]


def drifted(plans: Sequence[Plan], left_there: LeftThere) -> Drift:
    """Takes a plan apart: what the specs changed from what they did not.

    `left_there` says of an address, a name and an engine's endpoint whether a sandbox was applied and never deleted.
    """
    actions = [(action, plan.engine.endpoint) for plan in plans for action in plan.actions]
    absent = [(action, endpoint) for action, endpoint in actions if action.kind is Kind.CREATE]
    gone = {
        action.address
        for action, endpoint in absent
        if _stays(action) and left_there(action.address, action.name, endpoint)
    }
    found = [_drifted(action, gone) for action, _ in actions]
    return Drift(
        sandboxes=tuple(each for each in found if each is not None),
        foreign=tuple(each for plan in plans for each in plan.foreign),
        missing=tuple(action.address for action, _ in absent if action.address not in gone),
        by_spec=sum(_changed_by_spec(action) for action, _ in actions),
        whole=len({action.address for action, _ in actions}),
    )


def _stays(action: Action) -> bool:
    """Whether nothing but a hand removes it: not its engine when it ends, nor a prune when it has expired."""
    lifecycle = None if action.desired is None else action.desired.sandbox.lifecycle
    return lifecycle is not None and not lifecycle.auto_remove and lifecycle.ttl is None


def _drifted(action: Action, gone: Collection[str]) -> Drifted | None:
    changes = tuple(change for change in action.changes if change.cause is not Cause.SPEC)
    state: str | None = None
    if action.kind is Kind.RECOVER:
        state = "unfinished"
    elif action.address in gone:
        state = "missing"
    elif action.state in _NOT_BY_ITSELF:
        state = action.state
    if state is None and not changes:
        return None
    return Drifted(address=action.address, name=action.name, backend=action.backend, state=state, changes=changes)


def _changed_by_spec(action: Action) -> bool:
    return any(change.cause is Cause.SPEC for change in action.changes)


def to_json(drift: Drift) -> str:
    """`{"sandboxes": […], "foreign": […], "missing": ["docker/py"], "spec_changes": 1}`; sensitive values are null."""
    whole = {
        "sandboxes": [
            {
                "address": each.address,
                "name": each.name,
                "backend": each.backend,
                "state": each.state,
                "fields": [_field_json(change) for change in each.changes],
            }
            for each in drift.sandboxes
        ],
        "foreign": [{"name": each.name, "backend": each.backend, "id": each.ref, "reason": each.reason}
                    for each in drift.foreign],
        "missing": list(drift.missing),
        "spec_changes": drift.by_spec,
    }  # fmt: skip
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def _field_json(change: Change) -> dict[str, object]:
    return {
        "path": list(public_path(change.path)),
        "before": None if change.sensitive else change.after,
        "after": None if change.sensitive else change.before,
        "cause": str(change.cause),
        "sensitive": change.sensitive,
    }


def to_text(drift: Drift, style: Style = PLAIN) -> str:
    """Each field as it was left → as it is."""
    lines: list[str] = []
    for each in drift.sandboxes:
        lines.append(f"{style.paint('  ~', 'yellow')} {safe(each.address)}{f'  {each.state}' if each.state else ''}")
        lines += [f"      {_field(change)}" for change in each.changes]
    lines += [
        f"{style.paint('  !', 'red')} {safe(each.backend)}/{safe(each.name)}  not ours: {safe(each.reason)}"
        for each in drift.foreign
    ]
    if not lines and len(drift.missing) < drift.whole:
        lines.append("No drift in what is there." if drift.missing else "No drift.")
    if drift.missing:
        lines.append(_counted(len(drift.missing), "is not there", "are not there"))
    if drift.by_spec:
        lines.append(_counted(drift.by_spec, "differs because the spec changed", "differ because the spec changed"))
    return "\n".join(lines) + "\n"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {f'sandbox {one}' if number == 1 else f'sandboxes {many}'}: see `plan`."


_WORDS: dict[Cause, Literal["image moved", "made by another version", "cause unknown", "expired", "changed"]] = {
    Cause.IMAGE_MOVED: "image moved",
    Cause.TOOL: "made by another version",
    Cause.UNKNOWN: "cause unknown",
    Cause.EXPIRED: "expired",
}


def _field(change: Change) -> str:
    why = _WORDS.get(change.cause, "changed")
    if change.sensitive:
        return f"{safe(dotted(change.path))}  (sensitive, {why})"
    wanted, live = pair(change.key, change.after, change.before)
    return f"{safe(dotted(change.path))}  {wanted} → {live}  ({why})"
