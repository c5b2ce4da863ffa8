"""A live object as a document that makes it again: without what the server and the node have put into it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

from sandboxctl.backends.base import Json

COMPANIONS: Mapping[str, str] = {
    "NetworkPolicy": "networking.k8s.io/v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "Service": "v1",
}
"""What goes with a pod, with its API version, in the order of creation."""

_KEPT_METADATA = ("name", "namespace", "labels", "annotations")
_OF_THE_NODE = ("nodeName", "preemptionPolicy", "priority", "serviceAccount", "ephemeralContainers", "resourceClaims")
_OF_THE_SERVER = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")


def again(found: Mapping[str, Any]) -> dict[str, Json]:
    """The document. A restored sandbox is what it was, so its annotations stay."""
    document = {key: deepcopy(value) for key, value in found.items() if key not in ("status", "metadata")}
    document["metadata"] = {key: found["metadata"][key] for key in _KEPT_METADATA if key in found["metadata"]}
    spec = document.get("spec")
    if isinstance(spec, dict):
        for key in (*_OF_THE_NODE, *_OF_THE_SERVER):
            spec.pop(key, None)
        for key in ("affinity", "topologySpreadConstraints"):
            _unmerge(spec.get(key))
    return cast("dict[str, Json]", document)


def _unmerge(part: object) -> None:
    """The server has written what `matchLabelKeys` means into the selector, and refuses both together (v1.34.4)."""
    if isinstance(part, list):
        for each in part:
            _unmerge(each)
    elif isinstance(part, dict):
        keys = {*(part.get("matchLabelKeys") or ()), *(part.get("mismatchLabelKeys") or ())}
        selector = part.get("labelSelector")
        if keys and isinstance(selector, dict) and selector.get("matchExpressions"):
            selector["matchExpressions"] = [each for each in selector["matchExpressions"] if each["key"] not in keys]
        for each in part.values():
            _unmerge(each)
