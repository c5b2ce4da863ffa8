"""Model → the backend's own words: a Payload, by the backend's templates, and its printed form.

A spec value is data, never template source (`template`), and the result is checked against the closed payload schema
(`payload`). What a backend cannot do is refused before (`capabilities.refusals`), so nothing here asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from sandboxctl import derive, payload, template, yaml_text
from sandboxctl.backends.base import Json, Payload
from sandboxctl.errors import InvalidError
from sandboxctl.spec import (
    BindMount,
    FileMount,
    KeyReference,
    ObjectMount,
    Port,
    Resources,
    Sandbox,
    Secret,
    SecretDigest,
    Selinux,
    TmpfsMount,
    VolumeMount,
)

PREFIX = "sandboxctl.dev/"
MASK = "(sensitive)"

_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "docker": ("docker/create.yaml.j2",),
    "podman": ("podman/create.yaml.j2",),
    "kubernetes": (
        "kubernetes/networkpolicy.yaml.j2",
        "kubernetes/persistentvolumeclaim.yaml.j2",
        "kubernetes/configmap.yaml.j2",
        "kubernetes/secret.yaml.j2",
        "kubernetes/pod.yaml.j2",
        "kubernetes/service.yaml.j2",
    ),
}
"""In the order of creation. Each renders one document, or a list of them that may be empty."""

_Show = Callable[[Secret], str]


def render(
    sandbox: Sandbox,
    backend: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    user: tuple[int, int] | None = None,
) -> Payload:
    """The payload of one sandbox.

    `labels` and `annotations` are sandboxctl's own (`sandboxctl.dev/…`); its name and project are always there.
    `user` is what the image's own user turned out to be, uid and gid, where the spec leaves it to the image: the owner
    of the tmpfs mounts. Without it they have none, which on an engine means root.
    Raises TemplateError where a template says what the payload schema does not allow.
    """
    values = _values(sandbox, backend, user)
    values["labels"] = {**sandbox.labels, **_selectors(sandbox), **(labels or {})}
    values["annotations"] = {**sandbox.annotations, **(annotations or {})}
    documents = _documents(sandbox, backend, values, Secret.reveal)
    secrets = tuple(secret.reveal() for secret in _secrets(sandbox))
    masked = _documents(sandbox, backend, values, _mask) if secrets else documents
    return Payload(backend=backend, name=sandbox.name, documents=documents, masked=masked, secrets=secrets)


def to_text(payloads: Sequence[Payload], *, output: Literal["yaml", "json"], show_secrets: bool) -> str:
    """What `sandboxctl render` prints (behaviour.md, "Plan"); sensitive values masked unless `show_secrets`."""
    shown = [(each, document) for each in payloads for document in (each.documents if show_secrets else each.masked)]
    if output == "yaml":
        return "---\n".join(f"# {each.name}\n{yaml_text.dump(document)}" for each, document in shown)
    whole: Json
    if shown and all("kind" in document for _, document in shown):
        whole = {"apiVersion": "v1", "kind": "List", "items": [document for _, document in shown]}
    else:
        whole = [{"name": each.name, "payload": document} for each, document in shown]
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def cpu_shares(resources: Resources) -> int | None:
    """Docker's and Podman's relative weight: as written, or 1024 per requested CPU (the kubelet's rule, at least 2)."""
    if resources.cpu_shares is not None or resources.requests.cpu is None:
        return resources.cpu_shares
    return max(2, resources.requests.cpu * 1024 // 1000)


def _documents(
    sandbox: Sandbox, backend: str, values: Mapping[str, object], show: _Show
) -> tuple[dict[str, Json], ...]:
    shown = {**values, **_texts(sandbox, show)}
    documents = [document for name in _TEMPLATES[backend] for document in template.documents(name, shown)]
    for document in documents:
        payload.check(document, backend)
    return tuple(documents)


def _selectors(sandbox: Sandbox) -> dict[str, str]:
    project = {} if sandbox.project is None else {f"{PREFIX}project": sandbox.project}
    return {f"{PREFIX}name": sandbox.name, **project}


def _values(sandbox: Sandbox, backend: str, user: tuple[int, int] | None) -> dict[str, object]:
    """What a template may speak of, but for sensitive texts (`_texts`)."""
    mounts = derive.mounts(sandbox)
    return {
        "sandbox": sandbox,
        "resources": sandbox.resources,
        "network": sandbox.network,
        "security": sandbox.security,
        "lifecycle": sandbox.lifecycle,
        "settings": sandbox.section(backend).settings,
        "process": derive.process(sandbox),
        "hostname": sandbox.network.hostname or sandbox.name,
        "port_bindings": _port_bindings(sandbox.network.ports),
        "cpu_shares": cpu_shares(sandbox.resources),
        "owner": user if sandbox.security.user is None else derive.owner(sandbox),
        "groups": derive.groups(sandbox),
        "selinux_options": _selinux_options(sandbox.security.selinux),
        "bind_mounts": [mount for mount in mounts if isinstance(mount, BindMount)],
        "volume_mounts": [mount for mount in mounts if isinstance(mount, VolumeMount)],
        "tmpfs_mounts": [mount for mount in mounts if isinstance(mount, TmpfsMount)],
        "object_mounts": [mount for mount in mounts if isinstance(mount, ObjectMount)],
    }


def _port_bindings(ports: Sequence[Port]) -> dict[str, list[Port]]:
    """Ports by what they are inside: `{"80/tcp": […]}`."""
    bindings: dict[str, list[Port]] = {}
    for port in ports:
        bindings.setdefault(f"{port.container}/{port.protocol}", []).append(port)
    return bindings


def _selinux_options(selinux: Selinux | None) -> list[str]:
    """`type:container_t`, …, or `disable`: the form that Docker and Podman share."""
    if selinux is None:
        return []
    if selinux.disable:
        return ["disable"]
    parts = {"user": selinux.user, "role": selinux.role, "type": selinux.type, "level": selinux.level}
    return [f"{name}:{part}" for name, part in parts.items() if part is not None]


def _texts(sandbox: Sandbox, show: _Show) -> dict[str, object]:
    """Everything that may be sensitive, each value as `show` gives it; references stay references."""
    plain: dict[str, str] = {}
    sensitive: dict[str, str] = {}
    references: dict[str, KeyReference] = {}
    for name, value in derive.environment(sandbox).items():
        match value:
            case str():
                plain[name] = value
            case KeyReference():
                references[name] = value
            case Secret() | SecretDigest():
                sensitive[name] = _text(value, show)
    files = [mount for mount in derive.mounts(sandbox) if isinstance(mount, FileMount)]
    return {
        "environment": dict(sorted({**plain, **sensitive}.items())),
        "plain_environment": plain,
        "sensitive_environment": sensitive,
        "environment_references": references,
        "file_mounts": [(mount, _text(mount.content, show), not isinstance(mount.content, str)) for mount in files],
    }


def _text(value: str | Secret | SecretDigest, show: _Show) -> str:
    match value:
        case str():
            return value
        case Secret():
            return show(value)
        case SecretDigest():
            raise InvalidError(
                f"the value of {value.origin} is not known any more: only its fingerprint was kept",
                hint="give the spec itself, with the value where it names it",
            )


def _mask(_: Secret) -> str:
    return MASK


def _secrets(sandbox: Sandbox) -> list[Secret]:
    """Every sensitive value that a payload may hold."""
    contents = [mount.content for mount in sandbox.mounts if isinstance(mount, FileMount)]
    return [value for value in (*sandbox.env.values(), *contents) if isinstance(value, Secret)]
