"""`kubernetes.pod`: what of a Pod a spec may add by itself, and the merge. Pure.

The list is closed: what a field of the spec renders is that field's alone, and what would take a control away (another
container, a host namespace, a host path) cannot be said here at all, since nothing would prove what is left. In what is
open the server's own strict validation holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from sandboxctl.backends.base import Json
from sandboxctl.dataclass import dataclass
from sandboxctl.problems import Path, dotted, suggestion

CONTAINER = "sandbox"
_BASE: Path = ("spec", "kubernetes", "pod")
_OWN_VOLUME = re.compile(r"mount-[0-9]+|files|secrets|shm")

Shape = str | Mapping[str, "Shape"] | tuple["Shape"]
"""A kind of value, a mapping with these keys and no others, or a list of entries that merge by name."""

_TEXT, _FLAG, _LIST, _MAPPING, _RESOURCES = "text", "true or false", "a list", "a mapping", "extended resources"
KINDS = ("emptyDir", "ephemeral", "csi", "image", "downwardAPI")
"""The kinds of volume that bring nothing of the node into the pod."""

_SHAPE: Shape = {
    "spec": {
        "schedulerName": _TEXT,
        "preemptionPolicy": _TEXT,
        "subdomain": _TEXT,
        "setHostnameAsFQDN": _FLAG,
        "readinessGates": _LIST,
        "volumes": ({"name": _TEXT, **dict.fromkeys(KINDS, _MAPPING)},),
        "containers": (
            {
                "name": _TEXT,
                "env": ({"name": _TEXT, "valueFrom": {"fieldRef": _MAPPING, "resourceFieldRef": _MAPPING}},),
                "envFrom": _LIST,
                "resources": {"limits": _RESOURCES, "requests": _RESOURCES},
                "volumeMounts": (
                    {"name": _TEXT, "mountPath": _TEXT, "subPath": _TEXT, "subPathExpr": _TEXT, "readOnly": _FLAG},
                ),
                "lifecycle": _MAPPING,
                "livenessProbe": _MAPPING,
                "startupProbe": _MAPPING,
                "stdinOnce": _FLAG,
            },
        ),
    }
}

_RENDERED: Mapping[str, str] = {
    "apiVersion": "apiVersion",
    "kind": "kind",
    "metadata": "metadata",
    "spec.restartPolicy": "lifecycle.restart",
    "spec.terminationGracePeriodSeconds": "lifecycle.stopGrace",
    "spec.activeDeadlineSeconds": "lifecycle.ttl",
    "spec.automountServiceAccountToken": "security.allow: [service-account-token]",
    "spec.serviceAccountName": "kubernetes.serviceAccount",
    "spec.serviceAccount": "kubernetes.serviceAccount",
    "spec.imagePullSecrets": "kubernetes.imagePullSecrets",
    "spec.nodeSelector": "kubernetes.nodeSelector",
    "spec.nodeName": "kubernetes.nodeSelector",
    "spec.affinity": "kubernetes.affinity",
    "spec.tolerations": "kubernetes.tolerations",
    "spec.priorityClassName": "kubernetes.priorityClass",
    "spec.priority": "kubernetes.priorityClass",
    "spec.topologySpreadConstraints": "kubernetes.topologySpread",
    "spec.runtimeClassName": "security.runtime",
    "spec.hostUsers": "security.userNamespace",
    "spec.hostNetwork": "network.mode",
    "spec.hostname": "network.hostname",
    "spec.dnsPolicy": "network.dns",
    "spec.dnsConfig": "network.dns",
    "spec.hostAliases": "network.hosts",
    "spec.shareProcessNamespace": "lifecycle.init",
    "spec.securityContext": "security",
    "spec.initContainers": "lifecycle.setup",
    "spec.containers.image": "image",
    "spec.containers.imagePullPolicy": "image.pull",
    "spec.containers.command": "command",
    "spec.containers.args": "args",
    "spec.containers.workingDir": "workdir",
    "spec.containers.tty": "tty",
    "spec.containers.stdin": "stdin",
    "spec.containers.ports": "network.ports",
    "spec.containers.readinessProbe": "health",
    "spec.containers.securityContext": "security",
    "spec.containers.env.value": "env",
    "spec.containers.env.valueFrom.secretKeyRef": "env",
    "spec.containers.env.valueFrom.configMapKeyRef": "env",
    "spec.containers.resources.limits.cpu": "resources.cpu",
    "spec.containers.resources.limits.memory": "resources.memory",
    "spec.containers.resources.limits.ephemeral-storage": "resources.disk",
    "spec.containers.resources.limits.nvidia.com/gpu": "resources.gpus",
    "spec.containers.resources.requests.cpu": "resources.requests.cpu",
    "spec.containers.resources.requests.memory": "resources.requests.memory",
    "spec.containers.resources.requests.ephemeral-storage": "resources.disk",
    "spec.containers.resources.requests.nvidia.com/gpu": "resources.gpus",
    "spec.volumes.configMap": "mounts",
    "spec.volumes.secret": "mounts",
    "spec.volumes.persistentVolumeClaim": "mounts",
    "spec.volumes.hostPath": "mounts",
}
"""What a field of the spec renders, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that `kubernetes.pod` may not say: `at_key` where the key itself is meant."""

    code: str
    path: Path
    message: str
    hint: str | None = None
    at_key: bool = False


def faults(pod: object) -> Iterator[Fault]:
    """Everything that may not be said, by its place in the spec."""
    yield from _judge(pod, _SHAPE, _BASE, "")
    yield from _names(pod)


def _judge(value: object, shape: Shape, path: Path, name: str) -> Iterator[Fault]:
    """`name` is the path without indexes, as `_RENDERED` has it."""
    if isinstance(shape, str):
        yield from _judge_kind(value, shape, path, name)
    elif isinstance(shape, tuple):
        yield from _judge_list(value, shape[0], path, name)
    elif not isinstance(value, Mapping):
        yield _wrong(path, _MAPPING)
    else:
        for key, part in value.items():
            below = f"{name}.{key}" if name else key
            if key in shape:
                yield from _judge(part, shape[key], (*path, key), below)
            else:
                yield _unknown((*path, key), key, below, shape)


def _judge_kind(value: object, kind: str, path: Path, name: str) -> Iterator[Fault]:
    match kind:
        case "extended resources" if isinstance(value, Mapping):
            for key in value:
                if "/" not in key or f"{name}.{key}" in _RENDERED:
                    yield _unknown((*path, key), key, f"{name}.{key}", {})
        case "text" if isinstance(value, str):
            return
        case "true or false" if isinstance(value, bool):
            return
        case "a list" if isinstance(value, list):
            return
        case "a mapping" if isinstance(value, Mapping):
            return
        case _:
            yield _wrong(path, _MAPPING if kind == _RESOURCES else kind)


def _judge_list(value: object, shape: Shape, path: Path, name: str) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield _wrong(path, _LIST)
        return
    for index, entry in enumerate(value):
        yield from _judge(entry, shape, (*path, index), name)
        if isinstance(entry, Mapping) and not isinstance(entry.get("name"), str):
            place = (*path, index)
            yield Fault(code="missing-key", path=place, message=f"{dotted(place)} has no `name`, by which it is merged")


def _wrong(path: Path, kind: str) -> Fault:
    return Fault(code="wrong-type", path=path, message=f"{dotted(path)} must be {kind}")


def _unknown(path: Path, key: str, name: str, shape: Mapping[str, Shape]) -> Fault:
    """Of a Pod's own fields at the wrong level the right one is meant."""
    rendered = _RENDERED.get(name) or _RENDERED.get(f"spec.{name}")
    if rendered is not None:
        message, hint = f"{dotted(path)} is what `{rendered}` of the spec says", f"write `{rendered}`"
        return Fault(code="pod-field", path=path, message=message, hint=hint, at_key=True)
    message = f"{dotted(path)} is not among what a spec may add to a pod by itself"
    near = suggestion(key, shape)
    hint = f"did you mean `{near}`?" if near else f"these can be added here: {', '.join(shape) or 'VENDOR/RESOURCE'}"
    return Fault(code="pod-field", path=path, message=message, hint=hint, at_key=True)


