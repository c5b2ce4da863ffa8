"""A loaded spec held against the tables: what its backend refuses, at its place, and what is weaker there. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sandboxctl import derive
from sandboxctl.capabilities.cell import Cell, Status
from sandboxctl.capabilities.table import ROWS, Field, exact_cell
from sandboxctl.problems import Path, Problem, Severity, dotted
from sandboxctl.spec import BindMount, Dns, FileMount, Loaded, Mount, Sandbox, Security, TmpfsMount, VolumeMount

_OF_A_LABEL = len(("metadata", "labels", "name"))
_FREE_MAPS = frozenset(
    {
        "metadata.labels",
        "metadata.annotations",
        "env",
        "image.build.args",
        "resources.ulimits",
        "network.hosts",
        "security.sysctls",
    }
)
"""Maps whose keys are the user's own."""

_SHORTHAND: Mapping[Field, Field] = {("network",): ("network", "mode")}
"""Where one word stands for a mapping: the field that the word is."""


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _mount_at(sandbox: Sandbox, path: Path) -> Mount | None:
    index = path[2] if len(path) > 2 else None
    return sandbox.mounts[index] if isinstance(index, int) else None


def _bind(sandbox: Sandbox, path: Path) -> str:
    mount = _mount_at(sandbox, path)
    return _yes(isinstance(mount, BindMount) and f"host-path:{mount.source}" in sandbox.security.allow)


def _exec(sandbox: Sandbox, path: Path) -> str:
    mount = _mount_at(sandbox, path)
    return _yes(isinstance(mount, TmpfsMount) and mount.exec)


def _keep(sandbox: Sandbox, path: Path) -> str:
    mount = _mount_at(sandbox, path)
    return _yes(isinstance(mount, VolumeMount) and mount.keep)


def _mapped(security: Security) -> str | None:
    """Whether its user is another one outside, so that a volume would be nobody's."""
    return "mapped" if security.user_namespace in ("auto", "keep-id", "private") else None


def _pod(sandbox: Sandbox, _: Path) -> str | None:
    """What of the spec is no single sandbox's in a pod."""
    network = sandbox.network
    beside = {
        "network host": network.mode == "host",
        "network.ports": bool(network.ports),
        "network.dns": network.dns != Dns(),
        "network.hosts": bool(network.hosts),
        "userNamespace": _mapped(sandbox.security) is not None,
        "autoRemove": sandbox.lifecycle.auto_remove,
    }
    return next((f"beside {name}" for name, there in beside.items() if there), None)


def _file(sandbox: Sandbox, path: Path) -> str | None:
    """Whether only an owner could read it, who is another one outside."""
    mount = _mount_at(sandbox, path)
    closed = isinstance(mount, FileMount) and not int(mount.mode, 8) & 0o004
    return _mapped(sandbox.security) if closed else None


def _health_command(sandbox: Sandbox, _: Path) -> str | None:
    words = sandbox.health.command if sandbox.health else ()
    return "blank" if len(words) == 1 and any(char.isspace() for char in words[0]) else None


def _apart(security: Security) -> str:
    return "apart" if security.fs_group not in (None, security.group) else "together"


def _privileged(sandbox: Sandbox, _: Path) -> str:
    security = sandbox.security
    return "no-new-privileges" if security.privileged and security.no_new_privileges else _yes(security.privileged)


_LABEL = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_DOMAIN = r"(?=.{1,253}/)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*/"
_ANNOTATIONS = 128 * 1024
"""Bytes that a spec's own may have: as many again are left to what sandboxctl notes."""


def _qualified(name: str) -> bool:
    """Whether it is a name by the rules of Kubernetes."""
    domain = re.match(_DOMAIN, name)
    return re.fullmatch(_LABEL, name[domain.end() :] if domain else name) is not None


def _label(sandbox: Sandbox, path: Path) -> str | None:
    name = str(path[-1])
    if len(path) < _OF_A_LABEL:
        return None
    if not _qualified(name):
        return "oddly named"
    text = sandbox.labels.get(name, "")
    return "of an odd value" if text and not re.fullmatch(_LABEL, text) else None


