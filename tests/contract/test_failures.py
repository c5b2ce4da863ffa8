"""What goes wrong leaves nothing behind, says why in the words of the cause, and gives back what was there before."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from sandboxctl.apply import ApplyOptions, Result
from sandboxctl.errors import InvalidError, UnreachableError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

SPEAKS_AND_DIES = {
    "command": ["sh", "-c", "seq 1 30; echo last words >&2; exit 3"],
    "lifecycle": {"ready": {"minSeconds": 5}},
}
CANNOT_START = {"command": ["/no/such/program"], "lifecycle": {"ready": {"minSeconds": 5}}}
UNHEALTHY = {"health": {"command": ["false"], "interval": "1s", "retries": 1}}


def left(engine: EngineUnderTest, name: str) -> set[str]:
    return set(engine.left(name))


def failure(bench: Workbench, name: str, fragment: Mapping[str, Any]) -> Result:
    (result,) = bench.apply(bench.spec(name, fragment))
    assert (result.code, result.outcome, result.rolled_back) == (6, "failed", False)
    assert result.brief is not None
    assert result.brief.startswith(name)
    return result


def test_a_command_that_is_not_there(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    result = failure(bench, name, {"command": ["/no/such/program"], "lifecycle": {"init": False}})
    assert "/no/such/program" in (result.brief or "")
    assert re.search("did not start|cannot start", result.brief or "")
    assert result.hint == "the image lacks this program: check command, or the image"
    assert left(engine, name) == set()


def test_a_command_that_is_not_there_below_an_init(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    result = failure(bench, name, CANNOT_START)
    assert "ended with code 127" in (result.brief or "")
    assert result.hint == "the command does not exist in the image"
    assert left(engine, name) == set()


def test_an_early_exit_is_told_with_its_code_and_the_last_ten_lines(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    result = failure(bench, name, SPEAKS_AND_DIES)
    first, *lines = (result.brief or "").splitlines()
    assert first == f"{name} ended with code 3"
    assert len(lines) == 10
    assert [line.strip() for line in lines] == [*map(str, range(22, 31)), "last words"]
    assert result.ended_with == 3
    assert left(engine, name) == set()


def test_a_kill_for_want_of_memory_is_called_that(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    fragment = {
        "image": engine.images.python,
        "command": ["python", "-c", "import time; time.sleep(0.3); x = bytearray(300 << 20)"],
        "resources": {"memory": "64Mi", "scratch": "1Mi"},
        "lifecycle": {"ready": {"minSeconds": 10}},
    }
    result = failure(bench, name, fragment)
    assert (result.brief, result.hint) == engine.out_of_memory(name, "64Mi")
    assert left(engine, name) == set()


def test_one_that_is_unhealthy(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    result = failure(bench, name, UNHEALTHY)
    assert result.brief == f"{name} is unhealthy: its health command failed"
    assert left(engine, name) == set()


def test_one_that_is_not_ready_in_time(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    seconds = 1 if engine.starts_again else 6  # a pod is made first
    ready = {"lifecycle": {"ready": {"timeout": f"{seconds}s"}}}
    result = failure(bench, name, {"health": {"command": ["false"], "interval": "60s"}, **ready})
    assert result.brief == f"{name} is not ready after {seconds} s: health is starting"
    assert left(engine, name) == set()


def test_a_port_that_is_taken(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.run_stranger(
        f"{name}-other", engine.images.busybox, "sleep", "100", options=["--network=bridge", "--publish=127.0.0.1::80"]
    )
    port = engine.client("port", f"{name}-other", "80").stdout.strip().rpartition(":")[2]
    result = failure(bench, name, {"network": {"mode": "bridge", "ports": [f"127.0.0.1:{port}:80"]}})
    assert "already" in (result.brief or "")
    assert "host: 0" in (result.hint or "")
    assert left(engine, name) == {f"{name}-other"}


COMPLAINTS: Mapping[str, tuple[Mapping[str, Any], tuple[str | int, ...]]] = {
    "a program": ({"command": ["/no/cpu"], "lifecycle": {"init": False}}, ("command",)),
    "a limit": ({"resources": {"ulimits": {"core": 0, "nofile": 2_000_000_000}}}, ("resources", "ulimits", "nofile")),
    "a kernel setting": (
        {"security": {"sysctls": {"net.core.none": "1"}, "allow": ["sysctl:net.core.none"]}},
        ("security", "sysctls", "net.core.none"),
    ),
    "an address": (
        {
            "network": {"mode": "bridge", "ports": ["127.0.0.1:0:81", "192.0.2.7:18992:80"]},
            "security": {"allow": ["public-port"]},
        },
        ("network", "ports", 1),
    ),
    "a device": (
        {"security": {"devices": [{"source": "/etc/hosts"}], "allow": ["device:/etc/hosts"]}},
        ("security", "devices", 0),
    ),
    "a cpu": ({"resources": {"cpuset": "0-63"}}, ("resources", "cpuset")),
}
"""What an engine of this suite complains about, and the field of the spec that it means."""


@pytest.mark.parametrize("which", COMPLAINTS)
def test_an_engines_complaint_names_the_line_of_the_spec(
    engine: EngineUnderTest, bench: Workbench, name: str, which: str
) -> None:
    if bench.backend.reader.engine().pods:
        pytest.skip("a cluster complains in other words")
    fragment, path = COMPLAINTS[which]
    spec = bench.spec(name, fragment)
    (result,) = bench.apply(spec)
    assert [each.path for each in result.problems] == [("spec", *path)], result
    assert left(engine, name) == set()


def test_an_image_that_cannot_be_had_names_its_line(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    if bench.backend.reader.engine().node_images:
        pytest.skip("its nodes pull when a pod starts")
    with pytest.raises(UnreachableError) as caught:
        bench.apply(bench.spec(name, {"image": {"ref": "127.0.0.1:1/absent:1"}}))
    assert [each.path for each in caught.value.places] == [("spec", "image", "ref")]


def test_a_volume_that_its_user_cannot_write(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.create_volume(f"{name}-roots")
    volumes = [
        {"type": "volume", "source": f"{name}-roots", "target": "/roots"},
        {"type": "volume", "source": f"{name}-new", "target": "/new"},
    ]
    result = failure(bench, name, {"mounts": volumes})
    assert "mount:/roots" in (result.brief or "")
    assert left(engine, name) == {f"{name}-roots"}


def test_a_bind_whose_source_has_gone(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    directory = bench.directory / "data"
    directory.mkdir()
    spec = bench.spec(name, {"mounts": [{"type": "bind", "source": "./data", "target": "/data"}]})
    plan = bench.plan(spec)
    directory.rmdir()
    (result,) = bench.carry_out(plan)
    assert (result.code, result.outcome) == (3, "failed")
    assert str(directory) in (result.brief or "")
    assert not directory.exists()
    assert left(engine, name) == set()


def test_an_image_that_cannot_be_had_stops_everything_before_the_first_container(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    specs = [bench.spec(f"{name}-a"), bench.spec(f"{name}-b", {"image": "127.0.0.1:1/absent:1"})]
    plan = bench.plan(*specs)
    with pytest.raises(Exception, match=re.escape("127.0.0.1:1/absent:1")) as caught:
        bench.carry_out(plan)
    assert getattr(caught.value, "exit_code", None) == 4
    assert left(engine, name) == set()


def test_one_failure_does_not_stop_the_others(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    specs = [bench.spec(f"{name}-{letter}", SPEAKS_AND_DIES if letter == "b" else {}) for letter in "abc"]
    assert [result.outcome for result in bench.apply(*specs)] == ["created", "failed", "created"]
    assert left(engine, name) == {f"{name}-a", f"{name}-c"}


def test_with_fail_fast_nothing_new_is_begun_after_a_failure(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    specs = [bench.spec(f"{name}-{letter}", SPEAKS_AND_DIES if letter == "a" else {}) for letter in "abc"]
    results = bench.apply(*specs, options=ApplyOptions(fail_fast=True, workers=1))
    assert [result.outcome for result in results] == ["failed", "skipped", "skipped"]
    assert left(engine, name) == set()


@pytest.mark.parametrize("order", ["stop-first", "start-first"])
@pytest.mark.parametrize(
    "broken",
    [SPEAKS_AND_DIES, CANNOT_START, UNHEALTHY],
    ids=["exits", "cannot start", "unhealthy"],
)
def test_a_replace_that_fails_gives_the_old_one_back(
    engine: EngineUnderTest, bench: Workbench, name: str, broken: Mapping[str, Any], order: str
) -> None:
    good = bench.spec(name)
    bench.applied(good)
    before = (engine.id(name), engine.incarnation(name))
    (result,) = bench.apply(bench.spec(name, broken, {"lifecycle": {"replace": order}}))
    assert (result.code, result.outcome, result.rolled_back) == (6, "failed", True)
    assert (result.brief or "").partition("\n")[0].endswith("; rolled back")
    assert engine.state(name) == "running"
    assert (engine.id(name) == before[0]) == engine.starts_again  # where nothing is, it is made again
    assert (engine.incarnation(name) == before[1]) == (order == "start-first" and engine.starts_again)
    assert left(engine, name) == {name}
    assert bench.plan(good).pending == ()


def test_one_that_was_given_back_changes_in_place_as_before(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name))
    bench.apply(bench.spec(name, SPEAKS_AND_DIES))
    before = engine.id(name)
    changed = bench.spec(name, {"resources": {"memory": "256Mi"}})
    in_place = engine.in_place("resources.memory")
    assert bench.applied(changed) == ("updated" if in_place else "replaced")
    assert (engine.id(name) == before, bench.plan(changed).pending) == (in_place, ())


def test_start_first_replaces_without_a_gap(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    (action,) = bench.plan(
        spec := bench.spec(name, {"env": {"A": "1"}, "lifecycle": {"replace": "start-first"}})
    ).actions
    assert action.start_first
    assert bench.applied(spec) == "replaced"
    assert left(engine, name) == {name}


def test_a_stopped_one_whose_replacement_fails_stays_stopped(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name))
    ref = engine.id(name)
    engine.stop(name)
    (result,) = bench.apply(bench.spec(name, SPEAKS_AND_DIES))
    assert result.outcome == "failed"
    assert (engine.id(name), engine.state(name)) == (ref, "exited")
    assert left(engine, name) == {name}


def test_a_start_that_fails_is_stopped_again_and_kept(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    script = "test -e /data/broken && exit 5; exec sleep 1000"
    directory = bench.directory / "data"
    directory.mkdir()
    spec = bench.spec(
        name,
        {"command": ["sh", "-c", script], "mounts": [{"type": "bind", "source": "./data", "target": "/data"}]},
        {"lifecycle": {"restart": "always", "ready": {"minSeconds": 1}}},
    )
    bench.applied(spec)
    ref = engine.id(name)
    engine.stop(name)
    (directory / "broken").touch()
    (result,) = bench.apply(spec, options=ApplyOptions(wait_timeout=2000))
    assert result.outcome == "failed"
    assert (engine.id(name), engine.state(name)) == (ref, "exited")


def test_a_free_port_is_free(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = failure(bench, name, {"network": {"mode": "bridge", "ports": [f"127.0.0.1:{port}:80"]}})
    assert str(port) in (result.brief or "")
    assert left(engine, name) == set()


def test_a_name_that_no_spec_may_have_is_refused_at_once(bench: Workbench, name: str) -> None:
    with pytest.raises(InvalidError):
        bench.spec(f"{name}.new")