def _entries(value: object, *keys: str) -> Iterator[tuple[Path, Mapping[str, object]]]:
    """The named entries of a list, with their places."""
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            yield (*keys, index), entry


def _names(pod: object) -> Iterator[Fault]:
    """Whose entries these are: our container, and volumes that are not ours."""
    added = {str(entry["name"]) for _, entry in _entries(pod, "spec", "volumes")}
    for where, volume in _entries(pod, "spec", "volumes"):
        path = (*_BASE, *where, "name")
        if _OWN_VOLUME.fullmatch(str(volume["name"])):
            yield Fault(code="pod-field", path=path, message=f"{dotted(path)}: `{volume['name']}` is a name of ours",
                        hint="choose another")  # fmt: skip
        if sum(kind in volume for kind in KINDS) != 1 and set(volume) <= {"name", *KINDS}:
            place = (*_BASE, *where)
            yield Fault(code="missing-key", path=place, message=f"{dotted(place)} needs one of {', '.join(KINDS)}")
    for where, container in _entries(pod, "spec", "containers"):
        if container["name"] != CONTAINER:
            path = (*_BASE, *where, "name")
            yield Fault(code="pod-field", path=path, message=f"{dotted(path)}: a pod has one container, `{CONTAINER}`",
                        hint="another would be no part of what is proved: make it a sandbox of its own")  # fmt: skip
        for inner, mount in _entries(container, "volumeMounts"):
            if mount["name"] not in added:
                path = (*_BASE, *where, *inner, "name")
                yield Fault(code="pod-field", path=path, hint="add it to kubernetes.pod.spec.volumes",
                            message=f"{dotted(path)}: there is no volume `{mount['name']}` here")  # fmt: skip


