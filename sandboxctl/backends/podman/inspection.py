"""The parts of a Podman inspect, each as spec fields: the inverse of templates/podman/create.yaml.j2. Pure.

Inspect echoes some values and derives others, differently by version: what is compared is what is in effect
(engines.md, section 10). Seen on Podman 4.3.1; what 5.x shows otherwise is named where it is handled.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sandboxctl import file_volumes, ownership
from sandboxctl.backends.base import Json, Key
from sandboxctl.dataclass import dataclass
from sandboxctl.image_reference import normalise

SHM = "/dev/shm"  # noqa: S108  (the sandbox's, not ours)
DEFAULT_NETWORK = "podman"
_RESTART = {"": "never", "no": "never"}
_TMPFS_SIZES = {"k": 2**10, "m": 2**20, "g": 2**30}
_ENGINES_PROFILE = "containers-default-"  # the AppArmor profile of every container, where the host has AppArmor


def read_process(config: Mapping[str, Any], image_name: str) -> dict[Key, Json]:
    """What runs, with what environment: the image's own variables among it."""
    found: dict[Key, Json] = {
        ("image",): normalise(image_name),
        ("command",): shown_entrypoint(config.get("Entrypoint")),
        ("args",): config.get("Cmd") or None,
        ("workdir",): config.get("WorkingDir") or None,
        ("tty",): bool(config.get("Tty")),
        ("stdin",): bool(config.get("OpenStdin")),
    }
    for entry in config.get("Env") or []:
        name, value = pair(entry)
        found["env", name] = value
    return found


def shown_entrypoint(words: str | Sequence[str] | None) -> Json:
    """4.3 joins the words of an entrypoint with spaces, so what is compared is cut at every space, on both sides."""
    if not words:
        return None
    return list((words if isinstance(words, str) else " ".join(words)).split(" "))


def read_metadata(config: Mapping[str, Any]) -> dict[Key, Json]:
    """Labels and annotations without our own."""
    labels, annotations = config.get("Labels") or {}, config.get("Annotations") or {}
    found: dict[Key, Json] = {("annotations", name): value for name, value in annotations.items()}
    found.update({("labels", name): value for name, value in labels.items() if not name.startswith(ownership.PREFIX)})
    return found


_OWN_ENV = {("env", "TERM"): ("xterm",), ("env", "container"): ("podman", "oci")}
_OWN_ANNOTATIONS = ("io.container.manager", "io.kubernetes.cri-o.", "io.podman.", "org.opencontainers.image.stopSignal")


def filled_in(fields: Mapping[Key, Json]) -> frozenset[Key]:
    """What Podman writes by itself (seen on 4.3 and 5.8): some variables, and how it was created."""
    own = {key for key, values in _OWN_ENV.items() if fields.get(key) in values}
    if ("env", "HOSTNAME") in fields and fields["env", "HOSTNAME"] == fields.get(("network", "hostname")):
        own.add(("env", "HOSTNAME"))
    return frozenset(own) | {key for key in fields if key[0] == "annotations" and key[1].startswith(_OWN_ANNOTATIONS)}


def read_resources(host: Mapping[str, Any]) -> dict[Key, Json]:
    """Limits; none is absent."""
    memory, total = host.get("Memory") or 0, host.get("MemorySwap") or 0
    pids = host.get("PidsLimit") or 0
    base = ("resources",)
    found: dict[Key, Json] = {
        (*base, "cpu"): _milli_cpu(host),
        (*base, "memory"): memory or None,
        (*base, "swap"): None if not memory else (total - memory if total > 0 else -1),
        (*base, "pids"): pids if pids > 0 else None,
        (*base, "requests", "memory"): host.get("MemoryReservation") or None,
        (*base, "cpuShares"): host.get("CpuShares") or None,
        (*base, "cpuset"): host.get("CpusetCpus") or None,
        (*base, "shm"): _shm_size(host),
    }
    for limit in host.get("Ulimits") or []:
        name = limit["Name"].removeprefix("RLIMIT_").lower()
        found[(*base, "ulimits", name)] = {"soft": limit["Soft"], "hard": limit["Hard"]}
    return found


