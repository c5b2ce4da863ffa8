"""What changes a namespace: server-side apply under our own field manager, never forced, and deletes that name a uid.

A field made by POST can never be dropped by a later apply, so objects are made by apply from the start (v1.34.4). Every
change carries the uid of the pod that the plan saw: of another pod of that name the server then says 409 or 422.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, cast

from sandboxctl import polling
from sandboxctl.backends.base import Helper, Json, Key, Payload
from sandboxctl.backends.kubernetes import condition, gate, live, probe, resize
from sandboxctl.backends.kubernetes.api import Api
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.errors import ConflictError, FailedError, InvalidError, NotFoundError, SandboxctlError, SilentError
from sandboxctl.fields import within
from sandboxctl.ownership import NAME, VERIFIED
from sandboxctl.runner import ExecResult
from sandboxctl.spec import Sandbox

_MARKER = "sandboxctl-verified"  # the mark's own field manager, so that the main one need not repeat it
_COMPANIONS = ("Service", "Secret", "ConfigMap", "NetworkPolicy")
"""What goes with a pod, in the order in which it goes: the policy last, so that the pod is never without one."""

_SPARE_SECONDS = 60.0  # beyond its grace, for a pod to be gone


class KubernetesWriter:
    """Writes to one namespace; threads may share it."""

    def __init__(self, api: Api, reader: KubernetesReader) -> None:
        self._api = api
        self._reader = reader
        self._gate = gate.Gate(api, reader)

    def ready_for(self, sandbox: Sandbox) -> Sandbox:
        """See `gate`: a closed network needs a target that is open to others."""
        return self._gate.resolved(sandbox)

    def rehearse(self, payload: Payload, *, replaces: bool) -> None:
        """A dry run, under a name that nobody has: what admission, Pod Security and quotas say.

        A quota that is used up says nothing where the sandbox `replaces` one, which is counted as well.
        """
        for document in self._placed(payload):
            metadata = cast("dict[str, Json]", document["metadata"])
            name = str(metadata.pop("name"))
            metadata["generateName"] = f"{name}-"
            try:
                self._api.create(document, dry_run=True)
            except InvalidError as error:
                error.brief = re.sub(rf'"{re.escape(name)}-[a-z0-9]{{5}}"', f'"{name}"', error.brief)
                if not (replaces and "exceeded quota" in error.brief):
                    raise

    def create(self, payload: Payload, *, name: str) -> str:
        """All documents in their order; what is left of a failure is taken away again. Returns the pod's uid."""
        self._refuse_strangers(payload)
        uid = ""
        try:
            for document in self._placed(payload):
                made = self._make(document)
                if document["kind"] == "Pod":
                    uid = made["metadata"]["uid"]
            self._reader.learn(uid, name)
            self._sweep(name, keep=payload)
        except SilentError:
            raise
        except BaseException:
            self._undo(name, uid)
            raise
        return uid

    def _refuse_strangers(self, payload: Payload) -> None:
        """Apply would join in whatever has the name already."""
        for document in self._placed(payload):
            kind, metadata = str(document["kind"]), cast("dict[str, str]", document["metadata"])
            if kind == "PersistentVolumeClaim":
                continue
            found = self._api.find(self._api.location(kind, metadata["name"]))
            if found is None:
                continue
            if kind == "Pod" or (found["metadata"].get("labels") or {}).get(NAME) != payload.name:
                raise ConflictError(f"there is a {kind} {metadata['name']} already", sandbox=payload.name)

    def _make(self, document: dict[str, Json]) -> Any:
        """An existing claim is never touched."""
        if document["kind"] != "PersistentVolumeClaim":
            return self._api.apply(document)
        name = cast("dict[str, str]", document["metadata"])["name"]
        return self._api.find(self._api.location("PersistentVolumeClaim", name)) or self._api.apply(document)

    def _undo(self, name: str, uid: str) -> None:
        try:
            if uid:
                self._reader.learn(uid, name)
                self.delete(uid)
            else:
                self._sweep(name)
        except SandboxctlError:
            return  # the first failure is the one to tell; the next plan finds what is left

    def _placed(self, payload: Payload) -> list[dict[str, Json]]:
        """The documents, in our namespace whatever they say of one."""
        documents = deepcopy(payload.documents)
        for document in documents:
            cast("dict[str, Json]", document["metadata"])["namespace"] = self._api.namespace
        return list(documents)

    def mark(self, ref: str, text: str) -> None:
        """The annotation that says that the gate was passed."""
        self._api.apply(self._part(ref, {"annotations": {VERIFIED: text}}), manager=_MARKER)

    def _part(self, ref: str, metadata: Mapping[str, Json]) -> dict[str, Json]:
        name = self._reader.name_of(ref)
        own: dict[str, Json] = {"name": name, "namespace": self._api.namespace, "uid": ref, **metadata}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": own}

    def capture(self, ref: str) -> Payload:
        """The live pod and what is around it, as they could be made again; without its mark, which is written last."""
        name = self._reader.name_of(ref)
        pod = self._reader.pod(ref)
        if pod is None:
            raise NotFoundError(f"there is no pod {name}")
        pod["metadata"].get("annotations", {}).pop(VERIFIED, None)
        around = [
            each | {"apiVersion": version, "kind": kind}
            for kind, version in live.COMPANIONS.items()
            for each in self._api.items(kind, {"labelSelector": f"{NAME}={name}"})
        ]
        documents = tuple(live.again(each) for each in (*around, pod | {"apiVersion": "v1", "kind": "Pod"}))
        return Payload(backend="kubernetes", name=name, documents=documents, masked=())

    def update(self, ref: str, changes: Mapping[Key, Json], payload: Payload) -> None:
        """Labels and annotations by apply, cpu and memory by the `resize` subresource first."""
        found = self._alive(ref)
        documents = self._placed(payload)
        pod = next(each for each in documents if each["kind"] == "Pod")
        cast("dict[str, Json]", pod["metadata"])["uid"] = ref
        # The gate has looked: it stays what it was then, and its resources with it.
        cast("dict[str, Json]", pod["spec"])["initContainers"] = found["spec"].get("initContainers") or []
        if any(within(key, ("resources",)) for key in changes):
            resize.resize(self._api, self._reader, ref, pod)
        for document in documents:
            self._make(document)
        self._reader.learn(ref, payload.name)

    def _alive(self, ref: str) -> dict[str, Any]:
        """The live pod. On one that is ending, apply answers 200 and changes nothing that lasts."""
        pod = self._reader.pod(ref)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            raise ConflictError(f"{self._reader.name_of(ref)} is gone or ending", hint="plan again")
        return pod

    def delete(self, ref: str) -> None:
        """The pod by its uid, with its own grace; then, when it is gone, what was made for it."""
        name = self._reader.name_of(ref)
        pod = self._reader.pod(ref)
        if pod is None:
            if self._reader.pod(name) is None:
                self._sweep(name)
            return
        self._api.delete(self._api.location("Pod", name), uid=ref)
        grace = pod["metadata"].get("deletionGracePeriodSeconds", pod["spec"].get("terminationGracePeriodSeconds", 30))
        self._wait_until_gone(ref, name, grace + _SPARE_SECONDS)
        self._sweep(name)
        self._reader.learn(ref, name)

    def _wait_until_gone(self, ref: str, name: str, seconds: float) -> None:
        began = time.monotonic()
        while (pod := self._reader.pod(ref)) is not None:
            waited = time.monotonic() - began
            if waited >= seconds:
                raise FailedError(
                    f"{name} is still ending after {seconds:g} s: {condition.holders(pod)}",
                    hint="see to that first; nothing is forced, since the process may go on",
                )
            time.sleep(polling.pause(waited))

    def _sweep(self, name: str, *, keep: Payload | None = None) -> None:
        """Everything that carries the label of a sandbox, but claims; beside a new one what a killed command left."""
        documents = keep.documents if keep is not None else ()
        kept = {(each["kind"], cast("dict[str, Json]", each["metadata"])["name"]) for each in documents}
        for kind in _COMPANIONS:
            for each in self._api.items(kind, {"labelSelector": f"{NAME}={name}"}):
                if (kind, each["metadata"]["name"]) in kept:
                    continue
                self._api.delete(self._api.location(kind, each["metadata"]["name"]), uid=each["metadata"]["uid"])

    def delete_volume(self, name: str) -> None:
        """Gone already is success."""
        self._api.delete(self._api.location("PersistentVolumeClaim", name))

    def run_probe(self, helper: Helper, *, name: str) -> ExecResult:
        """An ephemeral container beside the sandbox's. It stays, so it cannot have the name that is asked for."""
        return probe.run(self._api, self._reader, helper)

    def start(self, ref: str) -> None:
        """A pod starts by itself."""

    def stop(self, ref: str, *, grace: int) -> None:
        """A pod ends by being deleted, with its own grace."""

    def wait(self, ref: str) -> int:
        """Nothing removes a pod that has ended, so nobody has to wait for its code."""
        raise InvalidError(f"{self._reader.name_of(ref)}: a pod cannot be waited for")

    def check_health(self, ref: str) -> None:
        """The node does."""

    def unpause(self, ref: str) -> None:
        """Pods are never paused."""

    def rename(self, ref: str, name: str) -> None:
        """Pods have one name."""
        raise InvalidError(f"{self._reader.name_of(ref)} cannot be renamed to {name}: pods have one name")

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        """The nodes pull by themselves."""
        return image

    def load(self, path: str, *, reference: str) -> str:
        """A cluster cannot be given images."""
        raise InvalidError(f"{path} cannot be loaded into a cluster", hint="push the image to a registry")

    def make_directory(self, ref: str, path: str, *, user: int, group: int) -> None:
        """The node makes the working directory."""

    def create_volume(
        self, name: str, *, labels: Mapping[str, str], user: int, group: int, helper: Helper
    ) -> None:  # fmt: skip
        """Claims are among the documents; one that is not is somebody else's, and has to be there."""
        raise InvalidError(f"there is no claim {name}", hint="create it, or write a `size`: then it is made")

    def close(self) -> None:
        """Nothing is kept open."""
