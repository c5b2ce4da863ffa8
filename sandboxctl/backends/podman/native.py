"""Podman's words into ours: the inverse of templates/podman/create.yaml.j2, checked by the contract suite. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from sandboxctl import derive, fields, file_volumes, ownership, raw_options
from sandboxctl.backends.base import (
    Engine,
    ImageConfig,
    Json,
    Key,
    Listed,
    LocalImage,
    Observed,
    PodFacts,
    RunState,
    Status,
)
from sandboxctl.backends.podman import inspection, secret_files
from sandboxctl.dataclass import replace
from sandboxctl.fields import Wanted
from sandboxctl.image_reference import ImageReference, normalise, parse
from sandboxctl.spec import KeyReference, Sandbox
from sandboxctl.timestamps import rfc3339

HIDDEN: frozenset[Key] = frozenset(
    {
        ("image", "platform"),
        ("run",),
        ("lifecycle", "setup"),
        file_volumes.HIDDEN,
        ("network", "internal"),
        ("resources", "disk"),
        ("resources", "gpus"),
        ("security", "fsGroup"),
        ("security", "seccomp"),
        ("security", "selinux"),
        ("security", "sysctls"),
        ("security", "devices", "*", "permissions"),
        ("mounts", "*", "selinux"),
        ("podman", "entrypoint"),
        ("podman", "userNamespace"),
        ("podman", "secretEnv"),
        secret_files.HIDDEN,
        ("podman", "logging", "options"),
    }
)
"""What `podman inspect` cannot show; everything else is compared on every plan."""

PROCESSES = 4096
"""The least `nproc` that is sent where the spec names none: Podman 4.3 would else raise it to 1048576, which a service
without CAP_SYS_RESOURCE may not do. Those of all sandboxes of one user count together: `pids` is the limit of each."""

DEFAULT_LOG_SIZE = "10.49MB"  # 10 MiB, as inspect writes it
_RESTART_SECONDS = 3.0
_STATES: Mapping[str, RunState] = {
    "configured": "created",
    "created": "created",
    "initialized": "created",
    "running": "running",
    "paused": "paused",
    "exited": "exited",
    "stopped": "exited",
    "stopping": "running",
    "removing": "removing",
}


def wanted(sandbox: Sandbox, default_capabilities: Collection[str]) -> Wanted:
    """The spec's fields as this engine shows them.

    `default_capabilities` are those of a container that drops none: what drop and add come to is compared.
    """
    generic = file_volumes.wanted(fields.wanted(sandbox), sandbox)
    values, paths = dict(generic.fields), dict(generic.paths)

    def move(old: Key, new: Key, value: Json) -> None:
        values.pop(old, None)
        values[new] = value
        paths[new] = paths.get(old, ("spec", *old))

    values["image",] = _shown_reference(sandbox.image.name)
    entrypoint = derive.process(sandbox).entrypoint
    if entrypoint is not None:
        values["command",] = inspection.shown_entrypoint(entrypoint)
        values["podman", "entrypoint"] = list(entrypoint)
        paths["podman", "entrypoint"] = paths["command",]
    requested = sandbox.resources.requests.cpu
    if requested is not None:
        move(("resources", "requests", "cpu"), ("resources", "cpuShares"), max(2, requested * 1024 // 1000))
    values.setdefault(("resources", "ulimits", "nproc"), _processes(sandbox))
    if sandbox.run == "idle":
        values.pop(("lifecycle", "ttl"), None)  # its `sleep` says it
    for name, value in sandbox.env.items():
        if isinstance(value, KeyReference):
            move(("env", name), ("podman", "secretEnv", name), value.name)
    secret_files.wanted(sandbox, values, paths)
    values["lifecycle", "stopSignal"] = inspection.signal_name(sandbox.lifecycle.stop_signal)
    _security(sandbox, default_capabilities, values, paths)
    _logging(sandbox, values)
    for option, given in raw_options.written(sandbox, "podman").items():
        values["podman", "options", option] = given
    return replace(generic, fields=values, paths=paths)


def _processes(sandbox: Sandbox) -> Json:
    most = max(PROCESSES, sandbox.resources.pids)
    return {"soft": most, "hard": most}


def _security(
    sandbox: Sandbox, default_capabilities: Collection[str], values: dict[Key, Json], paths: dict[Key, tuple[Any, ...]]
) -> None:
    security, base = sandbox.security, ("security",)
    for part in ("drop", "add"):
        values.pop((*base, "capabilities", part), None)
    if not security.privileged:
        dropped, added = set(security.capabilities.drop), set(security.capabilities.add)
        kept = set() if "ALL" in dropped else set(default_capabilities) - dropped
        values[(*base, "capabilities", "bounding")] = cast("Json", sorted(kept | added))
        paths[(*base, "capabilities", "bounding")] = ("spec", *base, "capabilities")
    groups = derive.groups(sandbox)
    if groups:
        values[(*base, "groups")] = list(groups)
        paths.setdefault((*base, "groups"), ("spec", *base, "groups"))
    for device in security.devices:
        values[(*base, "devices", device.target)] = {"source": device.source}
        values[(*base, "devices", device.target, "permissions")] = device.permissions
    values[(*base, "runtime")] = derive.runtime_program(security.runtime)
    if security.runtime == "default":
        values.pop((*base, "runtime"))
    kind = values.pop((*base, "userNamespace"), None)
    if kind not in (None, "host"):
        values[(*base, "userNamespace")] = "private"
        values["podman", "userNamespace"] = kind
        paths["podman", "userNamespace"] = ("spec", *base, "userNamespace")


def _logging(sandbox: Sandbox, values: dict[Key, Json]) -> None:
    written = sandbox.podman.settings.get("logging")
    if isinstance(written, Mapping):
        values["podman", "logging", "driver"] = cast("str", written.get("driver"))
        values["podman", "logging", "options"] = dict(written.get("options") or {})
    else:
        values["podman", "logging", "driver"] = "k8s-file"
        values["podman", "logging", "size"] = DEFAULT_LOG_SIZE
    pod = sandbox.podman.settings.get("pod")
    if isinstance(pod, str):
        values["podman", "pod"] = pod


def _shown_reference(name: str) -> str:
    """Of a reference with tag and digest the engine keeps the digest."""
    reference = parse(name)
    if isinstance(reference, ImageReference) and reference.digest is not None:
        return f"{reference.repository}@{reference.digest}"
    return normalise(name)


def listed(each: Mapping[str, Any]) -> Listed:
    """One entry of `/containers/json`."""
    names = each.get("Names") or []
    return Listed(
        ref=each["Id"],
        name=names[0] if names else each["Id"][:12],
        labels=each.get("Labels") or {},
        image_id=each.get("ImageID", ""),
        state=_STATES.get(each.get("State", ""), "dead"),
        created=rfc3339(str(each.get("Created", ""))),
    )


def local_image(each: Mapping[str, Any]) -> LocalImage:
    """One entry of `/images/json`. 4.3 lists null where an image has no name any more."""
    return LocalImage(
        id=each["Id"],
        references=tuple(normalise(tag) for tag in each.get("RepoTags") or []),
        digests=tuple(normalise(digest) for digest in each.get("RepoDigests") or []),
        labels=each.get("Labels") or {},
        created=float(each.get("Created") or 0),
    )


def image_config(inspected: Mapping[str, Any]) -> ImageConfig:
    """One image's own say."""
    config = inspected.get("Config") or {}
    return ImageConfig(
        id=inspected["Id"],
        user=config.get("User") or inspected.get("User") or "",
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        workdir=config.get("WorkingDir") or "",
        env=dict(inspection.pair(entry) for entry in config.get("Env") or []),
        volumes=tuple(sorted(config.get("Volumes") or {})),
    )


