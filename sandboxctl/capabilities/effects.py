"""What a change of a comparable field takes, by backend. Data and its lookup."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sandboxctl.backends.base import Key
from sandboxctl.spec import BACKENDS


class Effect(StrEnum):
    """What a change of a field takes."""

    NONE = "none"
    LIVE = "live"
    RESTART = "restart"
    REPLACE = "replace"
    IMPOSSIBLE = "impossible"


_LIMITS = ("resources.memory", "resources.swap", "resources.cpu", "resources.pids", "resources.cpuset")

_RESIZED = ("resources.cpu", "resources.memory", "resources.requests.cpu", "resources.requests.memory")
"""By the pod's `resize`, which servers have by themselves from 1.33 on; an older one says no, and why."""

_LIVE: Mapping[str, tuple[str, frozenset[str]]] = {
    "docker": ("", frozenset({*_LIMITS, "resources.cpuShares", "lifecycle.restart"})),
    # Older ones change the cgroup, but not what inspect says (seen on 4.3).
    "podman": ("5.1", frozenset({*_LIMITS, "resources.cpuShares", "lifecycle.restart"})),
    "quadlet": ("", frozenset()),  # systemd starts the new one in its place
    "kubernetes": ("", frozenset({"labels", "annotations", *_RESIZED})),
}
"""By backend: the first engine version that changes these fields in place ("" for every one that we support)."""

_UNSEEN = frozenset(
    {
        "backend",
        "image.pull",
        "security.profile",
        "security.allow",
        "lifecycle.ready",
        "lifecycle.replace",
        "commit",
        *(f"{backend}.{part}" for backend in BACKENDS for part in ("accept", "probeImage")),
        "docker.host",
        "docker.context",
        "podman.uri",
        "kubernetes.context",
        "kubernetes.probeTarget",
    }
)
"""Read by sandboxctl alone: neither compared nor hashed."""

_UNSEEN_OF_MOUNTS = frozenset({"keep"})
_IDENTITY = frozenset({"name", "project", "kubernetes.namespace"})


def effect(key: Key, backend: str, *, version: str | None = None) -> Effect:
    """What a change takes on an engine of `version`; without one, on the oldest that we support.

    `key` is a field in its comparable form, as in `("resources", "memory")` or `("mounts", "/data", "size")`.
    """
    if _among(key, _UNSEEN) or (key[0] == "mounts" and key[-1] in _UNSEEN_OF_MOUNTS):
        return Effect.NONE
    if _among(key, _IDENTITY):
        return Effect.IMPOSSIBLE
    since, live = _LIVE[backend]
    return Effect.LIVE if _among(key, live) and _reaches(version, since) else Effect.REPLACE


def live_since(key: Key, backend: str) -> str | None:
    """The engine version from which on a change of this is live: "" for every one, None for none."""
    since, _ = _LIVE[backend]
    return since if effect(key, backend, version=since or None) is Effect.LIVE else None


def _among(key: Key, names: frozenset[str]) -> bool:
    return any(".".join(key[:length]) in names for length in range(1, len(key) + 1))


def _reaches(version: str | None, since: str) -> bool:
    return not since or (version is not None and _numbers(version) >= _numbers(since))


def _numbers(version: str) -> tuple[int, ...]:
    """`5.4.2-rc1` → (5, 4): more is never asked."""
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return tuple(int(part) if part.isdecimal() else 0 for part in (major, minor))
