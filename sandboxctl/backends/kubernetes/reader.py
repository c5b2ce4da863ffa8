"""What a namespace shows. Only GET requests: one list per kind, whatever the number of sandboxes.

Pods are listed by our label, so strangers are not among them (`Engine.lists_only_ours`). What a list showed serves the
`observe` that follows it, once; everything later is asked again.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

from sandboxctl.backends.base import Engine, ImageConfig, Listed, LocalImage, NetworkFacts, Observed, Status
from sandboxctl.backends.kubernetes import condition, native
from sandboxctl.backends.kubernetes.api import FIELD_MANAGER, Api
from sandboxctl.backends.kubernetes.inspection import Surroundings
from sandboxctl.dataclass import replace
from sandboxctl.errors import NotFoundError, SandboxctlError, SilentError
from sandboxctl.ownership import MANAGED, NAME

_SILENT_SECONDS = 2.0  # after which a pod that only says ContainerCreating is asked for its events


class KubernetesReader:
    """Reads one namespace. A ref is a pod's uid; its name is remembered, since the API knows objects by name alone."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._engine: Engine | None = None
        self._names: dict[str, str] = {}
        self._shown: dict[str, native.Found] = {}
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        """`/version`, once."""
        if self._engine is None:
            version = self._api.get("/version")
            self._engine = Engine(
                backend="kubernetes", endpoint=self._api.http.endpoint.url,
                version=str(version.get("gitVersion", "")).lstrip("v"), staging="marker",
                namespace=self._api.namespace, node_images=True, restarts=False, lists_only_ours=True,
                pods=True,
                # Nodes differ, and each says no by itself: a pod fails with the reason.
                security_modules=("apparmor", "selinux"),
            )  # fmt: skip
        return self._engine

    def identify(self) -> Engine:
        """The cluster's id is that of its `kube-system` namespace; its address where we may not see that."""
        engine = self.engine()
        if not engine.id:
            try:
                found = self._api.get("/api/v1/namespaces/kube-system")
                engine = replace(engine, id=found["metadata"]["uid"])
            except SilentError:
                raise
            except SandboxctlError:
                engine = replace(engine, id=engine.endpoint)
            self._engine = engine
        return engine

    def now(self) -> float:
        """The server's clock at its last answer, in seconds since the epoch."""
        if not self._api.headers.get("date"):
            self._api.get("/version")
        return native.http_date(self._api.headers["date"])

    def containers(self) -> Sequence[Listed]:
        """The pods that carry our label, and what is left of some that are gone or were never made.

        Two lists, and one more for each kind that one of them makes use of.
        """
        pods = self._api.items("Pod", {"labelSelector": f"{MANAGED}=true"})
        around = self._around(pods)
        left = around.left_of(pods)
        with self._lock:
            self._names.update({pod["metadata"]["uid"]: pod["metadata"]["name"] for pod in (*pods, *left)})
            self._shown = {pod["metadata"]["uid"]: native.Found(pod=pod, around=around(pod)) for pod in pods}
        return [
            *(native.listed(pod, FIELD_MANAGER) for pod in pods),
            *(native.leftover(policy, FIELD_MANAGER) for policy in left),
        ]

    def images(self) -> Sequence[LocalImage]:
        """None: each node has its own."""
        return ()

    def observe(self, ref: str) -> Observed | None:
        """A pod by uid or name, with what is around it."""
        with self._lock:
            shown = self._shown.pop(ref, None)
        if shown is None:
            pod = self.pod(ref)
            if pod is None:
                return None
            shown = native.Found(pod=pod, around=self._around([pod])(pod))
        return native.observed(shown, FIELD_MANAGER)

    def about_to_observe(self, refs: Sequence[str]) -> AbstractContextManager[None]:
        """The list has shown them already."""
        return nullcontext()

    def status(self, ref: str) -> Status | None:
        """The run state; where the pod itself is silent about why it waits, its last warning."""
        pod = self.pod(ref)
        if pod is None:
            return None
        status = condition.status(pod)
        if status.health == "starting" and condition.is_overdue(pod, self.now()):
            return replace(status, health="unhealthy")
        if status.waiting == "ContainerCreating" and status.created and self.now() - status.created > _SILENT_SECONDS:
            return replace(status, waiting=self._last_warning(ref) or status.waiting)
        return status

    def pod(self, ref: str) -> dict[str, Any] | None:
        """The pod itself by uid or name; None where another one has its name now."""
        found = self._api.find(self._api.location("Pod", self.name_of(ref)))
        if found is None:
            return None
        uid, name = found["metadata"]["uid"], found["metadata"]["name"]
        self._names[uid] = name
        return found if ref in (uid, name) else None

    def name_of(self, ref: str) -> str:
        """The name of a pod that was seen; a name stands for itself."""
        return self._names.get(ref, ref)

    def learn(self, uid: str, name: str) -> None:
        """A pod that was just made; what a list showed before is stale."""
        with self._lock:
            self._names[uid] = name
            self._shown.clear()

    def _last_warning(self, ref: str) -> str:
        """A missing volume or a sandbox that cannot be made is in the events alone."""
        query = {"fieldSelector": f"involvedObject.uid={ref},type=Warning"}
        try:
            events = self._api.items("Event", query)
        except SilentError:
            raise
        except SandboxctlError:
            return ""  # not everybody may list events
        if not events:
            return ""
        last = max(events, key=lambda each: str(each.get("lastTimestamp") or each.get("eventTime") or ""))
        return f"{last.get('reason')}: {' '.join(str(last.get('message')).split())[:300]}"

    def _around(self, pods: Sequence[Mapping[str, Any]]) -> _Around:
        """The policies of the namespace, and of the other kinds what these pods make use of."""
        return _Around(
            policies=self._api.items("NetworkPolicy"),
            config_maps=self._ours("ConfigMap", any(_volume(pod, "files") for pod in pods)),
            services=self._ours("Service", any(_has_ports(pod) for pod in pods)),
            secrets=[secret for pod in pods if _own_secret(pod) for secret in self._secret(_own_secret(pod))],
        )

    def _ours(self, kind: str, needed: bool) -> list[dict[str, Any]]:
        return self._api.items(kind, {"labelSelector": f"{MANAGED}=true"}) if needed else []

    def _secret(self, name: str) -> list[dict[str, Any]]:
        """By name: a role that may list secrets may read them all."""
        found = self._api.find(self._api.location("Secret", name))
        return [] if found is None or NAME not in (found["metadata"].get("labels") or {}) else [found]

    def image_config(self, image: str) -> ImageConfig | None:
        """None: only a node could tell."""
        return None

    def network(self, name: str) -> NetworkFacts | None:
        """A pod has one network, the cluster's."""
        return None

    def own_volumes(self) -> Mapping[str, Mapping[str, str]]:
        """Files are Secrets and ConfigMaps here, and what they belong to is listed as long as they are there."""
        return {}

    def volume_labels(self, name: str) -> Mapping[str, str] | None:
        """The labels of a claim."""
        found = self._api.find(self._api.location("PersistentVolumeClaim", name))
        return None if found is None else found["metadata"].get("labels") or {}

    def logs(self, ref: str, *, tail: int | None, follow: bool) -> Iterator[tuple[Literal[1, 2], bytes]]:
        """Both streams as one: the server does not tell them apart."""
        name = self.name_of(ref)
        query = {"container": condition.SANDBOX}
        if tail is not None:
            query["tailLines"] = str(tail)
        if follow:
            query["follow"] = "true"
        if self.pod(ref) is None:
            raise NotFoundError(f"there is no pod {name}")
        return ((1, chunk) for chunk in self._api.stream(self._api.location("Pod", name) + "/log", query) if chunk)

    def close(self) -> None:
        """Nothing is kept open."""