def mounts(pod: object) -> Iterator[tuple[Path, str, str, str]]:
    """Each mount that is added: its place in the spec, target, volume and the volume's kind."""
    kinds = {
        str(volume["name"]): next((kind for kind in KINDS if kind in volume), "")
        for _, volume in _entries(pod, "spec", "volumes")
    }
    for where, container in _entries(pod, "spec", "containers"):
        for inner, mount in _entries(container, "volumeMounts"):
            name = str(mount["name"])
            yield (*_BASE, *where, *inner), str(mount.get("mountPath", "")), name, kinds.get(name, "")


def variables(pod: object) -> Iterator[tuple[Path, str]]:
    """Each variable that is added."""
    for where, container in _entries(pod, "spec", "containers"):
        for inner, variable in _entries(container, "env"):
            yield (*_BASE, *where, *inner), str(variable["name"])


def merge(document: Mapping[str, Json], pod: Mapping[str, Json]) -> dict[str, Json]:
    """Maps merge, lists of maps by `name`, other lists replace."""
    merged = dict(document)
    for key, value in pod.items():
        below = merged.get(key)
        match below, value:
            case dict(), dict():
                merged[key] = merge(below, value)
            case list(), list() if _are_named(value):
                merged[key] = _merge_named(below, value)
            case _:
                merged[key] = value
    return merged


def _are_named(entries: Sequence[Json]) -> bool:
    return all(isinstance(entry, dict) and "name" in entry for entry in entries)


def _merge_named(ours: Sequence[Json], theirs: Sequence[Json]) -> list[Json]:
    """Entries of a name become one; those of mounts by their target too, since a volume can be mounted twice."""
    merged = list(ours)
    for entry in cast("Sequence[dict[str, Json]]", theirs):
        found = next((index for index, each in enumerate(merged) if _same(cast("dict[str, Json]", each), entry)), None)
        if found is None:
            merged.append(entry)
        else:
            merged[found] = merge(cast("dict[str, Json]", merged[found]), entry)
    return merged


def _same(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return one.get("name") == other["name"] and one.get("mountPath") == other.get("mountPath")
