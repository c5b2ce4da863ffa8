"""A spec as a flat map of comparable fields, each knowing the place in the spec that asks for it. Pure.

This is the meeting point of the planner: `wanted` flattens what the user wants, a backend's `native.read` what is live.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from sandboxctl import derive
from sandboxctl.backends.base import Json, Key
from sandboxctl.dataclass import dataclass, field
from sandboxctl.digest import hexadecimal
from sandboxctl.problems import Path
from sandboxctl.spec import (
    BindMount,
    FileMount,
    KeyReference,
    Mount,
    Network,
    ObjectMount,
    Port,
    Sandbox,
    Seccomp,
    Secret,
    SecretDigest,
    Security,
    TextDigest,
    TmpfsMount,
    VolumeMount,
)

OURS_ALONE: tuple[Key, ...] = (
    ("env",),
    ("labels",),
    ("annotations",),
    ("command",),
    ("args",),
    ("workdir",),
    ("security", "user"),
    ("security", "group"),
    ("security", "runtime"),
    ("mounts", "*", "owner"),
    ("kubernetes", "affinity"),
    ("kubernetes", "imagePullSecrets"),
    ("kubernetes", "nodeSelector"),
    ("kubernetes", "pod"),
    ("kubernetes", "priorityClass"),
    ("kubernetes", "tolerations"),
    ("kubernetes", "topologySpread"),
)
"""Where the image or the engine adds values of its own: live values that the spec does not have are only ours, and
only then a difference, if the applied spec had them."""

INHERITED: tuple[Key, ...] = (
    ("env",), ("labels",), ("command",), ("args",), ("workdir",), ("security", "user"), ("security", "group"),
)  # fmt: skip
"""Of these, what an image gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`fields` by key; `paths` says which field of the spec each comes from; `secrets` are compared, never shown."""

    fields: Mapping[Key, Json]
    paths: Mapping[Key, Path]
    secrets: Mapping[Key, Secret | SecretDigest] = field(default_factory=dict)

    def path(self, key: Key) -> Path:
        """The place in the spec, for a key that is only live the nearest field that would hold it."""
        return self.paths.get(key, ("metadata" if key[0] in ("labels", "annotations") else "spec", *key))


class _Collector:
    """Collects fields; None is left out, so that absent and unset are one."""

    def __init__(self) -> None:
        self.fields: dict[Key, Json] = {}
        self.paths: dict[Key, Path] = {}
        self.secrets: dict[Key, Secret | SecretDigest] = {}

    def add(self, key: Key, value: Json, path: Path | None = None) -> None:
        if value is None:
            return
        self.fields[key] = value
        self.paths[key] = ("spec", *key) if path is None else path


def wanted(sandbox: Sandbox) -> Wanted:
    """Every field that shapes the sandbox. What only sandboxctl reads (behaviour.md, "Plan") is not here."""
    out = _Collector()
    _process(out, sandbox)
    _environment(out, sandbox)
    _resources(out, sandbox)
    _network(out, sandbox)
    for placed in derive.placed_mounts(sandbox):
        _mount(out, placed, derive.owner(sandbox), sandbox.security)
    _security(out, sandbox.security)
    _lifecycle(out, sandbox)
    for name, value in sandbox.labels.items():
        out.add(("labels", name), value, ("metadata", "labels", name))
    for name, value in sandbox.annotations.items():
        out.add(("annotations", name), value, ("metadata", "annotations", name))
    return Wanted(fields=out.fields, paths=out.paths, secrets=out.secrets)


def _process(out: _Collector, sandbox: Sandbox) -> None:
    out.add(("image",), sandbox.image.name)
    out.add(("image", "platform"), sandbox.image.platform)
    process = derive.process(sandbox)
    idle: Path | None = None
    if sandbox.run == "idle":
        idle = ("spec", "run") if sandbox.lifecycle.ttl is None else ("spec", "lifecycle", "ttl")
    out.add(("run",), sandbox.run)
    out.add(("command",), _list(process.entrypoint), idle)
    out.add(("args",), _list(process.args) or None, idle)
    out.add(("workdir",), sandbox.workdir)
    out.add(("tty",), sandbox.tty)
    out.add(("stdin",), sandbox.stdin)


def _environment(out: _Collector, sandbox: Sandbox) -> None:
    for name, value in derive.environment(sandbox).items():
        key = ("env", name)
        path: Path = ("spec", "workdir") if name == "HOME" and name not in sandbox.env else ("spec", *key)
        match value:
            case str():
                out.add(key, value, path)
            case Secret() | SecretDigest():
                out.secrets[key] = value
                out.paths[key] = path
            case KeyReference(kind=kind, name=source, key=part):
                out.add(key, {kind: source, "key": part}, path)


def _resources(out: _Collector, sandbox: Sandbox) -> None:
    resources = sandbox.resources
    base = ("resources",)
    out.add((*base, "cpu"), resources.cpu)
    out.add((*base, "memory"), resources.memory)
    out.add((*base, "swap"), resources.swap)
    out.add((*base, "pids"), resources.pids)
    out.add((*base, "requests", "cpu"), resources.requests.cpu)
    out.add((*base, "requests", "memory"), resources.requests.memory)
    out.add((*base, "cpuShares"), resources.cpu_shares)
    out.add((*base, "cpuset"), resources.cpuset)
    out.add((*base, "shm"), resources.shm)
    out.add((*base, "disk"), resources.disk)
    out.add((*base, "gpus"), resources.gpus)
    for name, limit in resources.ulimits.items():
        out.add((*base, "ulimits", name), {"soft": limit.soft, "hard": limit.hard})


def _network(out: _Collector, sandbox: Sandbox) -> None:
    network = sandbox.network
    base = ("network",)
    named = network.mode == "named"
    path: Path = ("spec", "network", "name" if named else "mode")
    out.add((*base, "mode"), network.name if named else network.mode, path)
    out.add((*base, "internal"), network.internal or None)
    out.add((*base, "ports"), _ports(network.ports) or None)
    for part in ("servers", "search", "options"):
        out.add((*base, "dns", part), list(getattr(network.dns, part)) or None)
    for name, address in network.hosts.items():
        out.add((*base, "hosts", name), address)
    out.add((*base, "hostname"), _hostname(sandbox.name, network))
    if network.egress is not None:
        rules: list[Json] = [
            {"cidr": rule.cidr, "domain": rule.domain, "ports": list(rule.ports)} for rule in network.egress
        ]
        out.add((*base, "egress"), rules)


def _hostname(name: str, network: Network) -> str | None:
    return None if network.mode == "host" else network.hostname or name


def _ports(ports: tuple[Port, ...]) -> list[Json]:
    ordered = sorted(ports, key=lambda port: (port.container, port.protocol, port.address, port.host))
    return [
        {"container": port.container, "host": port.host, "address": port.address, "protocol": port.protocol}
        for port in ordered
    ]


def _mount(out: _Collector, placed: derive.PlacedMount, owner: tuple[int, int], security: Security) -> None:
    mount = placed.mount
    for name, value in _mount_parts(mount).items():
        path = placed.path if placed.automatic else (*placed.path, name)
        out.add(("mounts", mount.target, name), value, path)
    if isinstance(mount, TmpfsMount) and security.user is not None:
        out.add(("mounts", mount.target, "owner"), f"{owner[0]}:{owner[1]}", ("spec", "security", "user"))


def _mount_parts(mount: Mount) -> dict[str, Json]:
    match mount:
        case BindMount():
            return {
                "type": "bind",
                "source": mount.source,
                "readOnly": mount.read_only,
                "propagation": mount.propagation or "rprivate",
                "selinux": mount.selinux,
            }
        case VolumeMount():
            return {
                "type": "volume",
                "source": mount.source,
                "readOnly": mount.read_only,
                "subPath": mount.sub_path,
                "size": mount.size,
            }
        case TmpfsMount():
            return {"type": "tmpfs", "size": mount.size, "exec": mount.exec, "mode": mount.mode}
        case FileMount():
            return {"type": "file", "content": _content_digest(mount), "mode": mount.mode}
        case ObjectMount():
            return {"type": mount.kind, "name": mount.name, "items": dict(mount.items)}


def _content_digest(mount: FileMount) -> str:
    match mount.content:
        case TextDigest():
            return str(mount.content)
        case str():
            return "sha256:" + hexadecimal(mount.content.encode())
        case Secret():
            return "sensitive"
        case SecretDigest(fingerprint=fingerprint):
            return fingerprint


def _security(out: _Collector, security: Security) -> None:
    base = ("security",)
    out.add((*base, "user"), security.user)
    out.add((*base, "group"), security.group)
    out.add((*base, "groups"), list(security.groups) or None)
    out.add((*base, "fsGroup"), security.fs_group)
    out.add((*base, "readOnlyRoot"), security.read_only_root)
    out.add((*base, "capabilities", "drop"), list(security.capabilities.drop))
    out.add((*base, "capabilities", "add"), list(security.capabilities.add))
    out.add((*base, "noNewPrivileges"), security.no_new_privileges)
    out.add((*base, "seccomp"), seccomp_value(security.seccomp))
    out.add((*base, "apparmor"), security.apparmor)
    if security.selinux is not None:
        selinux = security.selinux
        parts = {"user": selinux.user, "role": selinux.role, "type": selinux.type, "level": selinux.level}
        options: dict[str, Json] = {name: part for name, part in parts.items() if part is not None}
        out.add((*base, "selinux"), {"disable": True} if selinux.disable else options)
    out.add((*base, "userNamespace"), security.user_namespace)
    out.add((*base, "runtime"), security.runtime)
    out.add((*base, "privileged"), security.privileged)
    for device in security.devices:
        value: Json = {"source": device.source, "permissions": device.permissions}
        out.add((*base, "devices", device.target), value, ("spec", *base, "devices"))
    for name, text in security.sysctls.items():
        out.add((*base, "sysctls", name), text)


def seccomp_value(seccomp: Seccomp) -> str:
    """`default`, `unconfined`, `localhost:PATH`, or the digest of a profile."""
    match seccomp.kind:
        case "file":
            return "sha256:" + hexadecimal((seccomp.profile or "").encode())
        case "localhost":
            return f"localhost:{seccomp.path}"
        case "default" | "unconfined":
            return seccomp.kind


def _lifecycle(out: _Collector, sandbox: Sandbox) -> None:
    lifecycle = sandbox.lifecycle
    base = ("lifecycle",)
    out.add((*base, "ttl"), lifecycle.ttl)
    out.add((*base, "stopGrace"), lifecycle.stop_grace)
    out.add((*base, "stopSignal"), lifecycle.stop_signal)
    out.add((*base, "init"), lifecycle.init)
    out.add((*base, "restart", "policy"), lifecycle.restart.policy)
    out.add((*base, "restart", "max"), lifecycle.restart.max)
    out.add((*base, "setup"), [_list(argv) for argv in lifecycle.setup] or None)
    out.add((*base, "autoRemove"), lifecycle.auto_remove)
    health = sandbox.health
    if health is not None:
        out.add(("health", "command"), _list(health.command))
        out.add(("health", "interval"), health.interval)
        out.add(("health", "timeout"), health.timeout)
        out.add(("health", "retries"), health.retries)
        out.add(("health", "startPeriod"), health.start_period)


def _list(words: tuple[str, ...] | None) -> Json:
    return None if words is None else list(words)


def within(key: Key, prefix: Key) -> bool:
    """Whether `key` is `prefix` or lies below it; `*` in a prefix stands for any one part."""
    return len(key) >= len(prefix) and all(want in ("*", part) for want, part in zip(prefix, key, strict=False))


@lru_cache(maxsize=4096)  # the sandboxes of a plan have most of their keys in common
def within_any(key: Key, prefixes: frozenset[Key] | tuple[Key, ...]) -> bool:
    """Whether `key` is one of `prefixes` or lies below one."""
    return any(within(key, prefix) for prefix in prefixes)


def may_be_secret(key: Key) -> bool:
    """Whether a live value there is somebody's secret for all that we know: a variable's, or what is in a file."""
    return key[0] == "env" or (key[0] == "mounts" and key[-1] == "content")


def hidden_part(wanted_fields: Wanted, hidden: frozenset[Key]) -> dict[str, Json]:
    """What inspect cannot show, by dotted key."""
    found = [(key, value) for key, value in wanted_fields.fields.items() if within_any(key, hidden)]
    return {".".join(key): value for key, value in sorted(found)}


def spec_hash(wanted_fields: Wanted, hidden: frozenset[Key]) -> str:
    """`v1:sha256:…` of the fields that this kind of engine's inspect cannot show."""
    text = json.dumps(hidden_part(wanted_fields, hidden), sort_keys=True, separators=(",", ":"))
    return "v1:sha256:" + hexadecimal(text.encode())


def nest(flat: Mapping[Key, Json]) -> dict[str, Json]:
    """Flat keys as nested maps, for JSON; a key that is also a map's name goes under an empty name."""
    nested: dict[str, Json] = {}
    for key, value in sorted(flat.items()):
        level = nested
        for part in key[:-1]:
            below = level.get(part)
            if not isinstance(below, dict):
                below = {} if below is None else {"": below}
                level[part] = below
            level = below
        level[key[-1]] = value
    return nested
