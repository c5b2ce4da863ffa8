"""The parts of a pod and of what is around it, each as spec fields: the inverse of templates/kubernetes. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sandboxctl.backends.base import Json, Key
from sandboxctl.backends.kubernetes import passed_on, policies, quantities
from sandboxctl.backends.kubernetes.condition import SANDBOX
from sandboxctl.dataclass import dataclass, field
from sandboxctl.image_reference import normalise
from sandboxctl.ownership import PREFIX

_RESTART = {"Never": "never", "OnFailure": "on-failure", "Always": "always"}
_PROPAGATION = {None: "rprivate", "None": "rprivate", "HostToContainer": "rslave", "Bidirectional": "rshared"}
_SECCOMP = {"RuntimeDefault": "default", "Unconfined": "unconfined", None: "unconfined"}
_RUNTIME_SHM = 64 * 2**20
_NO_RESOLVER = ["127.0.0.1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What belongs to a pod and stands beside it: every policy of the namespace, and what is the pod's own."""

    policies: Sequence[Mapping[str, Any]] = ()
    config_map: Mapping[str, Any] | None = None
    secret: Mapping[str, Any] | None = field(default=None, repr=False)
    service: Mapping[str, Any] | None = None


def container(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    """The sandbox's own container; of a stranger's pod the first."""
    found = pod["spec"].get("containers") or [{}]
    return next((each for each in found if each.get("name") == SANDBOX), found[0])


def read_process(found: Mapping[str, Any], around: Surroundings) -> dict[Key, Json]:
    """What runs, with what environment."""
    values: dict[Key, Json] = {
        ("image",): normalise(str(found.get("image", ""))),
        ("command",): _literal(found.get("command")),
        ("args",): _literal(found.get("args")),
        ("workdir",): found.get("workingDir"),
        ("tty",): bool(found.get("tty")),
        ("stdin",): bool(found.get("stdin")),
    }
    for each in found.get("env") or []:
        values["env", each["name"]] = _variable(each, around)
    return values


def _literal(words: Sequence[str] | None) -> Json:
    return [_text(word) for word in words] if words else None


def _text(text: str) -> str:
    """Without the doubling that keeps a dollar sign from being a reference."""
    return text.replace("$$", "$") if "$$" in text else text


def _variable(each: Mapping[str, Any], around: Surroundings) -> Json:
    source = each.get("valueFrom")
    if source is None:
        return _text(each.get("value") or "")
    secret, config = source.get("secretKeyRef"), source.get("configMapKeyRef")
    if secret and around.secret is not None and secret["name"] == around.secret["metadata"]["name"]:
        return plain(around.secret, secret["key"])
    if secret:
        return {"secret": secret["name"], "key": secret["key"]}
    return {"configMap": config["name"], "key": config["key"]} if config else "from the pod itself"


def plain(secret: Mapping[str, Any], key: str) -> str | None:
    """A value of a Secret; None where it is not there, or no text."""
    data = (secret.get("data") or {}).get(key)
    try:
        return None if data is None else base64.b64decode(data).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def read_metadata(metadata: Mapping[str, Any]) -> dict[Key, Json]:
    """Labels and annotations without our own."""
    return {
        (kind, name): text
        for kind in ("labels", "annotations")
        for name, text in (metadata.get(kind) or {}).items()
        if not name.startswith(PREFIX)
    }


def read_resources(spec: Mapping[str, Any], found: Mapping[str, Any], status: Mapping[str, Any]) -> dict[Key, Json]:
    """What holds, not what is asked for: a resize may be on its way, or never come."""
    running: Mapping[str, Any] = next(
        (each for each in status.get("containerStatuses") or [] if each.get("name") == SANDBOX), {}
    )
    amounts = running.get("resources") or found.get("resources") or {}
    limits, requests = amounts.get("limits") or {}, amounts.get("requests") or {}
    base = ("resources",)
    shm = next((each for each in spec.get("volumes") or [] if each["name"] == "shm" and "emptyDir" in each), None)
    return {
        (*base, "cpu"): quantities.milli(limits.get("cpu")),
        (*base, "memory"): quantities.whole(limits.get("memory")),
        (*base, "disk"): quantities.whole(limits.get("ephemeral-storage")),
        (*base, "gpus"): quantities.whole(limits.get("nvidia.com/gpu")),
        (*base, "requests", "cpu"): quantities.milli(requests.get("cpu")),
        (*base, "requests", "memory"): quantities.whole(requests.get("memory")),
        (*base, "shm"): _RUNTIME_SHM if shm is None else quantities.whole(shm["emptyDir"].get("sizeLimit")),
    }


def read_network(pod: Mapping[str, Any], around: Surroundings) -> dict[Key, Json]:
    """The network, its policy, names."""
    spec = pod["spec"]
    dns = spec.get("dnsConfig") or {}
    base = ("network",)
    values: dict[Key, Json] = {
        (*base, "dns", "servers"): dns.get("nameservers") if dns.get("nameservers") != _NO_RESOLVER else None,
        (*base, "dns", "search"): dns.get("searches") or None,
        (*base, "dns", "options"): _options(dns.get("options")),
        (*base, "ports"): _ports(around.service),
    }
    if spec.get("hostNetwork"):
        return {**values, (*base, "mode"): "host"}
    values[(*base, "hostname")] = spec.get("hostname")
    for alias in spec.get("hostAliases") or []:
        values |= {(*base, "hosts", name): alias["ip"] for name in alias["hostnames"]}
    sight = policies.sight(pod, around.policies)
    values[(*base, "mode")] = "none" if sight.egress == () else "bridge"
    values[(*base, "egress")] = cast("Json", list(sight.egress)) if sight.egress else None
    values[(*base, "ingress")] = None if sight.closed else "open"
    values[(*base, "opened-by")] = cast("Json", list(sight.opened_by)) or None
    return values


def _options(options: Iterable[Mapping[str, str]] | None) -> Json:
    words: list[Json] = [
        f"{each['name']}:{each['value']}" if each.get("value") else each["name"] for each in options or ()
    ]
    return words or None


def _ports(service: Mapping[str, Any] | None) -> Json:
    found = [
        (int(each["targetPort"]), str(each.get("protocol") or "TCP").lower(), int(each["port"]))
        for each in (service or {}).get("spec", {}).get("ports") or []
    ]
    return [
        {"container": target, "host": port, "protocol": protocol} for target, protocol, port in sorted(found)
    ] or None


def published(service: Mapping[str, Any] | None) -> tuple[str, ...]:
    """`10.96.0.7:80->8080/tcp`: where the Service is."""
    spec = (service or {}).get("spec", {})
    return tuple(
        f"{spec.get('clusterIP')}:{each['port']}->{each['targetPort']}/{each.get('protocol', 'TCP').lower()}"
        for each in spec.get("ports") or []
    )


def read_mounts(spec: Mapping[str, Any], found: Mapping[str, Any], around: Surroundings) -> dict[Key, Json]:
    """Each mount by its target."""
    volumes = {each["name"]: each for each in spec.get("volumes") or []}
    values: dict[Key, Json] = {}
    for mount in found.get("volumeMounts") or []:
        volume = volumes.get(mount["name"], {})
        if mount["name"] == "shm" or "projected" in volume:  # the second is the service account's token
            continue
        for name, value in _mount(mount, volume, around).items():
            values["mounts", mount["mountPath"], name] = value
    return values


def _mount(mount: Mapping[str, Any], volume: Mapping[str, Any], around: Surroundings) -> dict[str, Json]:
    read_only = bool(mount.get("readOnly"))
    match volume:
        case {"emptyDir": empty} if not passed_on.is_added(volume):
            medium = None if empty.get("medium") == "Memory" else "disk"
            return {"type": "tmpfs", "size": quantities.whole(empty.get("sizeLimit")), "medium": medium}
        case {"persistentVolumeClaim": claim}:
            source = claim["claimName"]
            return {"type": "volume", "source": source, "readOnly": read_only, "subPath": mount.get("subPath")}
        case {"hostPath": path}:
            propagation = _PROPAGATION.get(mount.get("mountPropagation"))
            return {"type": "bind", "source": path["path"], "readOnly": read_only, "propagation": propagation}
        case {"configMap": source} if volume["name"] == "files":
            return _file(mount, source, (around.config_map or {}).get("data") or {})
        case {"secret": source} if volume["name"] == "secrets":
            return _sensitive_file(mount, source, around.secret or {})
        case {"configMap": source}:
            return {"type": "configMap", "name": source["name"], "items": _items(source)}
        case {"secret": source}:
            return {"type": "secret", "name": source["secretName"], "items": _items(source)}
        case _:
            return {"type": passed_on.kind(volume), "source": mount["name"], "readOnly": read_only}


def _file(mount: Mapping[str, Any], source: Mapping[str, Any], data: Mapping[str, str]) -> dict[str, Json]:
    text = data.get(mount.get("subPath", ""))
    digest = None if text is None else "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return {"type": "file", "content": digest, "mode": _mode(mount, source)}


def _sensitive_file(mount: Mapping[str, Any], source: Mapping[str, Any], secret: Mapping[str, Any]) -> dict[str, Json]:
    return {"type": "file", "content": plain(secret, mount.get("subPath", "")), "mode": _mode(mount, source)}


def _mode(mount: Mapping[str, Any], source: Mapping[str, Any]) -> str | None:
    modes = {each["key"]: each.get("mode") for each in source.get("items") or []}
    mode = modes.get(mount.get("subPath"))
    return None if mode is None else f"{mode:04o}"


def _items(source: Mapping[str, Any]) -> Json:
    return {each["key"]: each["path"] for each in source.get("items") or []}


def read_security(spec: Mapping[str, Any], found: Mapping[str, Any]) -> dict[Key, Json]:
    """Who it is, and what it may do."""
    pod, own = spec.get("securityContext") or {}, found.get("securityContext") or {}
    both = {**pod, **own}
    base = ("security",)
    capabilities = own.get("capabilities") or {}
    values: dict[Key, Json] = {
        (*base, "user"): both.get("runAsUser"),
        (*base, "group"): both.get("runAsGroup"),
        (*base, "groups"): cast("Json", sorted(pod.get("supplementalGroups") or ())) or None,
        (*base, "fsGroup"): pod.get("fsGroup"),
        (*base, "readOnlyRoot"): bool(own.get("readOnlyRootFilesystem")),
        (*base, "capabilities", "drop"): _names(capabilities.get("drop")),
        (*base, "capabilities", "add"): _names(capabilities.get("add")),
        (*base, "noNewPrivileges"): own.get("allowPrivilegeEscalation") is False,
        (*base, "seccomp"): _seccomp(both.get("seccompProfile") or {}),
        (*base, "apparmor"): _apparmor(both.get("appArmorProfile") or {}),
        (*base, "selinux"): both.get("seLinuxOptions") or None,
        (*base, "userNamespace"): {True: "host", False: "auto", None: None}[spec.get("hostUsers")],
        (*base, "runtime"): spec.get("runtimeClassName"),
        (*base, "privileged"): bool(own.get("privileged")),
    }
    for each in pod.get("sysctls") or []:
        values[(*base, "sysctls", each["name"])] = each["value"]
    for name in ("hostPID", "hostIPC"):
        values["kubernetes", name] = True if spec.get(name) else None
    return values


def _names(names: Iterable[str] | None) -> list[Json]:
    return cast("list[Json]", sorted(name.upper().removeprefix("CAP_") for name in names or ()))


def _seccomp(profile: Mapping[str, Any]) -> str:
    kind = profile.get("type")
    return f"localhost:{profile.get('localhostProfile')}" if kind == "Localhost" else _SECCOMP[kind]


def _apparmor(profile: Mapping[str, Any]) -> str | None:
    kind = profile.get("type")
    return "unconfined" if kind == "Unconfined" else profile.get("localhostProfile")


def read_lifecycle(spec: Mapping[str, Any], found: Mapping[str, Any]) -> dict[Key, Json]:
    """How it is stopped, restarted and checked."""
    base = ("lifecycle",)
    grace, deadline = spec.get("terminationGracePeriodSeconds"), spec.get("activeDeadlineSeconds")
    values: dict[Key, Json] = {
        (*base, "ttl"): None if deadline is None else deadline * 1000,
        (*base, "stopGrace"): None if grace is None else grace * 1000,
        (*base, "init"): bool(spec.get("shareProcessNamespace")),
        (*base, "restart", "policy"): _RESTART.get(spec.get("restartPolicy", "Always")),
    }
    probe = found.get("readinessProbe")
    if probe is not None:
        values |= {
            ("health", "command"): _literal((probe.get("exec") or {}).get("command")),
            ("health", "interval"): probe.get("periodSeconds", 10) * 1000,
            ("health", "timeout"): probe.get("timeoutSeconds", 1) * 1000,
            ("health", "retries"): probe.get("failureThreshold", 3),
            ("health", "startPeriod"): probe.get("initialDelaySeconds", 0) * 1000,
        }
    return values
