"""Model → the backend's own words: a Payload, by the backend's templates, and its printed form.

A spec value is data, never template source (`template`), and the result is checked against the closed payload schema
(`payload`). What a backend cannot do is refused before (`capabilities.refusals`), so nothing here asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal

from sandboxctl import payload, pod_patch, template, unit_text, vocabulary, yaml_text
from sandboxctl.backends.base import Json, Payload
from sandboxctl.errors import InvalidError
from sandboxctl.spec import Sandbox, Secret
from sandboxctl.vocabulary import PREFIX

_TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "docker": ("docker/create.yaml.j2",),
    "podman": ("podman/pod.yaml.j2", "podman/create.yaml.j2"),
    "quadlet": ("quadlet/units.yaml.j2",),
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


def render(
    sandbox: Sandbox,
    backend: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    user: tuple[int, int] | None = None,
    files: Mapping[str, str] | None = None,
    salt: bytes = b"",
) -> Payload:
    """The payload of one sandbox.

    `labels` and `annotations` are sandboxctl's own (`sandboxctl.dev/…`); its name and project are always there.
    `user` is what the image's own user turned out to be, uid and gid, where the spec leaves it to the image: the owner
    of the tmpfs mounts. Without it they have none, which on an engine means root.
    `files` says where the engine has each file mount, by target; without it, it is shown by its volume.
    `salt` is that of the fingerprints: a store of secrets keeps it, and by it is named.
    Raises TemplateError where a template says what the payload schema does not allow.
    """
    values = vocabulary.values(sandbox, backend, user=user, files=files)
    values["labels"] = {**sandbox.labels, **_selectors(sandbox), **(labels or {})}
    values["annotations"] = {**sandbox.annotations, **(annotations or {})}
    binding = {name: text for name, text in (annotations or {}).items() if name in vocabulary.BINDING}
    values["policy_annotations"] = {**sandbox.annotations, **binding}
    values["salt"] = salt.hex()
    values["secret_name"] = vocabulary.secret_name(sandbox, salt)
    documents = _documents(sandbox, backend, values, Secret.reveal)
    secrets = tuple(secret.reveal() for secret in vocabulary.secrets(sandbox))
    masked = _documents(sandbox, backend, values, _mask) if secrets else documents
    return Payload(backend=backend, name=sandbox.name, documents=documents, masked=masked, secrets=secrets)


def to_text(payloads: Sequence[Payload], *, output: Literal["yaml", "json"], show_secrets: bool) -> str:
    """What `sandboxctl render` prints (behaviour.md, "Plan"); sensitive values masked unless `show_secrets`."""
    shown = [(each, document) for each in payloads for document in (each.documents if show_secrets else each.masked)]
    if output == "yaml":
        return "---\n".join(dict.fromkeys(_printed(each, document) for each, document in shown))
    whole: Json
    if shown and all("kind" in document for _, document in shown):
        whole = {"apiVersion": "v1", "kind": "List", "items": [document for _, document in shown]}
    else:
        whole = [{"name": each.name, "payload": document} for each, document in shown]
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def _printed(whole: Payload, document: dict[str, Json]) -> str:
    """A unit is its file; what several sandboxes share is the same text, and said once."""
    return unit_text.dump(document) if "file" in document else f"# {whole.name}\n{yaml_text.dump(document)}"


def _documents(
    sandbox: Sandbox, backend: str, values: Mapping[str, object], show: vocabulary.Show
) -> tuple[dict[str, Json], ...]:
    shown = {**values, **vocabulary.texts(sandbox, show)}
    documents = [document for name in _TEMPLATES[backend] for document in template.documents(name, shown)]
    for document in documents:
        payload.check(document, backend)
    return tuple(_patched(document, sandbox.section(backend).settings.get("pod")) for document in documents)


def _patched(document: dict[str, Json], pod: object) -> dict[str, Json]:
    """With what the spec adds to a Pod by itself. Raises InvalidError for what it may not; the rules say so first."""
    if document.get("kind") != "Pod" or not isinstance(pod, dict):
        return document
    fault = next(pod_patch.faults(pod), None)
    if fault is not None:
        raise InvalidError(fault.message, hint=fault.hint)
    return pod_patch.merge(document, pod)


def _selectors(sandbox: Sandbox) -> dict[str, str]:
    project = {} if sandbox.project is None else {f"{PREFIX}project": sandbox.project}
    return {f"{PREFIX}name": sandbox.name, **project}


def _mask(_: Secret) -> str:
    return template.Mask("(sensitive)")
