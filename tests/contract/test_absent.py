"""What the engine's host lacks is refused by its name, and nothing is left; a life that is over is told and replaced."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandboxctl.errors import InvalidError
from tests.contract.conftest import honoured
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def left(engine: EngineUnderTest, name: str) -> set[str]:
    return {each for each in engine.containers() | engine.volumes() if name in each}


def test_a_runtime_that_is_not_there(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    honours = honoured("security.runtime", engine.backend)  # Podman's is the service's own
    with pytest.raises(InvalidError, match=r"no-such-runtime.*kata" if honours else "runtime"):
        bench.plan(bench.spec(name, {"security": {"runtime": "kata"}}))
    assert left(engine, name) == set()


def test_a_part_of_a_volume_on_an_engine_that_would_mount_the_whole(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    mount = {"type": "volume", "source": f"{name}-v", "target": "/data", "subPath": "one"}
    if engine.sub_paths:
        script = "mkdir -p /v/one/inside && chown 10001:10001 /v/one"
        engine.client("run", "--rm", f"--volume={name}-v:/v", engine.images.busybox, "sh", "-c", script)
        bench.applied(bench.spec(name, {"mounts": [mount]}))
        assert bench.sh(name, "ls /data") == "inside"
        return
    with pytest.raises(InvalidError, match=r"no-sub-paths.*would mount the whole volume"):
        bench.plan(bench.spec(name, {"mounts": [mount]}))
    assert left(engine, name) == set()


@pytest.mark.parametrize(
    ("resources", "hint"),
    [({"disk": "64Mi"}, "xfs"), ({"gpus": "all"}, "toolkit")],
    ids=["disk", "gpus"],
)
def test_what_the_host_of_the_engine_lacks(
    engine: EngineUnderTest, bench: Workbench, name: str, resources: dict[str, Any], hint: str
) -> None:
    (result,) = bench.apply(bench.spec(name, {"resources": resources}))
    assert (result.outcome, result.code in (3, 6)) == ("failed", True)
    assert engine.backend != "docker" or hint in (result.hint or "")
    assert left(engine, name) == set()


def test_a_command_past_its_ttl_is_expired_and_replaced(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"command": ["sleep", "1000"], "lifecycle": {"ttl": "4s"}})
    bench.applied(spec)
    assert bench.plan(spec).pending == ()
    time.sleep(5)
    reasons = {"docker": "replace_because_expired"}
    (action,) = bench.plan(spec).actions
    assert action.reason == reasons.get(engine.backend, action.reason)
    assert str(action.kind) == "replace"
    assert bench.applied(spec) == "replaced"


def test_no_remapping_is_asked_for_and_shown(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    if engine.backend != "docker":
        pytest.skip("test_podman_regressions")
    spec = bench.spec(name, {"security": {"userNamespace": "host", "allow": ["host-namespace"]}})
    bench.applied(spec)
    assert engine.inspect(name)["HostConfig"]["UsernsMode"] == "host"
    assert bench.plan(spec).pending == ()
