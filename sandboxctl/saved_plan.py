"""A plan in a file: what was looked at, so that nothing else is done. No secret value is in it.

Applying one reads its specs again, plans again and compares: whatever the plan relied on (specs, secrets, images, live
objects, the engine itself) has to be as it was. Secrets are compared by salted fingerprints.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from sandboxctl import __version__, canonical
from sandboxctl.backends.base import Json
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError, InvalidError, LocalFileError
from sandboxctl.plan import Action, Plan

FORMAT = "sandboxctl.dev/saved-plan/v1"
_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """`paths` are absolute; `engines` and `sandboxes` are what has to be the same again."""

    paths: tuple[str, ...]
    prune: str | None
    salt: bytes
    engines: list[str]
    sandboxes: dict[str, Json]


def saved(plans: Sequence[Plan], paths: Sequence[str], *, prune: str | None, salt: bytes | None = None) -> SavedPlan:
    """What is kept of a plan; `salt` is that of the one it is to be compared with."""
    salt = salt or secrets.token_bytes(16)
    return SavedPlan(
        paths=tuple(os.path.abspath(path) for path in paths),
        prune=prune,
        salt=salt,
        engines=sorted(f"{plan.engine.backend} {plan.engine.id} {plan.engine.version}" for plan in plans),
        sandboxes=_sandboxes(plans, salt),
    )


def _sandboxes(plans: Sequence[Plan], salt: bytes) -> dict[str, Json]:
    """By address, every action with what it relies on."""
    found: dict[str, Json] = {}
    for action in (action for plan in plans for action in plan.actions):
        entries = cast("list[Json]", found.setdefault(action.address, []))
        entries.append(_action(action, salt))
    return found


def _action(action: Action, salt: bytes) -> dict[str, Json]:
    desired, observed = action.desired, action.observed
    return {
        "action": str(action.kind),
        "reason": action.reason,
        "id": action.ref,
        "state": observed.status.state if observed else None,
        "image_id": desired.image_id if desired else None,
        "spec": canonical.encode(desired.sandbox, salt=salt) if desired else None,
        "fields": [
            {"path": list(change.key), "effect": str(change.effect), "cause": str(change.cause),
             "before": None if change.sensitive else change.before, "after": None if change.sensitive else change.after}
            for change in action.changes
        ],
        "steps": [{"do": step.do, "id": step.ref, "to": step.to} for step in action.steps],
    }  # fmt: skip


def write(plan: SavedPlan, path: str) -> None:
    """A new file, or in place of an old one, that its owner alone may read. Raises LocalFileError."""
    document = {
        "format": FORMAT,
        "tool_version": __version__,
        "paths": list(plan.paths),
        "prune": plan.prune,
        "salt": plan.salt.hex(),
        "engines": plan.engines,
        "sandboxes": plan.sandboxes,
    }
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
        beside.replace(target)
    except OSError as error:
        raise LocalFileError(f"cannot write the plan to {path}: {error.strerror or error}") from error


def read(path: str) -> SavedPlan:
    """The inverse. Raises LocalFileError, InvalidError for what is no saved plan, ConflictError for another version."""
    try:
        with open(path, "rb") as file:
            text = file.read(_LIMIT)
    except OSError as error:
        raise LocalFileError(f"cannot read the plan {path}: {error.strerror or error}") from error
    try:
        found = _decode(json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidError(f"{path} is no saved plan", hint="`sandboxctl plan --out FILE` makes one") from error
    if found is None:
        raise ConflictError(f"{path} was made by another version of sandboxctl", hint="plan again")
    return found


def _decode(document: Any) -> SavedPlan | None:
    """None for another version's."""
    if document["format"] != FORMAT or document["tool_version"] != __version__:
        return None
    return SavedPlan(
        paths=tuple(str(each) for each in document["paths"]),
        prune=document["prune"],
        salt=bytes.fromhex(document["salt"]),
        engines=list(document["engines"]),
        sandboxes=dict(document["sandboxes"]),
    )


def check(plan: SavedPlan, now: Sequence[Plan]) -> None:
    """Raises ConflictError naming what has changed since it was made."""
    fresh = saved(now, plan.paths, prune=plan.prune, salt=plan.salt)
    if fresh.engines != plan.engines:
        raise _stale("another engine, or another version of it, answers")
    for address in sorted({*plan.sandboxes, *fresh.sandboxes}):
        was, is_ = plan.sandboxes.get(address), fresh.sandboxes.get(address)
        if was != is_:
            raise _stale(f"{address} {_difference(was, is_)}")


def _difference(was: Json, now: Json) -> str:
    if not isinstance(was, list) or not isinstance(now, list) or len(was) != len(now):
        return "needs other steps now"
    for before, after in zip(was, now, strict=True):
        if isinstance(before, dict) and isinstance(after, dict):
            for key, words in _WORDS.items():
                if before.get(key) != after.get(key):
                    return words
    return "has changed"


_WORDS = {
    "id": "is another object now",
    "image_id": "has an image that was moved",
    "spec": "has another spec, or another secret",
    "state": "is in another state",
    "action": "needs something else now",
    "fields": "differs in other fields now",
}


def _stale(what: str) -> ConflictError:
    return ConflictError(f"the saved plan no longer holds: {what}", hint="plan again, and look at the new plan")
