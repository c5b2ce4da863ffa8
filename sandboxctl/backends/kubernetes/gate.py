"""What proves that a network is closed: a target that a pod without rules has seen open, and the sandbox then not.

A policy alone proves nothing: the cluster may not enforce it, and where it does, most pods can still connect in their
first moments (kubernetes.md, section 1). The gate itself is an init container (templates/kubernetes/gate.yaml.j2).
"""

from __future__ import annotations

import secrets
import threading
import time
from ipaddress import ip_address, ip_network
from typing import Any

from sandboxctl import polling, resources
from sandboxctl.backends.base import Json
from sandboxctl.backends.kubernetes.api import Api
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.dataclass import replace
from sandboxctl.errors import FailedError, InvalidError, SandboxctlError, SilentError
from sandboxctl.spec import Sandbox

_SECONDS = 30.0
_OPENER = "sandboxctl.dev/helper"
_SET_TARGET = (
    "set kubernetes.probeTarget to an ADDRESS:PORT that pods can reach, or do without: kubernetes.accept: [network]"
)


class Gate:
    """Targets that were seen open, each once in a run."""

    def __init__(self, api: Api, reader: KubernetesReader) -> None:
        self._api = api
        self._reader = reader
        self._open: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def resolved(self, sandbox: Sandbox) -> Sandbox:
        """The sandbox with its target, which is open. Unchanged where its network is not closed by a policy.

        Raises InvalidError where there is no target, FailedError for one that nobody can reach.
        """
        if not _is_closed(sandbox) or "network" in sandbox.kubernetes.accept:
            return sandbox
        written = sandbox.kubernetes.settings.get("probeTarget")
        target = str(written) if written else self._cluster_dns(sandbox)
        _check(target, sandbox)
        image = sandbox.kubernetes.probe_image or sandbox.image.name
        with self._lock:
            if (target, image) not in self._open:
                self._see_open(sandbox, target, image)
                self._open.add((target, image))
        section = replace(sandbox.kubernetes, settings={**sandbox.kubernetes.settings, "probeTarget": target})
        return replace(sandbox, kubernetes=section)

    def _cluster_dns(self, sandbox: Sandbox) -> str:
        """The address of one of its pods: that of the Service may be somebody else's to answer."""
        path = "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices"
        try:
            slices = self._api.get(path, {"labelSelector": "kubernetes.io/service-name=kube-dns"}).get("items") or []
        except SilentError:
            raise
        except SandboxctlError:
            slices = []
        for each in slices:
            for endpoint in each.get("endpoints") or []:
                if (endpoint.get("conditions") or {}).get("ready") and endpoint.get("addresses"):
                    return f"{endpoint['addresses'][0]}:53"
        raise InvalidError(
            f"{sandbox.name}: that its network is closed cannot be proved: this cluster shows no DNS to try",
            hint=_SET_TARGET, sandbox=sandbox.name,
        )  # fmt: skip

    def _see_open(self, sandbox: Sandbox, target: str, image: str) -> None:
        """By a pod that no rule of ours selects, in the words that the gate uses."""
        document = _opener(sandbox, target, image)
        made = self._api.create(document)
        uid, name = made["metadata"]["uid"], made["metadata"]["name"]
        path = self._api.location("Pod", name)
        try:
            ended = self._wait(path)
        finally:
            self._api.delete(path, uid=uid, grace=0)
        if ended.get("exitCode") != 0:
            why = str(ended.get("message") or ended.get("reason") or "").strip()
            raise FailedError(
                f"{sandbox.name}: that its network is closed cannot be proved: {why or f'{target} cannot be reached'}",
                hint=_SET_TARGET, sandbox=sandbox.name,
            )  # fmt: skip

    def _wait(self, path: str) -> dict[str, Any]:
        began = time.monotonic()
        while True:
            pod = self._api.find(path) or {}
            statuses = (pod.get("status") or {}).get("containerStatuses") or [{}]
            state = statuses[0].get("state") or {}
            if "terminated" in state:
                return dict(state["terminated"])
            waited = time.monotonic() - began
            if waited >= _SECONDS:
                waiting = state.get("waiting") or {}
                return {"exitCode": 1, "message": f"the pod that looks is {waiting.get('reason', 'still at it')}"}
            time.sleep(polling.pause(waited))


def _is_closed(sandbox: Sandbox) -> bool:
    return sandbox.network.mode == "none" or sandbox.network.egress is not None


def _check(target: str, sandbox: Sandbox) -> None:
    """An address, and one that the sandbox itself must not reach."""
    host, _, port = target.rpartition(":")
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        raise InvalidError(f"kubernetes.probeTarget is no ADDRESS:PORT: {target}", sandbox=sandbox.name) from None
    for rule in sandbox.network.egress or ():
        ports = {each.partition("/")[0] for each in rule.ports}
        if rule.cidr and address in ip_network(rule.cidr, strict=False) and (not ports or port in ports):
            raise InvalidError(
                f"kubernetes.probeTarget {target} is among what the spec lets through ({rule.cidr})",
                hint="name one that has to be closed", sandbox=sandbox.name,
            )  # fmt: skip


def _opener(sandbox: Sandbox, target: str, image: str) -> dict[str, Json]:
    host, _, port = target.rpartition(":")
    script = (resources.templates() / "kubernetes" / "gate.sh").read_text(encoding="utf-8")
    amounts: dict[str, Json] = {"cpu": "100m", "memory": "64Mi"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{sandbox.name[:40]}-opener-{secrets.token_hex(3)}",
            "labels": {_OPENER: "opener"},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "activeDeadlineSeconds": int(_SECONDS),
            "securityContext": {
                "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "opener",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", script.replace("$(", "$$("), "gate", "open", host, port],
                "resources": {"limits": amounts, "requests": amounts},
                "securityContext": {
                    "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "terminationMessagePolicy": "FallbackToLogsOnError",
            }],
        },
    }  # fmt: skip
