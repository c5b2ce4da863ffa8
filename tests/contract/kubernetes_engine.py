"""A cluster under the contract suite, looked at and tampered with by Kubernetes' own client. See `engines`."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.backends.base import Connection
from sandboxctl.spec import Sandbox
from tests.contract import kernel
from tests.contract.workbench import Fragment, merged
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

_KINDS = "pods,networkpolicies,configmaps,secrets,services,persistentvolumeclaims"
_LIVE = frozenset(
    {
        "resources.cpu", "resources.memory", "resources.requests.cpu", "resources.requests.memory",
        "metadata.labels", "metadata.annotations",
    }
)  # fmt: skip
_SELECTORS = frozenset({"sandboxctl.dev/managed", "sandboxctl.dev/name", "sandboxctl.dev/project"})
_RESTARTS = {"Never": "no", "OnFailure": "on-failure", "Always": "always"}

_LIMITS = """
cd /sys/fs/cgroup
for file in memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes memory/memory.soft_limit_in_bytes \
    cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares pids/pids.max cpuset/cpuset.cpus \
    memory.max memory.swap.max memory.low cpu.max cpu.weight pids.max cpuset.cpus
do test -e $file && echo $file $(cat $file); done; true
"""

_DEFAULT_CONTAINER: Mapping[str, Any] = {
    "name": "sandbox",
    "imagePullPolicy": "IfNotPresent",
    "command": ["sleep"],
    "args": ["infinity"],
    "workingDir": "/workspace",
    "env": [{"name": "HOME", "value": "/workspace"}],
    "resources": {
        "limits": {"cpu": "1", "memory": "512Mi"},
        "requests": {"cpu": "10m", "memory": "16Mi"},
    },
    "securityContext": {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    },
    "volumeMounts": [
        {"name": "mount-0", "mountPath": "/tmp"}, {"name": "mount-1", "mountPath": "/workspace"},
    ],
}  # fmt: skip
_DEFAULT_POD: Mapping[str, Any] = {
    "restartPolicy": "Never",
    "terminationGracePeriodSeconds": 5,
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "dnsPolicy": "None",
    "dnsConfig": {"nameservers": ["127.0.0.1"]},
    "shareProcessNamespace": True,
    "securityContext": {
        "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "volumes": [
        {"name": "mount-0", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {"name": "mount-1", "emptyDir": {"medium": "Memory", "sizeLimit": "256Mi"}},
    ],
}  # fmt: skip
"""The default sandbox of the tests as somebody writes it by hand."""


def _pod(**changes: Any) -> str:
    return json.dumps(changes)


def _container(**changes: Any) -> str:
    return json.dumps({"container": changes})


_WEAKENINGS: Mapping[str, str] = {
    _pod(hostPID=True, shareProcessNamespace=False): "kubernetes.hostPID",
    _pod(hostIPC=True): "kubernetes.hostIPC",
    _pod(hostNetwork=True): "network.mode",
    _pod(shareProcessNamespace=False): "lifecycle.init",
    _pod(restartPolicy="Always"): "lifecycle.restart.policy",
    _pod(terminationGracePeriodSeconds=600): "lifecycle.stopGrace",
    _pod(activeDeadlineSeconds=600): "lifecycle.ttl",
    _pod(automountServiceAccountToken=True): "kubernetes.serviceAccountToken",
    _pod(hostAliases=[{"ip": "192.0.2.1", "hostnames": ["x"]}]): "network.hosts.x",
    _pod(hostname="other"): "network.hostname",
    _pod(dnsConfig={"nameservers": ["192.0.2.1"]}): "network.dns.servers",
    _pod(securityContext={"runAsUser": 0, "runAsNonRoot": False}): "security.user",
    _pod(securityContext={"supplementalGroups": [0]}): "security.groups",
    _pod(securityContext={"seccompProfile": {"type": "Unconfined"}}): "security.seccomp",
    _pod(securityContext={"sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "7"}]}):
        "security.sysctls.net.ipv4.ip_unprivileged_port_start",
    _container(securityContext={"allowPrivilegeEscalation": True}): "security.noNewPrivileges",
    _container(securityContext={"privileged": True, "allowPrivilegeEscalation": True}): "security.privileged",
    _container(securityContext={"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}): "security.capabilities.add",
    _container(securityContext={"capabilities": {"drop": []}}): "security.capabilities.drop",
    _container(securityContext={"readOnlyRootFilesystem": False}): "security.readOnlyRoot",
    _container(securityContext={"runAsUser": 12345}): "security.user",
    _container(securityContext={"seccompProfile": {"type": "Unconfined"}}): "security.seccomp",
    json.dumps({"hostUsers": False, "container": {"securityContext": {"procMount": "Unmasked"}}}): "security.userNamespace",
    _container(resources={"limits": {"cpu": "1500m"}}): "resources.cpu",
    _container(resources={"limits": {"memory": "513Mi"}}): "resources.memory",
    _container(workingDir="/"): "workdir",
    _container(env=[{"name": "HOME", "value": "/"}]): "env.HOME",
    _container(command=["sh"]): "command",
    _container(stdin=True): "stdin",
    _container(tty=True): "tty",
    _container(readinessProbe={"exec": {"command": ["true"]}}): "health.command",
}  # fmt: skip
"""What a copy may have besides: what is laid over the pod's spec, or its container's, and the key that a plan tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesUnderTest:
    """One namespace of a cluster: the one that enforces the `restricted` Pod Security Standard, unless asked for more."""

    cluster: Cluster
    images: NodeImages
    namespace: str
    backend: str = "kubernetes"
    provisions: bool = True
    users: bool = False
    starts_again: bool = False
    line_end: bytes = b"\n"
    server: str = "Kubernetes"
    sub_paths: bool = True

    @property
    def base(self) -> Fragment:
        """A node of two CPUs has room for two default sandboxes; the gate takes seconds, and has tests of its own."""
        return {
            "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
            "kubernetes": {"accept": ["network"]},
        }

    def unrestricted(self) -> KubernetesUnderTest:
        return replace(self, namespace=self.cluster.open_namespace)

    @property
    def new_volume(self) -> Mapping[str, Any]:
        return {"size": "1Mi"}

    @property
    def delete_seconds(self) -> float:
        """The kubelet looks once a second: two on a quiet machine."""
        return 6

    @property
    def tmpfs_owner(self) -> str:
        return "0:10001"

    def file_mode(self, mode: str) -> str:
        """It is root's and the group's of the pod's files, who may read it in any case."""
        return f"{int(mode, 8) | 0o440:o} 0:10001"

    def is_on_a_network(self, name: str) -> bool:
        found = self.cluster.get("networkpolicy", name, namespace=self.namespace)
        closed = {"egress": [], "ingress": [], "policyTypes": ["Ingress", "Egress"]}
        return found is None or {key: found["spec"].get(key, []) for key in closed} != closed

    def fitted(self, sandbox: Sandbox) -> Sandbox:
        """A node of two CPUs has to have room for it; the gate has tests of its own."""
        requests = replace(sandbox.resources.requests, cpu=10, memory=16 * 2**20)
        section = replace(sandbox.kubernetes, accept=(*sandbox.kubernetes.accept, "network"))
        return replace(sandbox, resources=replace(sandbox.resources, requests=requests), kubernetes=section)

    def in_place(self, field: str) -> bool:
        return field in _LIVE

    def connection(self, *, socket: Path | None = None, timeout: float = 30.0) -> Connection:
        assert socket is None, "a cluster is not on a socket"
        return Connection(kubeconfig=self.cluster.kubeconfig, namespace=self.namespace, timeout=timeout)

    @property
    def socket(self) -> Path:
        pytest.fail("a cluster is not on a socket")

    def leading_to(self, address: str, directory: Path) -> Sequence[str]:
        """Without our login: whoever is at `address` has one."""
        there = {"name": "there", "cluster": {"server": address}}
        context = {"name": "there", "context": {"cluster": "there", "user": "nobody"}}
        path = directory / "kubeconfig"
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "there", "clusters": [there], "contexts": [context],
            "users": [{"name": "nobody", "user": {}}],
        }))  # fmt: skip
        return ("--kubeconfig", str(path), "--namespace", self.namespace)

    def client(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.cluster.kubectl(*args, check=check, namespace=self.namespace)

    def _names(self, kinds: str, *options: str) -> frozenset[str]:
        text = self.client("get", kinds, "--output", "name", *options).stdout
        return frozenset(each.partition("/")[2] for each in text.split())

    def containers(self) -> frozenset[str]:
        return self._names("pods")

    def labelled(self, name: str) -> frozenset[str]:
        return self._names("pods", "--selector", f"sandboxctl.dev/name={name}")

    def astray(self, name: str) -> frozenset[str]:
        """Its own are a policy, and the Secret that its variables are read from."""
        (container,) = self.inspect(name)["spec"]["containers"]
        sources = [each.get("valueFrom", {}).get("secretKeyRef", {}).get("name") for each in container.get("env", [])]
        own = {("NetworkPolicy", name), *(("Secret", each) for each in sources if each)}
        words = ("--selector", f"sandboxctl.dev/name={name}", "--output", "json")
        there = json.loads(self.client("get", _KINDS.partition(",")[2], *words).stdout)["items"]
        found = {(each["kind"], each["metadata"]["name"]) for each in there}
        return frozenset(f"{kind} {each}" for kind, each in found ^ own)

    def volumes(self) -> frozenset[str]:
        return self._names("persistentvolumeclaims")

    def networks(self) -> frozenset[str]:
        return frozenset()

    def image_names(self, repository: str = "") -> frozenset[str]:
        return frozenset()

    def left(self, name: str) -> frozenset[str]:
        return frozenset(each for each in self._names(_KINDS) if each.startswith(name))

    def shown(self, name: str) -> str:
        """All that whoever may not read Secrets can read of it, events among it."""
        kinds = _KINDS.replace("secrets,", "") + ",events"
        every = json.loads(self.client("get", kinds, "--output", "json").stdout)["items"]
        return "\n".join(json.dumps(each) for each in every if name in json.dumps(each))

    def files(self, name: str) -> list[str]:
        return sorted(self._names("configmaps,secrets", "--selector", f"sandboxctl.dev/name={name}"))

    def clear(self, name: str) -> None:
        kinds = self.client("get", _KINDS, "--output", "name").stdout.split()
        mine = [each for each in kinds if each.partition("/")[2].startswith(name)]
        if mine:
            self.client("delete", *mine, "--wait=false", "--grace-period=0", "--force", "--ignore-not-found")

    def inspect(self, name: str) -> Any:
        found = self.cluster.get("pod", name, namespace=self.namespace)
        assert found is not None, f"there is no pod {name}"
        return found

    def id(self, name: str) -> str:
        return str(self.inspect(name)["metadata"]["uid"])

    def incarnation(self, name: str) -> object:
        found = self.inspect(name)
        containers = [each.get("containerID") for each in found["status"].get("containerStatuses") or []]
        return found["metadata"]["uid"], containers

    def state(self, name: str) -> str:
        phase = str(self.inspect(name)["status"]["phase"])
        return {"Running": "running", "Pending": "created"}.get(phase, "exited")

    def restarts(self, name: str) -> int:
        return int(self.inspect(name)["status"]["containerStatuses"][0]["restartCount"])

    def limits(self, name: str) -> kernel.Limits:
        text = self.client("exec", name, "--container", "sandbox", "--", "sh", "-c", _LIMITS).stdout
        values = dict(line.partition(" ")[::2] for line in text.splitlines())
        if "memory/memory.limit_in_bytes" in values:
            return kernel.version_1(lambda controller, file: values[f"{controller}/{file}"])
        return kernel.version_2(lambda file: values[file])

    def labels(self, name: str) -> dict[str, str]:
        metadata = self.inspect(name)["metadata"]
        return {**(metadata.get("annotations") or {}), **(metadata.get("labels") or {})}

    def setting(self, name: str, word: str) -> Any:
        kind, _, key = word.partition(" ")
        found = self.inspect(name)
        if kind in ("label", "annotation"):
            return (found["metadata"].get(f"{kind}s") or {}).get(key)
        spec = found["spec"]
        container = next(each for each in spec["containers"] if each["name"] == "sandbox")
        settings: Mapping[str, Callable[[], Any]] = {
            "command": lambda: container.get("args"),
            "stop-grace": lambda: spec["terminationGracePeriodSeconds"],
            "restart": lambda: {"Name": _RESTARTS[spec["restartPolicy"]], "MaximumRetryCount": 0},
            "health-command": lambda: self._health_command(container),
            "requests": lambda: container["resources"]["requests"],
            "disk": lambda: container["resources"]["limits"].get("ephemeral-storage"),
            "is-on-a-network": lambda: self.is_on_a_network(name),
            "published": lambda: self._service_ports(name),
        }
        return settings[kind]()

    def _health_command(self, container: Mapping[str, Any]) -> list[str]:
        probe = container.get("readinessProbe")
        return ["NONE"] if probe is None else ["CMD", *probe["exec"]["command"]]

    def _service_ports(self, name: str) -> list[str]:
        found = self.cluster.get("service", name, namespace=self.namespace)
        return (
            [] if found is None else [f"{each['port']}/{each['protocol'].lower()}" for each in found["spec"]["ports"]]
        )

    def run_stranger(
        self, name: str, image: str, *command: str, labels: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> str:
        pod = _overlaid(_DEFAULT_POD, {**_DEFAULT_CONTAINER, "image": image}, options)
        if command:
            pod["containers"][0] |= {"command": list(command), "args": []}
        self._make(name, pod, labels or {}, manager="somebody" if labels is None else "sandboxctl")
        self.client("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=30s")
        return self.id(name)

    def _make(self, name: str, spec: Mapping[str, Any], labels: Mapping[str, str], *, manager: str) -> None:
        """With labels and annotations, each where it was, and under a field manager of that name."""
        selectors = {key: text for key, text in labels.items() if key in _SELECTORS}
        notes = {key: text for key, text in labels.items() if key not in _SELECTORS}
        metadata = {"name": name, "labels": selectors, "annotations": notes}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        words = ("apply", "--server-side", "--field-manager", manager, "--filename", "-")
        self.cluster.kubectl(*words, stdin=json.dumps(pod), namespace=self.namespace)

    def copy_of_a_default_sandbox(self, name: str, labels: Mapping[str, str], *options: str) -> None:
        container = {**_DEFAULT_CONTAINER, "image": self.images.busybox}
        pod = _overlaid({**_DEFAULT_POD, "hostname": name}, container, options)
        self._make(name, pod, labels, manager="sandboxctl")

    def weakenings(self) -> Mapping[str, str]:
        return _WEAKENINGS

    def weaker_than_restricted(self) -> Sequence[str]:
        return (
            _pod(securityContext={"runAsUser": 0, "runAsNonRoot": False}),
            _container(securityContext={"readOnlyRootFilesystem": False, "capabilities": {"drop": []}}),
        )

    def sabotage_memory(self, name: str) -> None:
        change = {"spec": {"containers": [{"name": "sandbox", "resources": {"limits": {"memory": "2Gi"}}}]}}
        self.client("patch", "pod", name, "--subresource=resize", "--patch", json.dumps(change))
        _until(lambda: self.limits(name).memory == 2 * 2**30 and self._memory_told(name) == "2Gi")

    def _memory_told(self, name: str) -> str:
        """The limit that the node has reported: seconds after it holds."""
        (found,) = (each for each in self.inspect(name)["status"]["containerStatuses"] if each["name"] == "sandbox")
        return str(found["resources"]["limits"]["memory"])

    def attach_network(self, name: str) -> None:
        self.client("delete", "networkpolicy", name)

    def stop(self, name: str) -> None:
        self._end(name, "TERM")

    def kill(self, name: str) -> None:
        self._end(name, "KILL")

    def _end(self, name: str, signal: str) -> None:
        """What a sandbox is allowed: a signal to all that is its user's, from inside."""
        self.client("exec", name, "--container", "sandbox", "--", "kill", f"-{signal}", "-1", check=False)
        _until(lambda: self.state(name) == "exited")

    def remove(self, name: str) -> None:
        self.client("delete", "pod", name, "--grace-period=0", "--force", "--ignore-not-found")

    def out_of_memory(self, name: str, limit: str) -> tuple[str, str]:
        return f"{name} was killed: out of memory (limit {limit})", "raise resources.memory"

    def create_volume(self, name: str) -> None:
        claim = {
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}},
        }  # fmt: skip
        self.cluster.make(claim, namespace=self.namespace)

    def volume_path(self, name: str) -> Path:
        pytest.fail(f"where {name} is, its provisioner knows")

    def create_network(self, name: str) -> None:
        pytest.fail(f"a cluster has one network: there is no {name}")


def _overlaid(pod: Mapping[str, Any], container: Mapping[str, Any], options: Sequence[str]) -> dict[str, Any]:
    for each in options:
        change = json.loads(each)
        container = merged(container, change.pop("container", {}))
        pod = merged(pod, change)
    return {**pod, "containers": [dict(container)]}


def _until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)
