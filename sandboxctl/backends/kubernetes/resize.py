"""Changing a pod's cpu and memory in place, and waiting until its cgroup has them: the `resize` subresource.

The server answers 200 long before anything happens: what counts is `status.containerStatuses[].resources`, and that no
PodResize condition is left. A resize that does not come is taken back, which heals at once (v1.34.4).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, cast

from sandboxctl import polling
from sandboxctl.backends.base import Json
from sandboxctl.backends.kubernetes import quantities
from sandboxctl.backends.kubernetes.api import FIELD_MANAGER, Api
from sandboxctl.backends.kubernetes.condition import SANDBOX
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.errors import ConflictError, FailedError, InvalidError

_PATIENCE = 10.0  # seconds; a resize that the node can make takes two or three


def resize(api: Api, reader: KubernetesReader, ref: str, wanted: Mapping[str, Json]) -> None:
    """Brings the live pod to the resources of a rendered one. Raises FailedError, and then all is as before."""
    pod = reader.pod(ref)
    if pod is None:
        raise ConflictError(f"{reader.name_of(ref)} is gone", hint="plan again")
    before = _resources(pod["spec"])
    after = _resources(cast("dict[str, Any]", wanted["spec"]))
    _send(api, pod, after)
    why = _wait(reader, ref, after)
    if why is not None:
        _send(api, pod, before)
        raise FailedError(f"{reader.name_of(ref)} cannot be resized: {why}", hint="it has its old resources again")


def _resources(spec: Mapping[str, Any]) -> dict[str, Any]:
    return next(each["resources"] for each in spec["containers"] if each["name"] == SANDBOX)


def _send(api: Api, pod: Mapping[str, Any], resources: dict[str, Any]) -> None:
    metadata = pod["metadata"]
    body: dict[str, Json] = {
        "metadata": {"uid": metadata["uid"]},
        "spec": {"containers": [{"name": SANDBOX, "resources": resources}]},
    }
    # No apply: of a subresource it conflicts with the same manager's of the pod itself (v1.34.4).
    query = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
    path = api.location("Pod", metadata["name"]) + "/resize"
    try:
        api.send("PATCH", path, query, body, content_type="application/strategic-merge-patch+json")
    except InvalidError as error:
        raise FailedError(
            f"{metadata['name']} cannot be resized: {error.brief}", hint="delete it, then apply"
        ) from error


def _wait(reader: KubernetesReader, ref: str, after: Mapping[str, Any]) -> str | None:
    """None when it is done; else why it will not come."""
    began = time.monotonic()
    while True:
        pod = reader.pod(ref)
        if pod is None:
            return "it is gone"
        conditions = {each["type"]: each for each in pod["status"].get("conditions") or []}
        pending = conditions.get("PodResizePending")
        if pending is not None and pending.get("reason") == "Infeasible":
            return f"Infeasible: {pending.get('message')}"
        if pending is None and "PodResizeInProgress" not in conditions and _holds(pod, after):
            return None
        waited = time.monotonic() - began
        if waited >= _PATIENCE:
            shown = pending or conditions.get("PodResizeInProgress") or {}
            return (
                f"{shown.get('reason') or 'its node has not done it'} after {_PATIENCE:g} s {shown.get('message', '')}"
            )
        time.sleep(polling.pause(waited))


def _holds(pod: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    statuses = pod["status"].get("containerStatuses") or []
    now = next((each.get("resources") or {} for each in statuses if each["name"] == SANDBOX), {})
    return all(
        quantities.milli((now.get(kind) or {}).get(name)) == quantities.milli(text)
        for kind, amounts in after.items()
        for name, text in amounts.items()
    )
