"""The parts of a Docker inspect, each as spec fields: the inverse of templates/docker/create.yaml.j2. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

from sandboxctl import fields, file_volumes
from sandboxctl.backends.base import Json, Key
from sandboxctl.image_reference import normalise
from sandboxctl.ownership import PREFIX
from sandboxctl.spec import Seccomp

_RESTART = {"": "never", "no": "never", "on-failure": "on-failure", "always": "always"}
_TMPFS_SIZES = {"k": 2**10, "m": 2**20, "g": 2**30}


def read_process(config: Mapping[str, Any]) -> dict[Key, Json]:
    """What runs, with what environment: the image's own variables among it."""
    found: dict[Key, Json] = {
        ("image",): normalise(config["Image"]),
        ("command",): config.get("Entrypoint") or None,
        ("args",): config.get("Cmd") or None,
        ("workdir",): config.get("WorkingDir") or None,
        ("tty",): bool(config.get("Tty")),
        ("stdin",): bool(config.get("OpenStdin")),
    }
    for entry in config.get("Env") or []:
        name, value = pair(entry)
        found["env", name] = value
    return found


def read_labels(labels: Mapping[str, str]) -> dict[Key, Json]:
    """Labels without our own."""
    return {("labels", name): value for name, value in labels.items() if not name.startswith(PREFIX)}


def read_resources(host: Mapping[str, Any]) -> dict[Key, Json]:
    """Limits; none is absent."""
    memory, total = host.get("Memory") or 0, host.get("MemorySwap") or 0
    base = ("resources",)
    found: dict[Key, Json] = {
        (*base, "cpu"): _milli_cpu(host),
        (*base, "memory"): memory or None,
        (*base, "swap"): None if not memory else (total - memory if total > 0 else -1),
        (*base, "pids"): host.get("PidsLimit") if (host.get("PidsLimit") or 0) > 0 else None,
        (*base, "requests", "memory"): host.get("MemoryReservation") or None,
        (*base, "cpuShares"): host.get("CpuShares") or None,
        (*base, "cpuset"): host.get("CpusetCpus") or None,
        (*base, "shm"): host.get("ShmSize") or None,
        (*base, "disk"): _disk(host.get("StorageOpt") or {}),
        (*base, "gpus"): _gpus(host.get("DeviceRequests") or []),
    }
    for limit in host.get("Ulimits") or []:
        found[(*base, "ulimits", limit["Name"])] = {"soft": limit["Soft"], "hard": limit["Hard"]}
    return found


def _disk(options: Mapping[str, str]) -> Json:
    size = options.get("size")
    return int(size) if size is not None and size.isdecimal() else size


def _gpus(requests: list[Any]) -> Json:
    """`all`, a number, or whatever else it is, as it is."""
    if not requests:
        return None
    first = requests[0]
    plain = len(requests) == 1 and first.get("Capabilities") == [["gpu"]] and not first.get("DeviceIDs")
    if not plain or first.get("Driver") or first.get("Options"):
        return cast("Json", requests)
    return "all" if first.get("Count") == -1 else first.get("Count")


