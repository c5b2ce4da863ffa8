"""The same on a cluster: kills at random moments, and several applies at one time.

Its API speaks TLS, so nothing stands between; the moments are spread over the time that a whole apply takes.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.contract.workbench import yaml_text
from tests.engines.fixtures_kubernetes import Cluster, NodeImages
from tests.faults.cases import LONG

ROUNDS = 50 if LONG else 3
KINDS = "pods,networkpolicies,configmaps,secrets,services"


class ClusterLab:
    """One sandbox in a namespace, and commands that are processes of their own."""

    def __init__(self, cluster: Cluster, image: str, name: str, directory: Path) -> None:
        self.cluster, self.image, self.name, self.directory = cluster, image, name, directory

    def write(self, env: Mapping[str, str]) -> None:
        spec: dict[str, Any] = {
            "image": self.image,
            "env": {**env, "TOKEN": {"fromEnv": "LAB_TOKEN"}},
            "resources": {"cpu": "100m", "memory": "64Mi"},
            "lifecycle": {"ready": {"minSeconds": 0}, "stopGrace": "1s"},
            "kubernetes": {"accept": ["network"]},
        }
        document = {"apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": {"name": self.name}, "spec": spec}
        (self.directory / "sandbox.yaml").write_text(yaml_text(document))

    def start(self, *words: str) -> subprocess.Popen[str]:
        where = [
            "--backend",
            "kubernetes",
            "--kubeconfig",
            self.cluster.kubeconfig,
            "--namespace",
            self.cluster.namespace,
        ]
        return subprocess.Popen(
            [sys.executable, "-m", "sandboxctl", *where, *words], cwd=self.directory, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "LAB_TOKEN": "swordfish-4711", "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip

    def done(self, *words: str) -> str:
        process = self.start(*words)
        out, err = process.communicate(timeout=180)
        assert process.returncode == 0, (words, out, err)
        assert "swordfish-4711" not in out + err
        return out

    def objects(self) -> list[str]:
        text = self.cluster.kubectl("get", KINDS, "--selector", f"sandboxctl.dev/name={self.name}", "-o", "json").stdout
        return sorted(each["kind"] for each in json.loads(text)["items"])

    def is_right(self) -> None:
        assert self.objects() == ["NetworkPolicy", "Pod", "Secret"]
        self.done("plan", "--detailed-exitcode")
        self.done("verify")


@pytest.fixture
def cluster_lab(
    kubernetes_engine: Cluster, kubernetes_images: NodeImages, kubernetes_name: str, clean_home: Path, tmp_path: Path
) -> ClusterLab:
    return ClusterLab(kubernetes_engine, kubernetes_images.busybox, kubernetes_name, tmp_path)


@pytest.mark.timeout(7200)
def test_a_kill_at_a_random_moment_of_a_replace(cluster_lab: ClusterLab) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    cluster_lab.write({})
    cluster_lab.done("apply", "--yes")
    began = time.monotonic()
    cluster_lab.write({"A": "first"})
    cluster_lab.done("apply", "--yes")
    whole = time.monotonic() - began
    for round_ in range(ROUNDS):
        cluster_lab.write({"A": str(round_)})
        process = cluster_lab.start("apply", "--yes")
        time.sleep(moments.uniform(0, whole))
        process.kill()
        process.communicate()
        try:
            cluster_lab.done("apply", "--yes")
            cluster_lab.is_right()
        except AssertionError as error:
            pytest.fail(f"seed {seed}, round {round_}: {error}")
    cluster_lab.done("delete", cluster_lab.name, "--yes")
    assert cluster_lab.objects() == []


@pytest.mark.timeout(3600)
def test_applies_of_one_spec_at_one_time(cluster_lab: ClusterLab) -> None:
    cluster_lab.write({})
    processes = [cluster_lab.start("apply", "--yes", "--lock-timeout", "120s") for _ in range(3)]
    ran = [(process.communicate(timeout=300), process.returncode) for process in processes]
    assert [code for _, code in ran] == [0, 0, 0], ran
    cluster_lab.is_right()