def _milli_cpu(host: Mapping[str, Any]) -> int | None:
    """NanoCpus is derived there, from quota and period, so those are what counts."""
    quota, period = host.get("CpuQuota") or 0, host.get("CpuPeriod") or 100_000
    return int(quota) * 1000 // int(period) if quota > 0 else None


def _shm_size(host: Mapping[str, Any]) -> Json:
    """With a read-only root it is a tmpfs of ours, and `ShmSize` says nothing."""
    tmpfs = (host.get("Tmpfs") or {}).get(SHM)
    return read_tmpfs(tmpfs).get("size") if tmpfs is not None else host.get("ShmSize") or None


def read_network(inspected: Mapping[str, Any], config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """The network, published ports, names; `attached` is what was connected besides."""
    mode = host.get("NetworkMode") or ""
    attached = sorted((inspected.get("NetworkSettings") or {}).get("Networks") or {})
    if mode == "bridge" and attached and attached != [DEFAULT_NETWORK]:
        mode, *attached = attached
    else:
        attached = []
    base = ("network",)
    found: dict[Key, Json] = {
        (*base, "mode"): mode,
        (*base, "attached"): cast("Json", attached) or None,
        (*base, "ports"): _ports(host.get("PortBindings") or {}, _free_ports(config)) or None,
        (*base, "dns", "servers"): host.get("Dns") or None,
        (*base, "dns", "search"): host.get("DnsSearch") or None,
        (*base, "dns", "options"): host.get("DnsOptions") or None,
        (*base, "hostname"): None if mode == "host" else config.get("Hostname"),
    }
    for entry in host.get("ExtraHosts") or []:
        name, _, address = entry.partition(":")
        found[(*base, "hosts", name)] = address
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod's inspect, and that of the container that holds its network."""

    pod: Mapping[str, Any]
    holder: Mapping[str, Any]


def read_in_pod(found: Mapping[Key, Json], inspected: Mapping[str, Any], around: Pod) -> dict[Key, Json]:
    """The fields of a container with those that its pod decides: its network is the pod's, unless it has left it."""
    fields: dict[Key, Json] = {**found, ("podman", "pod"): around.pod["Name"]}
    if inspected["HostConfig"].get("CgroupParent") == around.pod.get("CgroupPath"):
        fields.pop(("podman", "options", "cgroup_parent"), None)
    if inspected["HostConfig"].get("NetworkMode") != f"container:{around.holder['Id']}":
        return fields
    own = {key: value for key, value in fields.items() if key[0] != "network" or key[1] == "hostname"}
    theirs = read_network(around.holder, around.holder["Config"], around.holder["HostConfig"])
    return {**{key: value for key, value in theirs.items() if value is not None}, **own}


def _free_ports(config: Mapping[str, Any]) -> set[tuple[int, str, str]]:
    """The ports for which any free one was asked: inspect shows the chosen one as if it had been asked for."""
    applied = ownership.decode_applied((config.get("Labels") or {}).get(ownership.APPLIED, ""))
    ports = applied.sandbox.network.ports if applied is not None else ()
    return {(port.container, port.protocol, port.address) for port in ports if port.host == 0}


def _ports(bindings: Mapping[str, Any], free: set[tuple[int, str, str]]) -> list[Json]:
    found: list[dict[str, Json]] = []
    for key, places in bindings.items():
        container, _, protocol = key.partition("/")
        for place in places or []:
            address = place.get("HostIp") or "0.0.0.0"  # noqa: S104  (what an empty one means to Podman)
            chosen = (int(container), protocol or "tcp", address) in free
            host = 0 if chosen else int(place.get("HostPort") or 0)
            found.append({"container": int(container), "host": host, "address": address, "protocol": protocol or "tcp"})
    order = ("container", "protocol", "address", "host")
    return cast("list[Json]", sorted(found, key=lambda port: tuple(cast("Any", port[name]) for name in order)))


def published(host: Mapping[str, Any]) -> tuple[str, ...]:
    """`127.0.0.1:32768->80/tcp`: what the engine really chose."""
    return tuple(
        f"{place.get('HostIp') or '0.0.0.0'}:{place['HostPort']}->{key}"  # noqa: S104  (what an empty one means to Podman)
        for key, places in sorted((host.get("PortBindings") or {}).items())
        for place in places or []
    )


def read_mounts(inspected: Mapping[str, Any], config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
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
            found[(*base, "subPath")] = mount.get("SubPath") or None
        else:
            found[(*base, "source")] = mount.get("Source")
            found[(*base, "propagation")] = mount.get("Propagation") or "rprivate"
    for target, text in (host.get("Tmpfs") or {}).items():
        parts = read_tmpfs(text, user=config.get("User") or "")
        if target == SHM:  # compared as `resources.shm`; whatever makes it weaker is a difference
            parts = {name: True for name in ("exec", "suid", "dev", "ro") if parts.get(name)}
        found.update({("mounts", target, name): value for name, value in parts.items()})
    return found


def read_tmpfs(text: str, *, user: str = "") -> dict[str, Json]:
    """Options in any order. Until the first start its owner is `U`, the container's `user`."""
    options = dict(option.partition("=")[::2] for option in text.split(",") if option)
    found: dict[str, Json] = {"type": "tmpfs", "exec": "noexec" not in options}
    size = re.fullmatch(r"([0-9]+)([kmg]?)", options.get("size", "").lower())
    if size is not None:
        found["size"] = int(size[1]) * _TMPFS_SIZES.get(size[2], 1)
    if "mode" in options:
        found["mode"] = options["mode"].rjust(4, "0")
    if "uid" in options and "gid" in options:
        found["owner"] = f"{options['uid']}:{options['gid']}"
    elif "U" in options and ":" in user:
        found["owner"] = user
    found.update(dict.fromkeys({"suid", "dev", "ro"} & options.keys(), True))
    return found


def read_security(inspected: Mapping[str, Any], config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """Who it is, and what it may do."""
    base = ("security",)
    user, _, group = (config.get("User") or "").partition(":")
    profile = inspected.get("AppArmorProfile") or ""
    found: dict[Key, Json] = {
        (*base, "user"): _number(user),
        (*base, "group"): _number(group),
        (*base, "groups"): _groups(host.get("GroupAdd") or ()),
        (*base, "readOnlyRoot"): bool(host.get("ReadonlyRootfs")),
        (*base, "noNewPrivileges"): "no-new-privileges" in (host.get("SecurityOpt") or ()),
        (*base, "apparmor"): None if profile.startswith(_ENGINES_PROFILE) else profile or None,
        (*base, "userNamespace"): _user_namespace(host),
        (*base, "privileged"): bool(host.get("Privileged")),
        (*base, "runtime"): inspected.get("OCIRuntime"),
    }
    if not host.get("Privileged"):
        found[(*base, "capabilities", "bounding")] = cast("Json", capabilities(inspected.get("BoundingCaps")))
    for device in host.get("Devices") or []:
        if _GPU.match(device["PathInContainer"]) and _has_gpus(config):
            continue
        found[(*base, "devices", device["PathInContainer"])] = {"source": device["PathOnHost"]}
    return found


_GPU = re.compile("/dev/(nvidia|dri/|dxg)")
"""The devices that NVIDIA's description of a GPU brings along."""


def _has_gpus(config: Mapping[str, Any]) -> bool:
    """Inspect shows the devices that came of a GPU's name, and not the name."""
    applied = ownership.decode_applied((config.get("Labels") or {}).get(ownership.APPLIED, ""))
    return applied is not None and applied.sandbox.resources.gpus is not None


def _groups(names: Iterable[str]) -> Json:
    """Numbers in their order, then those that somebody gave by name."""
    found = [_number(name) for name in names]
    return sorted(found, key=lambda each: (isinstance(each, str), each)) or None


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() else text or None


def capabilities(names: Iterable[str] | None) -> list[str]:
    """Sorted, in the spec's spelling; null is none at all."""
    return sorted(name.upper().removeprefix("CAP_") for name in names or ())


def _user_namespace(host: Mapping[str, Any]) -> str | None:
    """`private` for each kind that has a map of its own: inspect does not tell which it was."""
    return "private" if host.get("UsernsMode") not in (None, "", "host") or host.get("IDMappings") else None


_EXPECTED: dict[str, tuple[object, ...]] = {
    "PidMode": ("private",),
    "IpcMode": ("private", "shareable"),  # what 4.3 calls every one, even the host's: verify looks
    "UTSMode": ("private",),
    "CgroupMode": ("private",),
    "Cgroups": ("default",),
    "OomKillDisable": (None, False),
    "VolumesFrom": (None, []),
    "Links": (None, []),
    "PublishAllPorts": (None, False),
}
"""What no spec field renders otherwise; any other value was put there by hand, and is a difference."""


def read_unexpected(host: Mapping[str, Any]) -> dict[Key, Json]:
    """What has another value than any sandbox has."""
    return {
        ("podman", name): host[name] for name, usual in _EXPECTED.items() if name in host and host[name] not in usual
    }


def read_lifecycle(inspected: Mapping[str, Any], config: Mapping[str, Any], host: Mapping[str, Any]) -> dict[Key, Json]:
    """How it is stopped, restarted, logged and checked."""
    base = ("lifecycle",)
    policy = host.get("RestartPolicy") or {}
    name = policy.get("Name") or ""
    logging = host.get("LogConfig") or {}
    found: dict[Key, Json] = {
        (*base, "ttl"): config["Timeout"] * 1000 if config.get("Timeout") else None,
        (*base, "stopGrace"): config["StopTimeout"] * 1000 if config.get("StopTimeout") is not None else None,
        (*base, "stopSignal"): signal_name(config.get("StopSignal") or "SIGTERM"),
        (*base, "init"): bool(host.get("Init")),
        (*base, "restart", "policy"): _RESTART.get(name, name),
        (*base, "restart", "max"): policy.get("MaximumRetryCount") or None,
        (*base, "autoRemove"): bool(host.get("AutoRemove")),
        ("podman", "logging", "driver"): logging.get("Type"),
        ("podman", "logging", "size"): logging.get("Size") if logging.get("Size") not in ("", "0B", "-1B") else None,
        ("podman", "pod"): inspected.get("Pod") or None,
    }
    found.update(_read_health(config.get("Healthcheck")))
    return found


def signal_name(value: int | str) -> str:
    """4.3 shows a number, 5.x a name; `37` and `SIGRTMIN+3` are one."""
    if isinstance(value, str) and not value.isdecimal():
        base, _, offset = value.partition("+")
        value = signal.Signals[base].value + int(offset or 0) if base in signal.Signals.__members__ else value
    if isinstance(value, str) and not value.isdecimal():
        return value
    number = int(value)
    if signal.SIGRTMIN < number < signal.SIGRTMAX:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"
    return signal.Signals(number).name if number in set(signal.Signals) else str(number)


def _read_health(check: Mapping[str, Any] | None) -> dict[Key, Json]:
    test: Sequence[str] = (check or {}).get("Test") or []
    if check is None or not test or test[0] == "NONE":
        return {}
    return {
        ("health", "command"): list(test[1:] if test[0] == "CMD" else test),
        ("health", "interval"): (check.get("Interval") or 0) // 1_000_000,
        ("health", "timeout"): (check.get("Timeout") or 0) // 1_000_000,
        ("health", "retries"): check.get("Retries") or 0,
        ("health", "startPeriod"): (check.get("StartPeriod") or 0) // 1_000_000,
    }


def pair(entry: str) -> tuple[str, str]:
    """`NAME=value` in two."""
    name, _, value = entry.partition("=")
    return name, value