def _annotation(sandbox: Sandbox, path: Path) -> str | None:
    if len(path) == _OF_A_LABEL:
        return None if _qualified(str(path[-1])) else "oddly named"
    whole = sum(len(name.encode()) + len(text.encode()) for name, text in sandbox.annotations.items())
    return "very large" if whole > _ANNOTATIONS else None


def _gvisor(sandbox: Sandbox) -> bool:
    return sandbox.security.runtime in ("gvisor", "runsc")


_VARIANTS: Mapping[Field, Callable[[Sandbox, Path], str | None]] = {
    ("metadata", "labels"): _label,
    ("metadata", "annotations"): _annotation,
    ("args",): lambda sandbox, _: "empty" if "" in (sandbox.args or ()) else None,
    ("health", "command"): _health_command,
    ("mounts", "volume"): lambda sandbox, _: _mapped(sandbox.security),
    ("mounts", "file"): _file,
    ("mounts", "volume", "keep"): _keep,
    ("resources", "swap"): lambda sandbox, _: _yes(sandbox.resources.swap > 0),
    ("resources", "gpus"): lambda sandbox, _: "all" if isinstance(sandbox.resources.gpus, str) else "count",
    ("resources", "shm"): lambda sandbox, _: "gvisor" if _gvisor(sandbox) else None,
    ("network", "mode"): lambda sandbox, _: sandbox.network.mode,
    ("network", "create"): lambda sandbox, _: _yes(sandbox.network.create),
    ("network", "internal"): lambda sandbox, _: _yes(sandbox.network.internal),
    ("mounts", "bind"): _bind,
    ("mounts", "tmpfs", "exec"): _exec,
    ("security", "fsGroup"): lambda sandbox, _: _apart(sandbox.security),
    ("security", "userNamespace"): lambda sandbox, _: sandbox.security.user_namespace,
    ("security", "runtime"): lambda sandbox, _: sandbox.security.runtime,
    ("security", "privileged"): _privileged,
    ("lifecycle", "ttl"): lambda sandbox, _: sandbox.run,
    ("lifecycle", "stopSignal"): lambda sandbox, _: sandbox.lifecycle.stop_signal,
    ("lifecycle", "autoRemove"): lambda sandbox, _: _yes(sandbox.lifecycle.auto_remove),
    ("podman", "pod"): _pod,
}
"""Fields whose status depends on the value: which row to look for (`lifecycle.ttl/idle`)."""


def _always(_: Sandbox) -> bool:
    return True


def _ports(sandbox: Sandbox) -> bool:
    return bool(sandbox.network.ports)


def _tmpfs(sandbox: Sandbox) -> bool:
    return any(isinstance(mount, TmpfsMount) for mount in derive.mounts(sandbox))


def _noexec(sandbox: Sandbox) -> bool:
    return any(isinstance(mount, TmpfsMount) and not mount.exec for mount in derive.mounts(sandbox))


_ASKED: Mapping[str, Callable[[Sandbox], bool]] = {
    "network.ports.address": _ports,
    "mounts.tmpfs.mode": _tmpfs,
    "mounts.tmpfs.exec": _noexec,
    "resources.shm/gvisor": _gvisor,
}
"""Of what is weaker somewhere, that which not every sandbox asks for."""


def refusals(loaded: Loaded, backend: str) -> tuple[Problem, ...]:
    """Everything that the spec itself says and that `backend` cannot do.

    Code: `refused-by-backend`. A default that is weaker there is none of them: see `weaker`.
    """
    problems: list[Problem] = []
    reported: set[Path] = set()
    for path in sorted(loaded.source.marks, key=len):
        if any(path[:length] in reported for length in range(len(path))):
            continue
        problem = _problem(loaded, path, backend)
        if problem is not None:
            problems.append(problem)
            reported.add(path)
    return tuple(problems)


