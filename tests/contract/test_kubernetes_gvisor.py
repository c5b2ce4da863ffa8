"""`security.runtime: gvisor` as a runtime class of a real cluster: another kernel answers, and the gate holds there too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.test_kubernetes import bench as bench  # a fixture
from tests.contract.workbench import Workbench
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

pytestmark = pytest.mark.kubernetes

GVISOR: dict[str, Any] = {"security": {"runtime": "gvisor"}, "lifecycle": {"stopGrace": "1s"}}


@pytest.fixture(autouse=True)
def gvisor(kubernetes_engine: Cluster) -> None:
    """Our own node has it, so that there is nothing to skip; of somebody else's cluster nobody asks it."""
    if kubernetes_engine.get("runtimeclass", "gvisor") is None:
        assert not kubernetes_engine.is_ours
        pytest.skip("this cluster has no runtime class gvisor")


def test_a_sandbox_runs_on_gvisors_kernel_with_its_network_seen_closed(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, open_target: str,
    kubernetes_images: NodeImages,
) -> None:  # fmt: skip
    closed = {"kubernetes": {"probeTarget": open_target}}
    spec = bench.spec(kubernetes_name, GVISOR, closed)
    assert bench.applied(spec) == "created"
    assert bench.plan(spec).pending == ()
    assert "gvisor" in bench.sh(kubernetes_name, "cat /proc/version")
    verdict = bench.verdict(spec)
    by_name = {each.control: each for each in verdict.controls}
    assert verdict.ok, [each for each in verdict.controls if each.status == "failed"]
    assert (by_name["runtime"].actual, by_name["runtime"].evidence) == ("gvisor", "inside")
    probed = bench.verdict(spec, probe_image=kubernetes_images.busybox)
    assert [each for each in probed.controls if each.status == "failed"] == []
    proved = {each.control for each in probed.controls if each.status == "proved"}
    assert {"runtime", "user", "capabilities.effective", "no-new-privileges", "root-filesystem"} <= proved
    assert bench.delete(kubernetes_name)[0].outcome == "deleted"
    assert kubernetes_engine.get("pod", kubernetes_name) is None


def test_from_the_default_runtime_to_gvisor_is_a_replace(
    bench: Workbench, kubernetes_name: str, open_target: str
) -> None:
    closed = {"kubernetes": {"probeTarget": open_target}, "lifecycle": {"stopGrace": "1s"}}
    bench.applied(bench.spec(kubernetes_name, closed))
    spec = bench.spec(kubernetes_name, closed, GVISOR)
    assert bench.applied(spec) == "replaced"
    assert bench.plan(spec).pending == ()