def _milli_cpu(host: Mapping[str, Any]) -> int | None:
    """Docker shows NanoCpus or quota and period, as requested, never one from the other."""
    if nano := host.get("NanoCpus"):
        return -(-int(nano) // 1_000_000)
    quota, period = host.get("CpuQuota") or 0, host.get("CpuPeriod") or 100_000
    return int(quota) * 1000 // int(period) if quota > 0 else None


def _is_network(mode: str) -> bool:
    """Whether a container of this mode is listed on a network of that name: `none` is left when another is joined."""
    return mode not in ("none", "host") and not mode.startswith("container:")


def read_network(inspected: Mapping[str, Any], config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """The network, published ports, names; `attached` and `detached` is what was done by hand."""
    mode = host.get("NetworkMode") or "default"
    mode = "bridge" if mode == "default" else mode  # 20.10 says "default", 26 and later "bridge"
    base = ("network",)
    networks = set(((inspected.get("NetworkSettings") or {}).get("Networks")) or {})
    attached = networks - {mode}
    found: dict[Key, Json] = {
        (*base, "mode"): mode,
        (*base, "attached"): cast("Json", sorted(attached)) or None,
        (*base, "detached"): mode if _is_network(mode) and mode not in networks else None,
        (*base, "ports"): _read_ports(host.get("PortBindings") or {}) or None,
        (*base, "dns", "servers"): host.get("Dns") or None,
        (*base, "dns", "search"): host.get("DnsSearch") or None,
        (*base, "dns", "options"): host.get("DnsOptions") or None,
        (*base, "hostname"): None if mode == "host" else config.get("Hostname"),
    }
    for entry in host.get("ExtraHosts") or []:
        name, _, address = entry.partition(":")
        found[(*base, "hosts", name)] = address
    return found


def _read_ports(bindings: Mapping[str, Any]) -> list[Json]:
    found: list[dict[str, Json]] = []
    for key, places in bindings.items():
        container, _, protocol = key.partition("/")
        for place in places or []:
            found.append(
                {
                    "container": int(container),
                    "host": int(place.get("HostPort") or 0),
                    "address": place.get("HostIp") or "0.0.0.0",  # noqa: S104  (what an empty one means to Docker)
                    "protocol": protocol or "tcp",
                }
            )
    order = ("container", "protocol", "address", "host")
    return cast("list[Json]", sorted(found, key=lambda port: tuple(cast("Any", port[name]) for name in order)))


def published(inspected: Mapping[str, Any]) -> tuple[str, ...]:
    """`127.0.0.1:32768->80/tcp`: what the engine really chose."""
    ports = ((inspected.get("NetworkSettings") or {}).get("Ports")) or {}
    return tuple(
        f"{place['HostIp']}:{place['HostPort']}->{key}"
        for key, places in sorted(ports.items())
        for place in places or []
    )


def read_mounts(inspected: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """Each mount by its target."""
    found: dict[Key, Json] = {}
    for mount in inspected.get("Mounts") or []:
        base: Key = ("mounts", mount["Destination"])
        file = file_volumes.read(mount)
        if file is not None:
            found.update({(*base, name): value for name, value in file.items()})
            continue
        found[(*base, "type")] = mount["Type"]
        found[(*base, "readOnly")] = not mount.get("RW", True)
        if mount["Type"] == "volume":
            found[(*base, "source")] = mount.get("Name")
        else:
            found[(*base, "source")] = mount.get("Source")
            found[(*base, "propagation")] = mount.get("Propagation") or "rprivate"
    for mount in host.get("Mounts") or []:
        found["mounts", mount["Target"], "subPath"] = (mount.get("VolumeOptions") or {}).get("Subpath")
    for target, options in (host.get("Tmpfs") or {}).items():
        found.update({("mounts", target, name): value for name, value in _read_tmpfs(options).items()})
    return found


def _read_tmpfs(text: str) -> dict[str, Json]:
    options = dict(option.partition("=")[::2] for option in text.split(",") if option)
    found: dict[str, Json] = {"type": "tmpfs", "exec": "exec" in options}
    size = re.fullmatch(r"([0-9]+)([kmg]?)", options.get("size", "").lower())
    if size is not None:
        found["size"] = int(size[1]) * _TMPFS_SIZES.get(size[2], 1)
    if "mode" in options:
        found["mode"] = options["mode"].rjust(4, "0")
    if "uid" in options and "gid" in options:
        found["owner"] = f"{options['uid']}:{options['gid']}"
    for weak in ("suid", "dev", "ro"):
        if weak in options:
            found[weak] = True
    return found


def read_security(config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """Who it is, and what it may do."""
    base = ("security",)
    options = host.get("SecurityOpt") or []
    user, _, group = (config.get("User") or "").partition(":")
    found: dict[Key, Json] = {
        (*base, "user"): _number(user),
        (*base, "group"): _number(group),
        (*base, "groups"): _groups(host.get("GroupAdd") or []),
        (*base, "readOnlyRoot"): bool(host.get("ReadonlyRootfs")),
        (*base, "capabilities", "drop"): _capabilities(host.get("CapDrop")),
        (*base, "capabilities", "add"): _capabilities(host.get("CapAdd")),
        (*base, "noNewPrivileges"): _no_new_privileges(options),
        (*base, "seccomp"): _seccomp(_option(options, "seccomp")),
        (*base, "apparmor"): _option(options, "apparmor"),
        (*base, "selinux"): _selinux(options),
        (*base, "privileged"): bool(host.get("Privileged")),
        (*base, "runtime"): host.get("Runtime"),
        (*base, "userNamespace"): host.get("UsernsMode") or None,
    }
    for device in host.get("Devices") or []:
        value: Json = {"source": device["PathOnHost"], "permissions": device["CgroupPermissions"]}
        found[(*base, "devices", device["PathInContainer"])] = value
    for name, text in (host.get("Sysctls") or {}).items():
        found[(*base, "sysctls", name)] = text
    return found


def _groups(names: Iterable[str]) -> Json:
    """Numbers in their order, then those that somebody gave by name."""
    found = [_number(name) for name in names]
    return sorted(found, key=lambda each: (isinstance(each, str), each)) or None


def _number(text: str) -> Json:
    return int(text) if text.isdecimal() else text or None


def _capabilities(names: Iterable[str] | None) -> list[Json]:
    return cast("list[Json]", sorted(name.upper().removeprefix("CAP_") for name in names or ()))


def _option(options: Iterable[str], name: str) -> str | None:
    """The value of an option; of several the last, as for the engine."""
    prefixes = (f"{name}=", f"{name}:")
    values = [option[len(name) + 1 :] for option in options if option.startswith(prefixes)]
    return values[-1] if values else None


def _no_new_privileges(options: Iterable[str]) -> bool:
    found = False
    for option in options:
        name, _, value = option.replace("=", ":", 1).partition(":")
        if name == "no-new-privileges":
            found = value in ("", "true")
    return found


def _seccomp(option: str | None) -> str:
    if option is None or option in ("builtin", "default"):
        return "default"
    if option == "unconfined":
        return "unconfined"
    try:
        profile = json.dumps(json.loads(option), sort_keys=True, separators=(",", ":"))
    except ValueError:
        return f"unknown:{option}"
    return fields.seccomp_value(Seccomp(kind="file", profile=profile))


def _selinux(options: Iterable[str]) -> Json:
    found: dict[str, Json] = {}
    for option in options:
        if option.startswith(("label=", "label:")):
            name, _, value = option[6:].partition(":")
            found[name] = value or True
    return found or None


_EXPECTED: dict[str, tuple[object, ...]] = {
    "PidMode": ("",),
    "IpcMode": ("private",),
    "UTSMode": ("",),
    "UsernsMode": ("", "host"),
    "CgroupnsMode": ("private",),
    "OomKillDisable": (None, False),
    "DeviceCgroupRules": (None, []),
    "VolumesFrom": (None, []),
    "Links": (None, []),
    "PublishAllPorts": (None, False),
}
"""What no spec field renders otherwise; any other value was put there by hand, and is a difference."""


def read_unexpected(config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """What has another value than any sandbox has."""
    found: dict[Key, Json] = {
        ("docker", name): host[name] for name, usual in _EXPECTED.items() if name in host and host[name] not in usual
    }
    if config.get("Domainname"):
        found["docker", "Domainname"] = config["Domainname"]
    if not host.get("Privileged"):
        for name in ("MaskedPaths", "ReadonlyPaths"):
            if host.get(name) == []:
                found["docker", name] = []
    return found


def read_lifecycle(config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """How it is stopped, restarted, logged and checked."""
    base = ("lifecycle",)
    policy = host.get("RestartPolicy") or {}
    name = policy.get("Name") or ""
    logging = host.get("LogConfig") or {}
    grace = config.get("StopTimeout")
    found: dict[Key, Json] = {
        (*base, "stopGrace"): None if grace is None else grace * 1000,
        (*base, "stopSignal"): config.get("StopSignal") or "SIGTERM",
        (*base, "init"): bool(host.get("Init")),
        (*base, "restart", "policy"): _RESTART.get(name, name),
        (*base, "restart", "max"): policy.get("MaximumRetryCount") or None,
        (*base, "autoRemove"): bool(host.get("AutoRemove")),
        ("docker", "logging"): {"driver": logging.get("Type"), "options": logging.get("Config") or {}},
    }
    found.update(_read_health(config.get("Healthcheck")))
    return found


def _read_health(check: Mapping[str, Any] | None) -> dict[Key, Json]:
    test = (check or {}).get("Test") or []
    if check is None or not test or test == ["NONE"]:
        return {}
    return {
        ("health", "command"): test[1:] if test[0] == "CMD" else test,
        ("health", "interval"): _milliseconds(check.get("Interval")),
        ("health", "timeout"): _milliseconds(check.get("Timeout")),
        ("health", "retries"): check.get("Retries") or 0,
        ("health", "startPeriod"): _start_period(_milliseconds(check.get("StartPeriod"))),
    }


def _start_period(milliseconds: int) -> int:
    """A spec knows whole seconds; one millisecond is how none is asked for, 0 would be the image's."""
    return 0 if milliseconds == 1 else milliseconds


def _milliseconds(nanoseconds: int | None) -> int:
    return (nanoseconds or 0) // 1_000_000


def pair(entry: str) -> tuple[str, str]:
    """`NAME=value` in two."""
    name, _, value = entry.partition("=")
    return name, value