def any_engine(endpoint: str, version: str) -> Engine:
    """What holds for every Podman."""
    return Engine(
        backend="podman",
        endpoint=endpoint,
        version=version,
        added_capabilities_reach_users=True,
        health_on_demand=True,
        shared_pods=True,
        keeps_secrets=True,
    )


def engine(info: Mapping[str, Any], endpoint: str) -> Engine:
    """`/info`, as far as it decides anything. The id is where it keeps its containers: that is what makes it one."""
    host, store, security = info["host"], info.get("store") or {}, info["host"].get("security") or {}
    modules = {"apparmor": "apparmorEnabled", "seccomp": "seccompEnabled", "selinux": "selinuxEnabled"}
    return replace(
        any_engine(endpoint, (info.get("version") or {}).get("Version", "")),
        id=f"{host.get('hostname', '')}:{store.get('graphRoot', '')}",
        sub_paths=int(((info.get("version") or {}).get("Version") or "0").partition(".")[0]) >= 5,
        data_root=store.get("graphRoot") or "",
        storage=store.get("graphDriverName") or "",
        shows_env=True,
        rootless=bool(security.get("rootless")),
        cgroup_version=2 if host.get("cgroupVersion") == "v2" else 1,
        controllers=tuple(sorted(host.get("cgroupControllers") or ())),
        security_modules=tuple(name for name, key in modules.items() if security.get(key)),
        runtimes=tuple(filter(None, [(host.get("ociRuntime") or {}).get("name")])),
        milli_cpus=int(host.get("cpus") or 0) * 1000,
        default_capabilities=tuple(inspection.capabilities(filter(None, security.get("capabilities", "").split(",")))),
    )


