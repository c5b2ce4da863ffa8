"""`docker.options` and `podman.options`: keys of the create request that a spec may give by itself. Pure.

The lists are closed: what a field of the spec renders is that field's alone, and what would take a control away (a host
namespace, a rule for devices, a hook) cannot be said here at all, since nothing would prove what is left. Each of these
is shown again by inspect, so that a plan compares it like any field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandboxctl.backends.base import Json, Key
from sandboxctl.dataclass import dataclass
from sandboxctl.problems import dotted, suggestion
from sandboxctl.spec import Sandbox

Kind = Literal["text", "a whole number"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What it is, how inspect shows it (section, key), and what it shows where nobody gave one."""

    kind: Kind
    shown: tuple[str, str]
    usual: tuple[object, ...]


def _number(shown: str, *usual: object) -> Option:
    return Option(kind="a whole number", shown=("HostConfig", shown), usual=(None, 0, *usual))


def _text(section: str, shown: str, *usual: object) -> Option:
    return Option(kind="text", shown=(section, shown), usual=(None, "", *usual))


OPTIONS: Mapping[str, Mapping[str, Option]] = {
    "docker": {
        "blkio_weight": _number("BlkioWeight"),
        "cgroup_parent": _text("HostConfig", "CgroupParent"),
        "cpu_rt_period": _number("CpuRealtimePeriod"),
        "cpu_rt_runtime": _number("CpuRealtimeRuntime"),
        "cpuset_mems": _text("HostConfig", "CpusetMems"),
        "mem_swappiness": _number("MemorySwappiness", -1),
        "oom_score_adj": _number("OomScoreAdj"),
    },
    "podman": {
        "cgroup_parent": _text("HostConfig", "CgroupParent"),
        "oom_score_adj": _number("OomScoreAdj"),
        "timezone": _text("Config", "Timezone"),
        "umask": _text("Config", "Umask", "0022"),
    },
}
"""By backend, then by the request's own name (for Docker that of the SDK's keyword argument)."""

_RENDERED: Mapping[str, Mapping[str, str]] = {
    "docker": {
        "image": "image", "platform": "image.platform", "entrypoint": "command", "command": "args",
        "working_dir": "workdir", "environment": "env", "tty": "tty", "stdin_open": "stdin", "user": "security.user",
        "hostname": "network.hostname", "ports": "network.ports", "labels": "metadata.labels",
        "stop_signal": "lifecycle.stopSignal", "stop_timeout": "lifecycle.stopGrace", "healthcheck": "health",
        "mem_limit": "resources.memory", "memswap_limit": "resources.swap",
        "mem_reservation": "resources.requests.memory", "nano_cpus": "resources.cpu", "cpu_quota": "resources.cpu",
        "cpu_period": "resources.cpu", "cpu_shares": "resources.cpuShares", "cpuset_cpus": "resources.cpuset",
        "pids_limit": "resources.pids", "storage_opt": "resources.disk", "device_requests": "resources.gpus",
        "shm_size": "resources.shm", "ulimits": "resources.ulimits", "network_mode": "network.mode",
        "port_bindings": "network.ports", "dns": "network.dns", "dns_search": "network.dns", "dns_opt": "network.dns",
        "extra_hosts": "network.hosts", "read_only": "security.readOnlyRoot", "tmpfs": "mounts", "mounts": "mounts",
        "binds": "mounts", "group_add": "security.groups", "cap_add": "security.capabilities",
        "cap_drop": "security.capabilities", "security_opt": "security", "privileged": "security.privileged",
        "devices": "security.devices", "sysctls": "security.sysctls", "runtime": "security.runtime",
        "init": "lifecycle.init", "restart_policy": "lifecycle.restart", "auto_remove": "lifecycle.autoRemove",
        "log_config": "docker.logging",
    },
    "podman": {
        "name": "metadata.name", "image": "image", "entrypoint": "command", "command": "args", "work_dir": "workdir",
        "env": "env", "secret_env": "env", "terminal": "tty", "stdin": "stdin", "user": "security.user",
        "groups": "security.groups", "hostname": "network.hostname", "portmappings": "network.ports",
        "labels": "metadata.labels", "annotations": "metadata.annotations", "stop_signal": "lifecycle.stopSignal",
        "stop_timeout": "lifecycle.stopGrace", "timeout": "lifecycle.ttl", "healthconfig": "health",
        "resource_limits": "resources", "r_limits": "resources.ulimits", "shm_size": "resources.shm",
        "netns": "network.mode", "networks": "network.mode", "dns_server": "network.dns",
        "dns_search": "network.dns", "dns_option": "network.dns", "hostadd": "network.hosts",
        "read_only_filesystem": "security.readOnlyRoot", "mounts": "mounts", "volumes": "mounts",
        "cap_add": "security.capabilities", "cap_drop": "security.capabilities",
        "no_new_privileges": "security.noNewPrivileges", "seccomp_profile_path": "security.seccomp",
        "apparmor_profile": "security.apparmor", "selinux_opts": "security.selinux",
        "privileged": "security.privileged", "devices": "security.devices", "sysctl": "security.sysctls",
        "userns": "security.userNamespace", "oci_runtime": "security.runtime", "init": "lifecycle.init",
        "restart_policy": "lifecycle.restart", "restart_tries": "lifecycle.restart", "remove": "lifecycle.autoRemove",
        "log_configuration": "podman.logging", "pod": "podman.pod",
    },
}  # fmt: skip
"""What a field of the spec renders, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An option that may not be said: `of_value` where its value is wrong, and not its name."""

    key: str
    message: str
    hint: str | None = None
    of_value: bool = False


def written(sandbox: Sandbox, backend: str) -> Mapping[str, Json]:
    """The options of a spec for one backend; none where they are not even a mapping."""
    found = sandbox.section(backend).settings.get("options")
    return found if isinstance(found, dict) else {}


def faults(sandbox: Sandbox, backend: str) -> Iterator[Fault]:
    """What of them may not be said, or has a value of another kind."""
    for key, value in written(sandbox, backend).items():
        name = dotted(("spec", backend, "options", key))
        option = OPTIONS[backend].get(key)
        if option is None:
            yield _unknown(backend, key, name)
        elif not isinstance(value, str if option.kind == "text" else int) or isinstance(value, bool):
            yield Fault(key=key, message=f"{name} must be {option.kind}", of_value=True)


def _unknown(backend: str, key: str, name: str) -> Fault:
    field = _RENDERED[backend].get(key)
    if field is not None:
        return Fault(key=key, message=f"{name} is what `{field}` of the spec says", hint=f"write `{field}`")
    known = OPTIONS[backend]
    near = suggestion(key, known)
    hint = f"did you mean `{near}`?" if near else f"there are {', '.join(known)}"
    return Fault(key=key, message=f"{name} is not among what a spec may give an engine by itself", hint=hint)


def shown(backend: str, inspected: Mapping[str, Any]) -> dict[Key, Json]:
    """Those of an inspect that have another value than where nobody gave one."""
    found: dict[Key, Json] = {}
    for name, option in OPTIONS[backend].items():
        section, key = option.shown
        value = (inspected.get(section) or {}).get(key)
        if value not in option.usual:
            found[backend, "options", name] = value
    return found
