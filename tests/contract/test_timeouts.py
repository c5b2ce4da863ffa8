"""A ttl where the process is not a `sleep` of ours: Podman's own timeout ends it."""

from __future__ import annotations

import time

import pytest

from sandboxctl import observe
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Workbench

SERVER = ["sh", "-c", "trap '' TERM INT; while :; do sleep 1; done"]


@pytest.fixture
def engine(podman_under_test: PodmanUnderTest) -> PodmanUnderTest:
    """In place of the suite's: Podman alone."""
    return podman_under_test


@pytest.mark.proves("lifecycle.ttl")
@pytest.mark.parametrize("init", [True, False], ids=["with-init", "without"])
def test_podman_ends_what_would_never_end_and_the_next_apply_makes_a_new_one(
    engine: PodmanUnderTest, bench: Workbench, name: str, init: bool
) -> None:
    spec = bench.spec(name, {"command": SERVER, "lifecycle": {"ttl": "3s", "init": init}})
    assert bench.applied(spec) == "created"
    first = engine.id(name)
    assert engine.inspect(name)["Config"]["Timeout"] == 3
    deadline = time.monotonic() + 20
    while engine.state(name) != "exited" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert engine.state(name) == "exited"
    (row,) = observe.listed(bench.backend, names=[name])
    assert row.state == "expired"
    (action,) = bench.plan(spec).pending
    assert (action.kind, action.reason) == ("replace", "replace_because_expired")
    assert bench.applied(spec) == "replaced"
    assert engine.id(name) != first


def test_it_counts_from_the_creation_and_a_start_does_not_prolong_it(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name, {"command": SERVER, "lifecycle": {"ttl": "6s", "stopGrace": "1s"}})
    bench.applied(spec)
    time.sleep(3)
    engine.client("stop", "--time=0", name)
    engine.client("start", name)
    time.sleep(4.5)  # the engine's clock tells whole seconds
    (row,) = observe.listed(bench.backend, names=[name])
    assert row.state == "expired"
    assert bench.applied(spec) == "replaced"


def test_another_ttl_is_a_replace(engine: PodmanUnderTest, bench: Workbench, name: str) -> None:
    spec, longer = (bench.spec(name, {"command": SERVER, "lifecycle": {"ttl": ttl, "stopGrace": "1s"}})
                    for ttl in ("1h", "2h"))  # fmt: skip
    bench.applied(spec)
    assert bench.plan(spec).pending == ()
    assert bench.applied(longer) == "replaced"
    assert engine.inspect(name)["Config"]["Timeout"] == 7200
