"""Desired, live and applied, compared field by field: each difference with its place, cause and effect. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from sandboxctl.backends.base import Json, Key
from sandboxctl.capabilities import Effect
from sandboxctl.dataclass import dataclass
from sandboxctl.fields import INHERITED, OURS_ALONE, Wanted, may_be_secret, within_any
from sandboxctl.problems import Path
from sandboxctl.spec import Secret, SecretDigest


class Cause(StrEnum):
    """Who changed it (behaviour.md, "Plan")."""

    SPEC = "spec"
    DRIFT = "drift"
    TOOL = "tool"
    IMAGE_MOVED = "image_moved"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs. `before` is live, `after` desired; both are None where `sensitive`."""

    key: Key
    path: Path
    before: Json
    after: Json
    effect: Effect
    cause: Cause
    sensitive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The three sides of a comparison. `applied` is None where the object does not say what it was made from.

    `inherited` is what the object has from its image, None where that is not known.
    """

    desired: Wanted
    live: Mapping[Key, Json]
    applied: Wanted | None
    salt: bytes = b""
    hidden: frozenset[Key]
    same_tool: bool = True
    inherited: Mapping[Key, Json] | None = None


_HASH: Key = ("labels", "sandboxctl.dev/spec-hash")


def changes(sides: Sides, effect_of: Callable[[Key], Effect]) -> tuple[Change, ...]:
    """Every field that differs, by key; of several that come from one field of the spec that one itself."""
    found: dict[Path, Change] = {}
    for key in sorted(_compared(sides)):
        change = _compare(sides, key, effect_of)
        if change is not None and (change.path not in found or change.path == ("spec", *key)):
            found[change.path] = change
    return tuple(found.values())


def _compared(sides: Sides) -> set[Key]:
    applied = sides.applied
    keys = set(sides.desired.fields) | set(sides.desired.secrets) | set(sides.live)
    if applied is not None:
        keys |= set(applied.fields) | set(applied.secrets)
    return keys


def _compare(sides: Sides, key: Key, effect_of: Callable[[Key], Effect]) -> Change | None:
    if within_any(key, sides.hidden):
        return _compare_hidden(sides, key, effect_of)
    secret = sides.desired.secrets.get(key)
    sensitive = secret is not None or (sides.applied is not None and key in sides.applied.secrets)
    after = secret.reveal() if isinstance(secret, Secret) else sides.desired.fields.get(key)
    before = sides.live.get(key)
    if isinstance(secret, SecretDigest) or before == after or _is_somebody_elses(sides, key, after):
        return None
    sensitive = sensitive or _is_nobodys(sides, key)
    return Change(
        key=key,
        path=sides.desired.path(key),
        before=None if sensitive else before,
        after=None if sensitive else after,
        effect=_effect(key, before, after, effect_of),
        cause=_cause(sides, key, before, after, effect_of),
        sensitive=sensitive,
    )


def _compare_hidden(sides: Sides, key: Key, effect_of: Callable[[Key], Effect]) -> Change | None:
    """What inspect cannot show: only what was applied is known."""
    if sides.applied is None:
        return None
    if key in sides.desired.secrets or key in sides.applied.secrets:
        return _compare_fingerprints(sides, key, effect_of(key))
    before, after = sides.applied.fields.get(key), sides.desired.fields.get(key)
    if before == after:
        return None
    path = sides.desired.path(key)
    return Change(key=key, path=path, before=before, after=after, effect=effect_of(key), cause=Cause.SPEC)


def _compare_fingerprints(sides: Sides, key: Key, effect: Effect) -> Change | None:
    was = sides.applied.secrets.get(key) if sides.applied else None
    secret = sides.desired.secrets.get(key)
    now = SecretDigest(origin="", fingerprint=secret.fingerprint(sides.salt)) if isinstance(secret, Secret) else secret
    if isinstance(was, SecretDigest) and isinstance(now, SecretDigest) and was.fingerprint == now.fingerprint:
        return None
    path = sides.desired.path(key)
    return Change(key=key, path=path, before=None, after=None, effect=effect, cause=Cause.SPEC, sensitive=True)


def of_hash(sides: Sides, live: str | None, desired: str) -> tuple[Change, ...]:
    """Where the object does not say what it was made from, only the hash tells of what inspect cannot show."""
    if sides.applied is not None or live == desired:
        return ()
    path = ("metadata", *_HASH)
    return (Change(key=_HASH, path=path, before=live, after=desired, effect=Effect.REPLACE, cause=Cause.UNKNOWN),)


def _is_somebody_elses(sides: Sides, key: Key, after: Json) -> bool:
    """A live value that the image or the engine put there, and that we never asked for."""
    if after is not None or not within_any(key, OURS_ALONE):
        return False
    if sides.applied is not None and (key in sides.applied.fields or key in sides.applied.secrets):
        return False
    if sides.inherited is None or not within_any(key, INHERITED):
        return True
    return sides.inherited.get(key) == sides.live.get(key)


def _is_nobodys(sides: Sides, key: Key) -> bool:
    """What somebody else gave it: whether it is a secret, only they know."""
    return may_be_secret(key) and not any(
        key in known for known in (sides.desired.fields, sides.applied.fields if sides.applied else {})
    )


def _effect(key: Key, before: Json, after: Json, effect_of: Callable[[Key], Effect]) -> Effect:
    """Removing a limit cannot be done in place: the engines read an absent value as `leave it`. A label just goes."""
    effect = effect_of(key)
    if effect is Effect.LIVE and after is None and before is not None and key[0] not in ("labels", "annotations"):
        return Effect.REPLACE
    return effect


def _cause(sides: Sides, key: Key, before: Json, after: Json, effect_of: Callable[[Key], Effect]) -> Cause:
    applied = sides.applied
    if applied is None:
        return Cause.UNKNOWN
    if key in applied.secrets or key in sides.desired.secrets:
        return _secret_cause(sides, key)
    was = applied.fields.get(key)
    if was == after:
        return Cause.DRIFT if sides.same_tool else Cause.TOOL
    if was == before or effect_of(key) is not Effect.LIVE:
        return Cause.SPEC
    return Cause.UNKNOWN


def _secret_cause(sides: Sides, key: Key) -> Cause:
    was = sides.applied.secrets.get(key) if sides.applied else None
    secret = sides.desired.secrets.get(key)
    if isinstance(was, SecretDigest) and isinstance(secret, Secret):
        return Cause.DRIFT if secret.fingerprint(sides.salt) == was.fingerprint else Cause.SPEC
    return Cause.SPEC
