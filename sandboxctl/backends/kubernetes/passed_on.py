"""What a spec says of a pod in Kubernetes' own words (`kubernetes.*`), flat on both sides of a comparison. Pure.

Compared leaf by leaf, since the server fills in defaults beside what was asked for, and admission adds to it (a runtime
class its node selector and tolerations, a namespace its own): what is only live counts only where it was ours once, see
`fields.OURS_ALONE`. On a live pod tolerations alone can change, and who changed them stands with the pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sandboxctl import pod_patch
from sandboxctl.backends.base import Json, Key
from sandboxctl.backends.kubernetes import quantities
from sandboxctl.backends.kubernetes.api import FIELD_MANAGER
from sandboxctl.problems import Path

_SECTION: Path = ("spec", "kubernetes")
_OWN_VOLUME = re.compile(r"mount-[0-9]+|files|secrets|shm|workdir")
_TREES = {"affinity": "affinity", "topologySpread": "topologySpreadConstraints"}
_BY_THE_SERVER = {"schedulerName": "default-scheduler", "preemptionPolicy": "PreemptLowerPriority"}
_OF_THE_POD = ("schedulerName", "preemptionPolicy", "subdomain", "setHostnameAsFQDN", "readinessGates")
_OF_THE_CONTAINER = ("envFrom", "lifecycle", "livenessProbe", "startupProbe", "stdinOnce")
_AMOUNTS = ("limits", "requests")
_RENDERED_AMOUNTS = ("cpu", "memory", "ephemeral-storage", "nvidia.com/gpu")
_EVERY_POD_TOLERATES = tuple(f"node.kubernetes.io/{what} Exists NoExecute 300" for what in ("not-ready", "unreachable"))

Entry = tuple[Key, Json, Path]


def wanted(settings: Mapping[str, object]) -> Iterator[Entry]:
    """The section as it can be compared, each leaf with its place in the spec."""
    for name in ("priorityClass", "serviceAccount"):
        if name in settings:
            yield ("kubernetes", name), cast("Json", settings[name]), (*_SECTION, name)
    for index, secret in enumerate(_list(settings.get("imagePullSecrets"))):
        yield ("kubernetes", "imagePullSecrets", str(secret)), True, (*_SECTION, "imagePullSecrets", index)
    for index, each in enumerate(_list(settings.get("tolerations"))):
        text = toleration(each)
        if text not in _EVERY_POD_TOLERATES:
            yield ("kubernetes", "tolerations", text), True, (*_SECTION, "tolerations", index)
    for name in _TREES:
        yield from _leaves(settings.get(name), ("kubernetes", name), (*_SECTION, name))
    yield from _added(settings.get("pod"))


def _added(pod: object) -> Iterator[Entry]:
    """What `kubernetes.pod` adds; its mounts as every mount is shown."""
    yield from _leaves(pod, ("kubernetes", "pod"), (*_SECTION, "pod"))
    for path, target, name, kind in pod_patch.mounts(pod):
        read_only = _at(pod, path).get("readOnly") is True
        for part, value in (("type", kind), ("source", name), ("readOnly", read_only)):
            yield ("mounts", target, part), value, path


def _at(pod: object, path: Path) -> Mapping[str, Any]:
    found: Any = pod
    for part in path[len(_SECTION) + 1 :]:
        found = found[part]
    return cast("Mapping[str, Any]", found)


def read(pod: Mapping[str, Any]) -> dict[Key, Json]:
    """The same of a live pod."""
    spec = pod["spec"]
    account = spec.get("serviceAccountName")
    values: dict[Key, Json] = {
        ("kubernetes", "serviceAccount"): None if account == "default" else account,
        ("kubernetes", "serviceAccountToken"): None if spec.get("automountServiceAccountToken") is False else True,
        ("kubernetes", "priorityClass"): spec.get("priorityClassName"),
        ("kubernetes", "tolerationsChangedBy"): _changed_by(pod),
    }
    values |= {("kubernetes", "nodeSelector", name): text for name, text in (spec.get("nodeSelector") or {}).items()}
    for each in spec.get("imagePullSecrets") or []:
        values["kubernetes", "imagePullSecrets", each.get("name", "")] = True
    for each in spec.get("tolerations") or []:
        if (text := toleration(each)) not in _EVERY_POD_TOLERATES:
            values["kubernetes", "tolerations", text] = True
    for name, field in _TREES.items():
        values |= {key: value for key, value, _ in _leaves(spec.get(field), ("kubernetes", name), ())}
    values |= {key: value for key, value, _ in _leaves(_addable(spec), ("kubernetes", "pod"), ())}
    return values


def _addable(spec: Mapping[str, Any]) -> dict[str, Json]:
    """The part of a live pod that `kubernetes.pod` could have brought."""
    part: dict[str, Any] = {
        name: spec[name] for name in _OF_THE_POD if name in spec and spec[name] != _BY_THE_SERVER.get(name)
    }
    part["volumes"] = [each for each in spec.get("volumes") or [] if is_added(each)]
    part["containers"] = [_addable_of_container(each, spec) for each in spec.get("containers") or []]
    return {"spec": cast("Json", part)}


def _addable_of_container(container: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    added = {each["name"] for each in spec.get("volumes") or [] if is_added(each)}
    part: dict[str, Any] = {name: container[name] for name in _OF_THE_CONTAINER if name in container}
    part["name"] = container["name"]
    part["env"] = [each for each in container.get("env") or [] if _is_of_the_pod(each)]
    part["volumeMounts"] = [each for each in container.get("volumeMounts") or [] if each["name"] in added]
    resources = container.get("resources") or {}
    part["resources"] = {
        kind: {name: text for name, text in (resources.get(kind) or {}).items() if name not in _RENDERED_AMOUNTS}
        for kind in _AMOUNTS
    }
    return part


def _is_of_the_pod(variable: Mapping[str, Any]) -> bool:
    source = variable.get("valueFrom") or {}
    return "fieldRef" in source or "resourceFieldRef" in source


def is_added(volume: Mapping[str, Any]) -> bool:
    """Whether a volume of a pod is none that a mount of the spec renders, and not the service account's token."""
    return bool(volume) and not _OWN_VOLUME.fullmatch(str(volume["name"])) and "projected" not in volume