def left_to_do(loaded: Loaded, backend: str) -> tuple[Problem, ...]:
    """Warnings for what the spec says and only comes true on `backend` if somebody does something (`left-to-do`)."""
    problems: list[Problem] = []
    for path in loaded.source.marks:
        _, cell = cell_at(loaded, path, backend)
        if cell is not None and cell.left is not None:
            place = loaded.source.key_marks.get(path) or loaded.source.range(path)
            problems.append(
                Problem(
                    code="left-to-do", message=f"`{dotted(path)}` on {backend}: {cell.left}", range=place, path=path,
                    severity=Severity.WARNING, line_text=loaded.source.line_text(place),
                )
            )  # fmt: skip
    return tuple(problems)


def weaker(sandbox: Sandbox, backend: str) -> tuple[tuple[Field, str], ...]:
    """What `sandbox` asks for and gets less of on `backend`: the field, and how it is there."""
    return tuple((field, cell.how) for field, cell in weaker_cells(sandbox, backend))


def weaker_cells(sandbox: Sandbox, backend: str) -> tuple[tuple[Field, Cell], ...]:
    """The same with the whole cell, that of the variant which the sandbox has."""
    found: dict[Field, Cell] = {}
    for name in ROWS:
        cell = exact_cell((name,), backend)
        if cell is not None and cell.status is Status.WEAKER and _ASKED.get(name, _always)(sandbox):
            found[tuple(name.partition("/")[0].split("."))] = cell
    return tuple(found.items())


def field_of(path: Path, sandbox: Sandbox) -> Field:
    """The field at a place of the document: `("spec", "mounts", 0, "size")` → `("mounts", "tmpfs", "size")`."""
    field: Field = ()
    in_free_map = False
    for part in path[1:] if path[:1] == ("spec",) else path:
        if isinstance(part, int):
            field = (*field, derive.mount_type(sandbox.mounts[part])) if field == ("mounts",) else field
        elif ".".join(field) in _FREE_MAPS and not in_free_map:
            in_free_map = True
        else:
            field = (*field, part)
    return field


def cell_at(loaded: Loaded, path: Path, backend: str) -> tuple[Field, Cell | None]:
    """The field at a place of the spec, and what `backend` makes of this value; None where a wider field says it."""
    sandbox = loaded.sandbox
    field = field_of(path, sandbox)
    if field in _SHORTHAND and not any(each[: len(path)] == path and each != path for each in loaded.source.marks):
        field = _SHORTHAND[field]
    variant = _VARIANTS[field](sandbox, path) if field in _VARIANTS else None
    return field, exact_cell(field, backend, variant)


def is_refused(cell: Cell, field: Field, accepted: tuple[str, ...]) -> bool:
    """Whether a spec may not say this there: refused, or weaker and not accepted."""
    if cell.status is not Status.WEAKER:
        return cell.status is Status.REFUSED
    return not any(".".join(field[:length]) in accepted for length in range(1, len(field) + 1))


def _problem(loaded: Loaded, path: Path, backend: str) -> Problem | None:
    """What `backend` has against the spec saying this at all; None where it says nothing."""
    source = loaded.source
    field, cell = cell_at(loaded, path, backend)
    if cell is None or not is_refused(cell, field, loaded.sandbox.section(backend).accept):
        return None
    place = source.key_marks.get(path) or source.range(path)
    return Problem(
        code="refused-by-backend",
        message=f"{_name(path, field)} cannot be had on {backend} ({cell.how})",
        range=place,
        path=path,
        hint=way_out(cell, field, backend),
        line_text=source.line_text(place),
    )


def _name(path: Path, field: Field) -> str:
    """`resources.memory`; of a whole mount its type too, since that is what is refused."""
    whole_mount = field[0] == "mounts" and len(field) == len(("mounts", "bind"))
    return f"`{dotted(path)}`, a {field[1]}," if whole_mount else f"`{dotted(path)}`"


def way_out(cell: Cell, field: Field, backend: str) -> str | None:
    """What to do about a refusal."""
    if cell.status is Status.WEAKER:
        return f"leave it out, or accept the difference with `{backend}: {{accept: [{'.'.join(field)}]}}`"
    return cell.hint
