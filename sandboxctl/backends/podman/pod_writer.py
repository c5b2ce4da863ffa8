"""Pods of a Podman service: made before the first sandbox in one, removed with the last. A part of the writer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sandboxctl.backends.base import Json
from sandboxctl.backends.podman import native
from sandboxctl.backends.podman.network_writer import NetworkWriter
from sandboxctl.errors import ConflictError, SandboxctlError
from sandboxctl.ownership import MANAGED

_ONE_AT_A_TIME = threading.Lock()
"""Sandboxes of one plan may share a pod, and the last one out must not meet the next one in."""


class PodWriter(NetworkWriter):
    """What changes the service's pods, beside its networks and images."""

    @contextmanager
    def _in_pods(self, documents: Sequence[Mapping[str, Json]]) -> Iterator[None]:
        """Inside, the pods are there; one that was made for nothing goes again."""
        if not documents:
            yield
            return
        with _ONE_AT_A_TIME:
            for document in documents:
                self._ensure_pod(document)
            try:
                yield
            except SandboxctlError:
                for document in documents:
                    self._remove_if_empty(str(document["name"]))
                raise

    def _ensure_pod(self, document: Mapping[str, Json]) -> None:
        """Raises ConflictError for a pod that is somebody else's, or has another network."""
        name, network = str(document["name"]), native.pod_network(document)
        if self._made_pod(name, {**document, "labels": {MANAGED: "true", native.POD_NETWORK: network}}):
            return
        pod = native.pod(json.loads(self._send("get", f"/pods/{name}/json").content))
        if not pod.ours:
            raise ConflictError(f"there is a pod {name} already, and sandboxctl did not make it",
                                hint="choose another name for podman.pod")  # fmt: skip
        if pod.network != network:
            raise ConflictError(f"the pod {name} has the network {pod.network}, not {network}",
                                hint="what is in a pod has its network; delete the others first")  # fmt: skip

    def _made_pod(self, name: str, document: Mapping[str, object]) -> bool:
        """False where it is there already."""
        if self._send("get", f"/pods/{name}/exists", missing_is_done=True).status_code != 404:
            return False
        try:
            self._send("post", "/pods/create", data=json.dumps(document))
        except ConflictError:  # another command was faster
            return False
        return True

    def _pod_of(self, ref: str) -> str:
        """The id of the pod that a container is in; "" for none."""
        found = self._send("get", f"/containers/{ref}/json", missing_is_done=True)
        return "" if found.status_code == 404 else str(json.loads(found.content).get("Pod") or "")

    def _leave_pod(self, pod: str) -> None:
        """After its container is gone."""
        with _ONE_AT_A_TIME:
            self._remove_if_empty(pod)

    def _remove_if_empty(self, pod: str) -> None:
        """If it is ours, and only the container that holds its network is left in it, which has to stop first."""
        found = self._send("get", f"/pods/{pod}/json", missing_is_done=True)
        if found.status_code == 404:
            return
        document = json.loads(found.content)
        infra = document.get("InfraContainerID") or ""
        others = [each for each in document.get("Containers") or [] if each["Id"] != infra]
        if others or not native.pod(document).ours:
            return
        if infra:
            self._send("post", f"/containers/{infra}/stop", {"timeout": "0"}, missing_is_done=True)
        self._send("delete", f"/pods/{pod}", missing_is_done=True)
