"""Where in a spec the field stands that an engine's complaint speaks of: if it is written there. Pure.

An error carries the field (`complaints`); which of several mounts or ports is meant is seen by what its words name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sandboxctl.dataclass import replace
from sandboxctl.errors import SandboxctlError
from sandboxctl.problems import Path, Problem
from sandboxctl.spec import BindMount, FileMount, Loaded, Mount, ObjectMount, Sandbox, Source, TmpfsMount, VolumeMount


def problems(error: SandboxctlError, loaded: Loaded | None) -> tuple[Problem, ...]:
    """What of the spec caused it, where that is written there. What is behind `error` counts too."""
    speaking = _speaking(error)
    if loaded is None or speaking is None or speaking.places:
        return () if speaking is None else speaking.places
    source = loaded.source
    path = _narrowed(_path(speaking.field or (), speaking.brief, loaded.sandbox), source)
    if not source.written(path):
        return ()  # a default caused it: there is no line to show
    place = source.range(path)
    cause = Problem(code="engine-refused", message=speaking.brief, hint=speaking.hint, range=place, path=path)
    return (replace(cause, line_text=source.line_text(place)),)


def _speaking(error: BaseException | None) -> SandboxctlError | None:
    """The first of an error and its causes that names a field, or a place."""
    while error is not None:
        if isinstance(error, SandboxctlError) and (error.field or error.places):
            return error
        error = error.__cause__
    return None


def _path(field: tuple[str, ...], words: str, sandbox: Sandbox) -> Path:
    """Of several things the one that the words name; of one alone that one; else what holds them."""
    things = tuple(_things(field, sandbox))
    named = [(path, name) for path, names in things for name in names if _names(words, name)]
    if named:
        return max(named, key=lambda found: len(found[1]))[0]
    return things[0][0] if len(things) == 1 else _whole(field)


def _whole(field: tuple[str, ...]) -> Path:
    return field if field[:1] == ("metadata",) else ("spec", *field)


_DECISIVE: Mapping[Path, tuple[str, ...]] = {
    ("spec", "image"): ("ref", "archive", "build"),
    ("spec", "network"): ("name", "mode"),
}
"""Of a mapping that may be one word the part that the word would be."""


def _narrowed(path: Path, source: Source) -> Path:
    return next(((*path, part) for part in _DECISIVE.get(path, ()) if source.written((*path, part))), path)


def _names(words: str, name: str) -> bool:
    """Whether it stands there as a whole."""
    return bool(name) and re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w/-])", words, re.IGNORECASE) is not None


def _things(field: tuple[str, ...], sandbox: Sandbox) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """What is in a list or map of the spec: its path, and what an engine may call it."""
    security, resources = sandbox.security, sandbox.resources
    whole: Path = ("spec", *field)
    match field:
        case ("mounts",):
            yield from (((*whole, index), _called(mount)) for index, mount in enumerate(sandbox.mounts))
        case ("network", "ports"):
            yield from (
                ((*whole, index), (f"{port.address}:{port.host}", str(port.host), port.address))
                for index, port in enumerate(sandbox.network.ports)
            )
        case ("security", "devices"):
            yield from (
                ((*whole, index), (device.source, device.target)) for index, device in enumerate(security.devices)
            )
        case ("security", "sysctls"):
            yield from (((*whole, name), (name, "/proc/sys/" + name.replace(".", "/"))) for name in security.sysctls)
        case ("resources", "ulimits"):
            yield from (((*whole, name), (name, f"RLIMIT_{name}", *_numbered(name))) for name in resources.ulimits)
        case ("env",):
            yield from (((*whole, name), (name,)) for name in sandbox.env)
        case ("command",):
            yield ("spec", "command" if sandbox.command is not None else "args"), ()
        case _:
            return


_RLIMITS = ("cpu", "fsize", "data", "stack", "core", "rss", "nproc", "nofile", "memlock", "as", "locks", "sigpending",
            "msgqueue", "nice", "rtprio", "rttime")  # fmt: skip
"""In the order of the kernel's numbers, which runc names."""


def _numbered(name: str) -> tuple[str, ...]:
    return (f"type {_RLIMITS.index(name)}",) if name in _RLIMITS else ()


def _called(mount: Mount) -> tuple[str, ...]:
    match mount:
        case BindMount() | VolumeMount():
            return (mount.source, mount.target)
        case TmpfsMount() | FileMount():
            return (mount.target,)
        case ObjectMount():
            return (mount.name, mount.target)
