"""What only a pod has, or has from elsewhere: settings of the cluster's, parts of claims, profiles of the node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.test_kubernetes import NO_GATE
from tests.contract.test_kubernetes import bench as bench  # a fixture
from tests.contract.workbench import Workbench
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

pytestmark = pytest.mark.kubernetes

QUICK: dict[str, Any] = {"lifecycle": {"stopGrace": "1s"}}
CLAIM: dict[str, Any] = {"type": "volume", "target": "/data", "size": "1Mi"}


@pytest.mark.proves("env.configMap", "env.secret", "mounts.configMap", "mounts.secret", "mounts.secret.items")
def test_settings_of_the_cluster_reach_variables_and_files(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    metadata = {"name": f"{kubernetes_name}-settings"}
    data = {"stringData": {"word": "hidden", "other": "x"}}
    kubernetes_engine.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"level": "debug"}})
    kubernetes_engine.make({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **data})
    name = metadata["name"]
    settings = {
        "env": {"LEVEL": {"configMap": name, "key": "level"}, "WORD": {"secret": name, "key": "word"}},
        "mounts": [
            {"type": "configMap", "name": name, "target": "/etc/tool"},
            {"type": "secret", "name": name, "target": "/run/tool", "items": {"word": "token"}},
        ],
    }
    spec = bench.spec(kubernetes_name, settings, NO_GATE, QUICK)
    bench.applied(spec)
    assert bench.sh(kubernetes_name, "echo $LEVEL $WORD; cat /etc/tool/level; echo; cat /run/tool/token") == (
        "debug hidden\ndebug\nhidden"
    )
    assert bench.sh(kubernetes_name, "ls /run/tool; touch /run/tool/x 2>/dev/null || echo read-only") == (
        "token\nread-only"
    )
    assert bench.plan(spec).pending == ()


@pytest.mark.proves("image.pull")
@pytest.mark.parametrize(("pull", "policy"), [("missing", "IfNotPresent"), ("never", "Never")])
def test_the_node_pulls_as_the_spec_says(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, kubernetes_images: NodeImages,
    pull: str, policy: str,
) -> None:  # fmt: skip
    image = {"image": {"ref": kubernetes_images.busybox, "pull": pull}}
    bench.applied(bench.spec(kubernetes_name, image, NO_GATE, QUICK))
    pod = kubernetes_engine.get("pod", kubernetes_name)
    assert pod is not None
    assert [each["imagePullPolicy"] for each in pod["spec"]["containers"]] == [policy]


@pytest.mark.proves("mounts.volume.subPath")
def test_a_part_of_a_claim_is_all_that_there_is_of_it(
    bench: Workbench, kubernetes_name: str, kubernetes_volumes: None
) -> None:
    whole = {**CLAIM, "source": f"{kubernetes_name}-v"}
    bench.applied(bench.spec(kubernetes_name, {"mounts": [whole]}, NO_GATE, QUICK))
    bench.sh(kubernetes_name, "mkdir -p /data/one/inside && touch /data/beside")
    spec = bench.spec(kubernetes_name, {"mounts": [{**whole, "subPath": "one"}]}, NO_GATE, QUICK)
    assert bench.applied(spec) == "replaced"
    assert bench.sh(kubernetes_name, "ls /data") == "inside"
    assert bench.plan(spec).pending == ()


@pytest.fixture
def no_mkdir(kubernetes_engine: Cluster) -> Iterator[str]:
    """A profile in our own node's directory of them; a test cannot write into that of somebody else's nodes."""
    if not kubernetes_engine.is_ours:
        pytest.skip("where the profiles of this cluster's nodes are, its nodes know")
    directory = Path(kubernetes_engine.kubeconfig).parent / "kubelet" / "seccomp"
    directory.mkdir(exist_ok=True)
    rule = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
    profile = directory / f"no-mkdir-{os.getpid()}.json"
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}))
    yield profile.name
    profile.unlink()


@pytest.mark.proves("security.seccomp.localhost")
def test_a_profile_of_the_nodes_is_at_work(bench: Workbench, kubernetes_name: str, no_mkdir: str) -> None:
    spec = bench.spec(kubernetes_name, {"security": {"seccomp": {"localhost": no_mkdir}}}, NO_GATE, QUICK)
    bench.applied(spec)
    assert bench.sh(kubernetes_name, "mkdir /tmp/x 2>/dev/null && echo allowed || echo refused") == "refused"
    assert bench.plan(spec).pending == ()


@pytest.mark.proves("kubernetes.namespace")
def test_the_namespace_of_the_spec_is_where_it_is(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    where = {"kubernetes": {"namespace": kubernetes_engine.open_namespace, **NO_GATE["kubernetes"]}}
    bench.spec(kubernetes_name, where, QUICK)
    path = bench.directory / f"{kubernetes_name}.yaml"
    tool = (sys.executable, "-m", "sandboxctl", "--backend", "kubernetes", "--kubeconfig", kubernetes_engine.kubeconfig)
    for verb, there in (("apply", True), ("delete", False)):
        subprocess.run([*tool, verb, "--yes", str(path)], check=True, capture_output=True)
        pod = kubernetes_engine.get("pod", kubernetes_name, namespace=kubernetes_engine.open_namespace)
        assert (pod is not None) == there
    assert kubernetes_engine.get("pod", kubernetes_name) is None
