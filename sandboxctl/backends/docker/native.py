"""Docker's words into ours: the inverse of templates/docker/create.yaml.j2, checked by the contract suite. Pure.

Seen on Docker 20.10.24; what later versions show otherwise (26.1, 28.5) is named where it is handled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandboxctl import derive, fields, file_volumes, raw_options
from sandboxctl.backends.base import Engine, ImageConfig, Json, Key, Listed, LocalImage, Observed, RunState, Status
from sandboxctl.backends.docker import inspection
from sandboxctl.dataclass import replace
from sandboxctl.fields import Wanted
from sandboxctl.image_reference import normalise
from sandboxctl.spec import Sandbox
from sandboxctl.timestamps import rfc3339

HIDDEN: frozenset[Key] = frozenset(
    {
        ("image", "platform"),
        ("run",),
        ("lifecycle", "ttl"),
        ("lifecycle", "setup"),
        file_volumes.HIDDEN,
        ("network", "internal"),
        ("security", "fsGroup"),
        ("mounts", "*", "selinux"),
    }
)
"""What `docker inspect` cannot show; everything else is compared on every plan."""

DEFAULT_LOGGING: Json = {"driver": "json-file", "options": {"max-file": "1", "max-size": "10m"}}


def wanted(sandbox: Sandbox) -> Wanted:
    """The spec's fields as this engine shows them: annotations are labels, requests are shares."""
    generic = file_volumes.wanted(fields.wanted(sandbox), sandbox)
    values, paths = dict(generic.fields), dict(generic.paths)

    def move(old: Key, new: Key, value: Json) -> None:
        values.pop(old)
        values[new] = value
        paths[new] = paths[old]

    for key in list(values):
        if key[0] == "annotations":
            move(key, ("labels", key[1]), values[key])
    requested = sandbox.resources.requests.cpu
    if requested is not None:
        move(("resources", "requests", "cpu"), ("resources", "cpuShares"), max(2, requested * 1024 // 1000))
    groups = derive.groups(sandbox)
    if groups:
        values["security", "groups"] = list(groups)
        paths.setdefault(("security", "groups"), ("spec", "security", "groups"))
    if sandbox.security.privileged and sandbox.security.selinux is None:
        values["security", "selinux"] = {"disable": True}  # the engine's own addition
        paths["security", "selinux"] = ("spec", "security", "privileged")
    if sandbox.security.runtime == "default":
        values.pop(("security", "runtime"))
    else:
        values["security", "runtime"] = derive.runtime_program(sandbox.security.runtime)
    values["docker", "logging"] = _wanted_logging(sandbox)
    paths["docker", "logging"] = ("spec", "docker", "logging")
    for name, value in raw_options.written(sandbox, "docker").items():
        values["docker", "options", name] = value
    return replace(generic, fields=values, paths=paths)


def _wanted_logging(sandbox: Sandbox) -> Json:
    written = sandbox.docker.settings.get("logging")
    if not isinstance(written, Mapping):
        return DEFAULT_LOGGING
    return {"driver": cast("str", written.get("driver", "json-file")), "options": dict(written.get("options") or {})}


def listed(each: Mapping[str, Any]) -> Listed:
    """One entry of `/containers/json`."""
    names = [name.lstrip("/") for name in each.get("Names") or [] if "/" not in name.lstrip("/")]
    return Listed(
        ref=each["Id"],
        name=names[0] if names else each["Id"][:12],
        labels=each.get("Labels") or {},
        image_id=each.get("ImageID", ""),
        state=cast("RunState", each.get("State", "dead")),
        created=float(each["Created"]),
    )


def local_image(each: Mapping[str, Any]) -> LocalImage:
    """One entry of `/images/json`."""
    tags = [tag for tag in each.get("RepoTags") or [] if tag != "<none>:<none>"]
    digests = [digest for digest in each.get("RepoDigests") or [] if not digest.startswith("<none>")]
    return LocalImage(
        id=each["Id"],
        references=tuple(normalise(tag) for tag in tags),
        digests=tuple(normalise(digest) for digest in digests),
        labels=each.get("Labels") or {},
        created=float(each.get("Created") or 0),
    )


def image_config(inspected: Mapping[str, Any]) -> ImageConfig:
    """One image's own say."""
    config = inspected.get("Config") or {}
    return ImageConfig(
        id=inspected["Id"],
        user=config.get("User") or "",
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        workdir=config.get("WorkingDir") or "",
        env=dict(inspection.pair(entry) for entry in config.get("Env") or []),
        volumes=tuple(sorted(config.get("Volumes") or {})),
        labels=config.get("Labels") or {},
    )


def engine(info: Mapping[str, Any]) -> Engine:
    """`/info`, as far as it decides anything."""
    options = [option for option in info.get("SecurityOptions") or [] if option.startswith("name=")]
    modules = tuple(sorted(option.removeprefix("name=").partition(",")[0] for option in options))
    return Engine(
        backend="docker",
        endpoint="",
        version=info.get("ServerVersion", ""),
        id=info.get("ID", ""),
        rootless="rootless" in modules,
        cgroup_version=2 if info.get("CgroupVersion") == "2" else 1,
        security_modules=modules,
        runtimes=tuple(sorted(info.get("Runtimes") or {})),
        data_root=info.get("DockerRootDir") or "",
        storage=info.get("Driver") or "",
        shows_env=True,
        adds_nothing=True,
        milli_cpus=int(info.get("NCPU") or 0) * 1000,
    )


def status(inspected: Mapping[str, Any]) -> Status:
    """The `State` of an inspect."""
    state = inspected["State"]
    health = (state.get("Health") or {}).get("Status")
    return Status(
        state=cast("RunState", state["Status"]),
        exit_code=state.get("ExitCode"),
        oom_killed=bool(state.get("OOMKilled")),
        health=health if health in ("starting", "healthy", "unhealthy") else None,
        pid=state.get("Pid") or None,
        created=rfc3339(inspected.get("Created", "")),
        started=rfc3339(state.get("StartedAt", "")),
        error=state.get("Error") or "",
    )


def read(inspected: Mapping[str, Any]) -> Observed:
    """One container in the spec's own words."""
    config, host = inspected["Config"], inspected["HostConfig"]
    labels = config.get("Labels") or {}
    found: dict[Key, Json] = {}
    for part in (
        inspection.read_process(config),
        inspection.read_labels(labels),
        inspection.read_resources(host),
        inspection.read_network(inspected, config, host),
        inspection.read_mounts(inspected, host),
        inspection.read_security(config, host),
        inspection.read_unexpected(config, host),
        raw_options.shown("docker", inspected),
        inspection.read_lifecycle(config, host),
    ):
        found.update({key: value for key, value in part.items() if value is not None})
    return Observed(
        ref=inspected["Id"],
        name=inspected["Name"].lstrip("/"),
        labels=labels,
        image_id=inspected["Image"],
        status=status(inspected),
        fields=found,
        ports=inspection.published(inspected),
        file_volumes=file_volumes.in_use(inspected.get("Mounts") or []),
    )
