"""A real cluster as fixtures: the one that SANDBOXCTL_TEST_KUBECONFIG names, or our own (`kubernetes.sh`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NAMESPACE = "sandboxctl-test"
OPEN_NAMESPACE = "sandboxctl-test-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that answers, and the means to look behind the tool's back.

    `is_ours`: `kubernetes.sh` made it. In `namespace` the `restricted` Pod Security Standard is enforced, in `open_namespace` nothing is.
    """

    kubeconfig: str
    is_ours: bool
    namespace: str = NAMESPACE
    open_namespace: str = OPEN_NAMESPACE

    def kubectl(
        self, *args: str, check: bool = True, stdin: str | None = None, namespace: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Kubernetes' own client in the namespace; with `check` a failure fails the test with its words."""
        where = ["--kubeconfig", self.kubeconfig, "--namespace", namespace or self.namespace]
        done = subprocess.run(["kubectl", *where, *args], input=stdin, capture_output=True, text=True, timeout=120)
        if check and done.returncode != 0:
            pytest.fail(f"kubectl {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> Any | None:
        """One object; None where it is not there."""
        words = ("get", kind, name, "--ignore-not-found", "--output", "json")
        text = self.kubectl(*words, namespace=namespace).stdout
        return json.loads(text) if text else None

    def names(self, kind: str) -> frozenset[str]:
        """The names of all objects of a kind in the namespace."""
        return frozenset(self.kubectl("get", kind, "--output", "name").stdout.split())

    def make(self, document: Mapping[str, Any], *, namespace: str | None = None) -> None:
        """What somebody else makes by hand."""
        self.kubectl("apply", "--filename", "-", stdin=json.dumps(document), namespace=namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeImages:
    """The tests' images, which the nodes have."""

    busybox: str
    python: str


def _script(name: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    # stderr is left to pytest's capture. The first run builds the cluster's programs.
    done = subprocess.run([str(HERE / name), *args], stdout=subprocess.PIPE, text=True, timeout=1800)
    if check and done.returncode != 0:
        pytest.fail(f"{name} {' '.join(args)}: exit {done.returncode} (its words are above)")
    return done


@pytest.fixture(scope="session")
def kubernetes_engine(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster: the developer's, or our own, which is then stopped at the end of the session."""
    was_running = _script("kubernetes.sh", "owned", check=False).returncode == 0
    kubeconfig = _script("kubernetes.sh", "start").stdout.strip()
    if shutil.which("kubectl") is None:
        os.environ["PATH"] += os.pathsep + _script("kubernetes.sh", "kubectl").stdout.strip()
    yield Cluster(kubeconfig=kubeconfig, is_ours=_script("kubernetes.sh", "owned", check=False).returncode == 0)
    is_worker = hasattr(request.config, "workerinput")
    if not was_running and not is_worker and os.environ.get("KEEP_ENGINES") != "1":
        _script("kubernetes.sh", "stop")


@pytest.fixture(scope="session")
def kubernetes_images(kubernetes_engine: Cluster) -> NodeImages:
    """The tests' images, on the cluster's nodes."""
    lines = _script("images.sh", "kubernetes").stdout.splitlines()
    values = dict(line.split("=", 1) for line in lines)
    return NodeImages(busybox=values["busybox_image"], python=values["python_image"])


@pytest.fixture(scope="session")
def open_target(kubernetes_engine: Cluster, kubernetes_images: NodeImages) -> Iterator[str]:
    """ADDRESS:PORT of a pod that every pod without rules can reach."""
    name = f"target-{uuid.uuid4().hex[:8]}"
    container = {
        "name": "server",
        "image": kubernetes_images.busybox,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", "while true; do nc -l -p 8080 -e cat; done"],
    }
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    where = kubernetes_engine.open_namespace
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    kubernetes_engine.make(pod, namespace=where)
    kubernetes_engine.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s", namespace=where)
    found = kubernetes_engine.get("pod", name, namespace=where)
    assert found is not None
    yield f"{found['status']['podIP']}:8080"
    kubernetes_engine.kubectl("delete", "pod", name, "--wait=false", namespace=where)


@pytest.fixture
def kubernetes_name(kubernetes_engine: Cluster) -> Iterator[str]:
    """A sandbox name that nobody has; all that carries it afterwards is removed."""
    name = f"k-{uuid.uuid4().hex[:10]}"
    yield name
    kinds = ("pods", "networkpolicies", "configmaps", "secrets", "services", "persistentvolumeclaims")
    for kind in kinds:
        left = [each for each in kubernetes_engine.names(kind) if each.partition("/")[2].startswith(name)]
        if left:
            force = ("--grace-period=0", "--force") if kind == "pods" else ()
            kubernetes_engine.kubectl("delete", *left, "--wait=false", *force)
