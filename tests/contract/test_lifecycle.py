"""Start, readiness, restarts, ends: what the states of a sandbox are, and how long they take."""

from __future__ import annotations

import time
from typing import Any

from sandboxctl import observe
from sandboxctl.apply import ApplyOptions
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def row(bench: Workbench, name: str) -> observe.Row:
    (found,) = observe.listed(bench.backend, names=[name])
    return found


def reason(bench: Workbench, spec: Any) -> str | None:
    (action,) = bench.plan(spec).actions
    return action.reason


def test_an_idle_sandbox_is_deleted_long_before_its_grace_is_over(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name, {"lifecycle": {"stopGrace": "60s"}}))
    began = time.monotonic()
    bench.delete(name)
    assert time.monotonic() - began < engine.delete_seconds


def test_without_waiting_a_sandbox_is_verified_all_the_same(bench: Workbench, name: str) -> None:
    specs = [bench.spec(f"{name}-{index}") for index in range(4)]
    results = bench.apply(*specs, options=ApplyOptions(wait=False))
    assert {result.outcome for result in results} == {"created"}
    assert {event.name for event in bench.events if event.step == "verify"} == {spec.sandbox.name for spec in specs}


def test_ready_is_after_min_seconds(bench: Workbench, name: str) -> None:
    began = time.monotonic()
    bench.applied(bench.spec(name, {"lifecycle": {"ready": {"minSeconds": 2}}}))
    assert time.monotonic() - began > 2


def test_a_command_that_ends_well_is_complete(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"command": ["true"], "lifecycle": {"ready": {"minSeconds": 5}}})
    began = time.monotonic()
    assert bench.applied(spec) == "created"
    assert time.monotonic() - began < 5
    assert reason(bench, spec) is None
    assert (row(bench, name).state, row(bench, name).spec) == ("complete", "in-sync")


def test_a_command_that_fails_later_is_replaced(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"command": ["sleep", "1000"]})
    bench.applied(spec)
    engine.kill(name)
    time.sleep(0.3)
    assert row(bench, name).state == "failed"
    assert reason(bench, spec) == "replace_because_failed"
    assert bench.applied(spec) == "replaced"


def test_one_that_always_restarts_comes_back(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    fragment = {"command": ["sh", "-c", "echo up; exec sleep 1000"], "lifecycle": {"restart": "always"}}
    spec = bench.spec(name, fragment)
    bench.applied(spec)
    bench.exec(name, "kill", "-9", "-1")
    deadline = time.monotonic() + 10
    while (engine.restarts(name), engine.state(name)) != (1, "running"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert reason(bench, spec) is None


def test_a_stop_by_hand_of_one_that_always_restarts_is_a_start(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name, {"command": ["sleep", "1000"], "lifecycle": {"restart": "always"}})
    bench.applied(spec)
    engine.stop(name)
    assert reason(bench, spec) == "start_because_stopped"
    assert bench.applied(spec) == "started"


def test_on_failure_ends_after_so_many_tries(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    fragment = {
        "command": ["sh", "-c", "echo tried; exit 7"],
        "lifecycle": {"restart": {"policy": "on-failure", "max": 2}, "ready": {"minSeconds": 20}},
    }
    (result,) = bench.apply(bench.spec(name, fragment))
    assert (result.code, result.brief) == (6, f"{name} ended with code 7" + "\n  tried" * 3)


def test_a_healthy_one_is_ready_when_its_command_says_so(bench: Workbench, name: str) -> None:
    fragment = {
        "command": ["sh", "-c", "sleep 1; touch /tmp/ready; exec sleep 1000"],
        "health": {"command": ["test", "-e", "/tmp/ready"], "interval": "1s", "retries": 10},
    }
    spec = bench.spec(name, fragment)
    bench.applied(spec)
    assert bench.exec(name, "test", "-e", "/tmp/ready").code == 0
    assert (row(bench, name).state, row(bench, name).ready) == ("running", True)
    assert reason(bench, spec) is None


def test_one_that_becomes_unhealthy_is_running_and_not_ready(bench: Workbench, name: str) -> None:
    fragment = {"health": {"command": ["test", "!", "-e", "/tmp/ill"], "interval": "1s", "retries": 1}}
    spec = bench.spec(name, fragment)
    bench.applied(spec)
    bench.sh(name, "touch /tmp/ill")
    deadline = time.monotonic() + 10
    while row(bench, name).ready:
        assert time.monotonic() < deadline
        bench.backend.writer.check_health(bench.observed(name).ref)  # where nobody else may be doing it
        time.sleep(0.2)
    assert row(bench, name).state == "running"
    assert reason(bench, spec) is None


def test_a_ttl_ends_it_and_the_next_apply_makes_a_new_one(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"lifecycle": {"ttl": "5s"}})
    bench.applied(spec)
    ref = engine.id(name)
    deadline = time.monotonic() + 15
    while engine.state(name) == "running":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert (engine.state(name), row(bench, name).state) == ("exited", "expired")
    assert reason(bench, spec) == "replace_because_expired"
    assert bench.applied(spec) == "replaced"
    assert engine.id(name) != ref


def test_with_auto_remove_a_completed_one_is_gone(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    fragment = {"command": ["true"], "lifecycle": {"autoRemove": True, "ready": {"minSeconds": 5}}}
    assert bench.applied(bench.spec(name, fragment)) == "created"
    assert {each for each in engine.containers() if each.startswith(name)} == set()


def test_with_auto_remove_a_failure_is_told_with_its_code(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    fragment = {"command": ["sh", "-c", "exit 9"], "lifecycle": {"autoRemove": True, "ready": {"minSeconds": 5}}}
    (result,) = bench.apply(bench.spec(name, fragment))
    assert (result.code, result.brief) == (6, f"{name} ended with code 9")
    assert {each for each in engine.containers() if each.startswith(name)} == set()


def test_what_an_image_runs_by_itself_runs(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"run": "image", "stdin": True, "lifecycle": {"ready": {"minSeconds": 0.5}}})
    assert bench.applied(spec) == "created"
    assert engine.state(name) == "running"
    assert reason(bench, spec) is None
    assert bench.exec(name, "pwd").stdout == b"/\n"


def test_a_running_list_tells_each_sandbox(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"lifecycle": {"ttl": "1h"}}, metadata={"project": "lab"}))
    found = row(bench, name)
    assert (found.name, found.project, found.backend, found.state, found.ready, found.spec) == (
        name,
        "lab",
        bench.backend.name,
        "running",
        True,
        "in-sync",
    )
    assert found.created is not None
    assert found.expires is not None
    assert found.id == bench.observed(name).ref