POD_NETWORK = f"{ownership.PREFIX}network"
"""The label of a pod that says which network it was made with."""


def pod(inspected: Mapping[str, Any]) -> PodFacts:
    """A pod of `/pods/NAME/json`."""
    labels = inspected.get("Labels") or {}
    return PodFacts(ours=labels.get(ownership.MANAGED) == "true", network=labels.get(POD_NETWORK, ""))


def pod_network(document: Mapping[str, Any]) -> str:
    """The network that a rendered pod asks for: its mode, or its name."""
    return str(next(iter(document.get("networks") or {}), document["netns"]["nsmode"]))


def status(inspected: Mapping[str, Any], *, now: float | None = None) -> Status:
    """The `State` of an inspect, with the engine's clock. A health that is not checked is an empty text."""
    state = inspected["State"]
    health = (state.get("Health") or {}).get("Status")
    code = state.get("ExitCode")
    return Status(
        state="restarting" if now is not None and _restarts(inspected, now) else _STATES.get(state["Status"], "dead"),
        exit_code=code,
        oom_killed=bool(state.get("OOMKilled")),
        health=health if health in ("starting", "healthy", "unhealthy") else None,
        pid=state.get("Pid") or None,
        created=rfc3339(inspected.get("Created", "")),
        started=rfc3339(state.get("StartedAt", "")),
        error=state.get("Error") or "",
    )


def _restarts(inspected: Mapping[str, Any], now: float) -> bool:
    """Between an end and the next start Podman calls it exited; whoever stopped it by hand waits for more than this."""
    policy, state = inspected["HostConfig"].get("RestartPolicy") or {}, inspected["State"]
    finished = rfc3339(state.get("FinishedAt", ""))
    if _STATES.get(state["Status"]) != "exited" or finished is None or now - finished > _RESTART_SECONDS:
        return False
    if policy.get("Name") == "always":
        return True
    tries = policy.get("MaximumRetryCount") or 0
    left = not tries or inspected.get("RestartCount", 0) < tries
    return policy.get("Name") == "on-failure" and bool(state.get("ExitCode")) and left


def read(inspected: Mapping[str, Any], around: inspection.Pod | None = None) -> Observed:
    """One container in the spec's own words; `around` is the pod that it is in."""
    config, host = inspected["Config"], inspected["HostConfig"]
    found: dict[Key, Json] = {}
    for part in (
        inspection.read_process(config, inspected.get("ImageName") or config.get("Image") or ""),
        inspection.read_metadata(config),
        inspection.read_resources(host),
        inspection.read_network(inspected, config, host),
        inspection.read_mounts(inspected, config, host),
        secret_files.read(config),
        inspection.read_security(inspected, config, host),
        inspection.read_unexpected(host),
        raw_options.shown("podman", inspected),
        inspection.read_lifecycle(inspected, config, host),
    ):
        found.update({key: value for key, value in part.items() if value is not None})
    if around is not None:
        found = inspection.read_in_pod(found, inspected, around)
    return Observed(
        ref=inspected["Id"],
        name=inspected["Name"],
        labels=config.get("Labels") or {},
        image_id=inspected["Image"],
        status=status(inspected),
        fields=found,
        ports=inspection.published(host),
        file_volumes=file_volumes.in_use(inspected.get("Mounts") or []),
        filled_in=inspection.filled_in(found),
    )
