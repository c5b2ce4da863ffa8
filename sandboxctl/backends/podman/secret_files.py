"""Secrets of Podman's own store as files: how a spec that mounts them looks in an inspect. Pure.

Inspect shows which there are, and whose, but not where (4.3.1, 5.4.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandboxctl.backends.base import Json, Key
from sandboxctl.problems import Path
from sandboxctl.spec import ObjectMount, Sandbox

HIDDEN: Key = ("podman", "secretFiles")
_SHOWN: Key = ("podman", "secrets")
_MODE = 0o444  # root's file, in that sandbox alone; one that is not given is 0 (engines.md, P11)


def wanted(sandbox: Sandbox, values: dict[Key, Json], paths: dict[Key, Path]) -> None:
    """Puts what each such mount comes to in the place of its generic fields."""
    found: list[str] = []
    for index, mount in enumerate(sandbox.mounts):
        if not isinstance(mount, ObjectMount):
            continue
        for name in ("type", "name", "items"):
            values.pop(("mounts", mount.target, name), None)
        found.append(_file(mount.name, 0, 0, _MODE))
        values[(*HIDDEN, mount.target)] = mount.name
        for key in ((*HIDDEN, mount.target), _SHOWN):
            paths.setdefault(key, ("spec", "mounts", index))
    if found:
        values[_SHOWN] = cast("Json", sorted(found))


def read(config: Mapping[str, Any]) -> dict[Key, Json]:
    """The `Secrets` of an inspect's `Config`."""
    found = [
        _file(each.get("Name", ""), each.get("UID", 0), each.get("GID", 0), each.get("Mode", 0))
        for each in config.get("Secrets") or []
    ]
    return {_SHOWN: cast("Json", sorted(found))} if found else {}


def _file(name: str, user: int, group: int, mode: int) -> str:
    return f"{name} {user}:{group} {mode:04o}"
