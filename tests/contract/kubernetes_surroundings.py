"""What tests and examples expect of a cluster: volumes where it has no provisioner, and the things that examples name."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.engines.fixtures_kubernetes import Cluster, NodeImages

_COUNT = 40
_PLACE = "/var/tmp/sandboxctl-test-volumes"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"


@contextmanager
def provisioned(cluster: Cluster, images: NodeImages) -> Iterator[None]:
    """For as long as this lasts; what was bound is gone afterwards, with its files."""
    if _has_provisioner(cluster):
        yield
        return
    run = f"room-{uuid.uuid4().hex[:8]}"
    try:
        node = _on_a_node(cluster, images, run, f"for n in $(seq {_COUNT}); do mkdir -m 0777 /v/{run}-$n; done")
        volumes = [_volume(run, number, node) for number in range(1, _COUNT + 1)]
        cluster.kubectl("create", "--filename", "-", stdin=json.dumps(_list(volumes)))
        yield
    finally:
        cluster.kubectl("delete", "persistentvolume", "--selector", f"sandboxctl-test={run}", "--wait=false")
        _on_a_node(cluster, images, f"{run}-away", f"rm -rf /v/{run}-*")


def _has_provisioner(cluster: Cluster) -> bool:
    classes = json.loads(cluster.kubectl("get", "storageclasses", "--output", "json").stdout)["items"]
    return any((each["metadata"].get("annotations") or {}).get(_DEFAULT) == "true" for each in classes)


def _on_a_node(cluster: Cluster, images: NodeImages, name: str, script: str) -> str:
    """Runs it as root with the place as /v; the node that did."""
    container = {
        "name": "root", "image": images.busybox, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script],
        "volumeMounts": [{"name": "place", "mountPath": "/v"}],
    }  # fmt: skip
    place = {"name": "place", "hostPath": {"path": _PLACE, "type": "DirectoryOrCreate"}}
    pod = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"restartPolicy": "Never", "containers": [container], "volumes": [place]},
    }  # fmt: skip
    where = cluster.open_namespace
    cluster.make(pod, namespace=where)
    cluster.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", "--timeout=60s", namespace=where)
    found: Any = cluster.get("pod", name, namespace=where)
    cluster.kubectl("delete", "pod", name, "--wait=false", namespace=where)
    return str(found["spec"]["nodeName"])


def _volume(run: str, number: int, node: str) -> dict[str, Any]:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{run}-{number}", "labels": {"sandboxctl-test": run}},
        "spec": {
            "capacity": {"storage": "100Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": f"{_PLACE}/{run}-{number}"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}


@contextmanager
def examples_at_home(cluster: Cluster) -> Iterator[None]:
    """A pool, a priority class, a device, settings and a token, for as long as this lasts."""
    there: list[dict[str, Any]] = [
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "batch"}, "value": 1},
        {
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tool-settings"},
            "data": {"log-level": "debug", "settings.ini": "[tool]\n"},
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tool-token"}, "stringData": {"token": "t"}},
    ]  # fmt: skip
    nodes = cluster.kubectl("get", "nodes", "--output", "name").stdout.split()
    device = json.dumps({"status": {"capacity": {"devices.example.com/decoder": "4"}}})
    cluster.make(_list(there))
    cluster.kubectl("label", "--overwrite", *nodes, "pool=sandboxes")
    for node in nodes:
        cluster.kubectl("patch", node, "--subresource=status", "--patch", device)
    try:
        yield
    finally:
        cluster.kubectl("label", *nodes, "pool-")
        for each in there:
            cluster.kubectl("delete", each["kind"], each["metadata"]["name"], "--wait=false", "--ignore-not-found")
        gone = json.dumps([{"op": "remove", "path": "/status/capacity/devices.example.com~1decoder"}])
        for node in nodes:
            cluster.kubectl("patch", node, "--subresource=status", "--type=json", "--patch", gone, check=False)