class _Around:
    """Lists of what is around pods, and for each pod what is its own."""

    def __init__(
        self,
        *,
        policies: Sequence[Mapping[str, Any]],
        config_maps: Sequence[Mapping[str, Any]],
        services: Sequence[Mapping[str, Any]],
        secrets: Sequence[Mapping[str, Any]],
    ) -> None:
        self._policies = policies
        self._config_maps = {each["metadata"]["name"]: each for each in config_maps}
        self._services = {(each["metadata"].get("labels") or {}).get(NAME): each for each in services}
        self._secrets = {each["metadata"]["name"]: each for each in secrets}

    def left_of(self, pods: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Policies of ours without their pod: a policy is the first that is made, and the last that goes."""
        there = {pod["metadata"]["name"] for pod in pods}
        ours = (each for each in self._policies if native.is_of_a_sandbox(each))
        return [each for each in ours if each["metadata"]["name"] not in there]

    def __call__(self, pod: Mapping[str, Any]) -> Surroundings:
        files = _volume(pod, "files")
        return Surroundings(
            policies=self._policies,
            config_map=self._config_maps.get(files["configMap"]["name"]) if files else None,
            secret=self._secrets.get(_own_secret(pod)),
            service=self._services.get((pod["metadata"].get("labels") or {}).get(NAME)),
        )


def _volume(pod: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    volumes = pod["spec"].get("volumes") or []
    return next((each for each in volumes if each["name"] == name and ("configMap" in each or "secret" in each)), None)


def _own_secret(pod: Mapping[str, Any]) -> str:
    """The name of the Secret that was made with a pod; "" where it has none."""
    ours = re.compile(rf"{re.escape(pod['metadata']['name'])}-secret(-[0-9a-f]{{20}})?").fullmatch
    volume = _volume(pod, "secrets")
    names = [volume["secret"]["secretName"]] if volume else []
    for container in pod["spec"].get("containers") or []:
        for each in container.get("env") or []:
            names.append(((each.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name", ""))
    return next((name for name in names if ours(name)), "")


def _has_ports(pod: Mapping[str, Any]) -> bool:
    return any(each.get("ports") for each in pod["spec"].get("containers") or [])
