"""Several sandboxes in one pod of Podman: one network, and nothing else that is shared. Pods of others are left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from sandboxctl.errors import InvalidError
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Fragment, Workbench


@pytest.fixture
def engine(podman_under_test: PodmanUnderTest) -> PodmanUnderTest:
    """In place of the suite's: Podman alone."""
    return podman_under_test


def inspected(engine: PodmanUnderTest, pod: str) -> Any:
    return json.loads(engine.client("pod", "inspect", pod).stdout)


def pods(engine: PodmanUnderTest) -> set[str]:
    return set(engine.client("pod", "ps", "--format", "{{.Name}}").stdout.split())


@pytest.fixture
def pod(engine: PodmanUnderTest, name: str) -> Iterator[str]:
    """A name that no pod has; it is removed in the end."""
    yield f"{name}-pod"
    if f"{name}-pod" in pods(engine):
        engine.client("pod", "rm", "--force", "--time=0", f"{name}-pod")


def member(pod: str, **spec: object) -> Fragment:
    return {"podman": {"pod": pod}, **spec}


def members(engine: PodmanUnderTest, pod: str) -> set[str]:
    return {each["Name"] for each in inspected(engine, pod)["Containers"] if not each["Name"].endswith("-infra")}


@pytest.mark.proves("podman.pod")
def test_two_in_a_pod_reach_each_other_and_nothing_else(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    server = ["sh", "-c", "echo hello >index.html && exec httpd -f -p 127.0.0.1:8080"]
    specs = [bench.spec(f"{name}-a", member(pod, command=server)), bench.spec(f"{name}-b", member(pod))]
    assert bench.applied(*specs) == "created"
    assert members(engine, pod) == {f"{name}-a", f"{name}-b"}
    assert bench.sh(f"{name}-b", "wget -q -O - http://127.0.0.1:8080/") == "hello"
    assert bench.sh(f"{name}-b", "ls /sys/class/net; hostname") == f"lo\n{name}-b"
    a, b = (engine.inspect(f"{name}-{each}")["State"]["Pid"] for each in "ab")
    same = {each for each in ("net", "ipc", "uts", "pid", "mnt", "cgroup") if
            os.readlink(f"/proc/{a}/ns/{each}") == os.readlink(f"/proc/{b}/ns/{each}")}  # fmt: skip
    assert same == {"net"}
    assert bench.plan(*specs).pending == ()


def test_the_pod_goes_with_the_last_that_is_in_it(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    bench.applied(*(bench.spec(f"{name}-{each}", member(pod)) for each in "ab"))
    bench.delete(f"{name}-a")
    assert members(engine, pod) == {f"{name}-b"}
    bench.delete(f"{name}-b")
    assert pod not in pods(engine)


def test_with_a_stranger_in_it_the_pod_stays(engine: PodmanUnderTest, bench: Workbench, name: str, pod: str) -> None:
    bench.applied(bench.spec(name, member(pod)))
    engine.client("create", f"--pod={pod}", f"--name={name}-theirs", bench.image, "true")
    bench.delete(name)
    assert members(engine, pod) == {f"{name}-theirs"}


def test_a_pod_of_somebodys_is_refused_and_left_alone(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    engine.client("pod", "create", f"--name={pod}")
    before = inspected(engine, pod)["Containers"]
    with pytest.raises(InvalidError, match=f"pod-foreign: there is a pod {pod} already"):
        bench.apply(bench.spec(name, member(pod)))
    assert inspected(engine, pod)["Containers"] == before


def test_another_network_than_that_of_the_pod_is_refused(bench: Workbench, name: str, pod: str) -> None:
    bench.applied(bench.spec(f"{name}-a", member(pod)))
    with pytest.raises(InvalidError, match=f"pod-differs: the pod {pod} has the network none, not bridge"):
        bench.apply(bench.spec(f"{name}-b", member(pod, network="bridge")))


def test_of_two_networks_for_one_new_pod_one_fails(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    results = bench.apply(bench.spec(f"{name}-a", member(pod)), bench.spec(f"{name}-b", member(pod, network="bridge")))
    assert sorted((result.code, result.outcome) for result in results) == [(0, "created"), (5, "failed")]
    assert len(members(engine, pod)) == 1


def test_one_that_moves_into_a_pod_or_out_of_it_is_replaced(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    bench.applied(bench.spec(name))
    assert bench.applied(bench.spec(name, member(pod))) == "replaced"
    assert members(engine, pod) == {name}
    (action,) = bench.plan(bench.spec(name)).pending
    assert [(".".join(change.key), change.before, change.after) for change in action.changes] == [
        ("podman.pod", pod, None)
    ]
    assert bench.applied(bench.spec(name)) == "replaced"
    assert pod not in pods(engine)


def test_one_that_fails_to_start_leaves_no_pod(engine: PodmanUnderTest, bench: Workbench, name: str, pod: str) -> None:
    lasting = {"lifecycle": {"ready": {"minSeconds": 0.5}}}  # the init is there before it finds no such program
    (result,) = bench.apply(bench.spec(name, member(pod, command=["/nowhere"]), lasting))
    assert result.code == 6
    assert pod not in pods(engine)


def test_after_the_pod_was_stopped_an_apply_starts_it_again(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    spec = bench.spec(name, member(pod))
    bench.applied(spec)
    engine.client("pod", "stop", "--time=0", pod)
    assert bench.applied(spec) == "started"
    assert bench.plan(spec).pending == ()


def test_a_network_of_ours_holds_a_pod_and_goes_with_it(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str
) -> None:
    network = {"name": f"{name}-net", "create": True, "internal": True}
    specs = [bench.spec(f"{name}-{each}", member(pod, network=network)) for each in "ab"]
    bench.applied(*specs)
    assert bench.plan(*specs).pending == ()
    bench.delete(f"{name}-a")
    assert f"{name}-net" in engine.networks()
    bench.delete(f"{name}-b")
    assert f"{name}-net" not in engine.networks()


@pytest.mark.parametrize(
    "beside",
    [
        {"network": {"mode": "bridge", "ports": ["0:80"]}},
        {"network": {"mode": "bridge", "hosts": {"a": "192.0.2.1"}}},
        {"network": {"mode": "bridge", "dns": {"servers": ["192.0.2.1"]}}},
        {"network": "host", "security": {"allow": ["host-network"]}},
        {"security": {"userNamespace": "private"}},
        {"lifecycle": {"autoRemove": True}},
    ],
    ids=lambda beside: ".".join(beside),
)
def test_what_would_be_the_pods_is_refused_at_its_line(
    engine: PodmanUnderTest, bench: Workbench, name: str, pod: str, beside: Fragment
) -> None:
    with pytest.raises(InvalidError, match=r"refused-by-backend: `podman.pod` cannot be had on podman"):
        bench.apply(bench.spec(name, member(pod), beside))
    assert pod not in pods(engine)