def kind(volume: Mapping[str, Any]) -> str:
    """`csi`, `nfs`, …: what a volume is."""
    return next((name for name in volume if name != "name"), "unknown")


def toleration(written: Mapping[str, Any]) -> str:
    """One toleration in a line; a spec may leave out the operator, a server does not fill it in."""
    seconds = written.get("tolerationSeconds")
    parts = (
        written.get("key"), written.get("operator") or "Equal", written.get("value"), written.get("effect"),
        None if seconds is None else str(seconds),
    )  # fmt: skip
    return " ".join(part for part in parts if part)


def _changed_by(pod: Mapping[str, Any]) -> str | None:
    """Who else has written the list of tolerations, which is one field; what admission adds is under our name."""
    for each in pod["metadata"].get("managedFields") or []:
        if "f:tolerations" in ((each.get("fieldsV1") or {}).get("f:spec") or {}) and each["manager"] != FIELD_MANAGER:
            return str(each["manager"])
    return None


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _leaves(value: object, key: Key, path: Path) -> Iterator[Entry]:
    """Every leaf; the entries of a list by name where they have one (of mounts, by target), else by position."""
    match value:
        case dict():
            for name, part in value.items():
                yield from _leaves(_amount(part, name, key), (*key, name), (*path, name))
        case list():
            for index, part in enumerate(value):
                yield from _leaves(_nameless(part), (*key, _name(part, index)), (*path, index))
        case bool() | int() | str():
            yield key, value, path
        case _:
            return


def _name(entry: object, index: int) -> str:
    found = (entry.get("mountPath") or entry.get("name")) if isinstance(entry, dict) else None
    return str(found) if found else str(index)


def _nameless(entry: object) -> object:
    """Without what the key says already."""
    return {name: part for name, part in entry.items() if name != "name"} if isinstance(entry, dict) else entry


def _amount(value: object, name: str, key: Key) -> object:
    """Quantities as numbers: the server writes `1024Mi` as `1Gi`."""
    if not isinstance(value, int | str) or isinstance(value, bool) or not (key[-1] in _AMOUNTS or name == "sizeLimit"):
        return value
    amount = quantities.milli(value)
    return value if amount is None else amount
