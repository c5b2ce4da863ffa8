"""What is asked of the engine: as little as there is, and nothing that writes before everything is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl import observe
from sandboxctl.backends import connect
from sandboxctl.errors import InvalidError
from tests.contract.engines import EngineUnderTest
from tests.contract.proxy import Recording, recording
from tests.contract.workbench import Workbench


@pytest.fixture
def recorded(engine: EngineUnderTest, bench: Workbench, tmp_path: Path) -> Iterator[Recording]:
    """What goes to the engine; the workbench goes through it."""
    with recording(engine.socket, tmp_path) as found:
        bench.backend = connect(engine.backend, engine.connection(socket=found.socket))
        yield found
        bench.backend.close()


def kinds(recorded: Recording) -> Counter[str]:
    """Requests by what they ask for."""
    return Counter(
        f"{method} {'inspect' if target.count('/') == 3 else target.partition('?')[0]}"
        for method, target in recorded.requests
    )


def test_a_plan_with_nothing_to_do_asks_two_lists_and_one_inspect_for_each_sandbox(
    bench: Workbench, name: str, recorded: Recording
) -> None:
    specs = [bench.spec(f"{name}-{index}") for index in range(3)]
    bench.applied(*specs)
    recorded.forget()
    assert bench.plan(*specs).pending == ()
    assert kinds(recorded) == {"GET /containers/json": 1, "GET /images/json": 1, "GET inspect": 3}


def test_what_an_image_adds_is_asked_of_it_once_and_not_in_a_plan(
    bench: Workbench, engine: EngineUnderTest, name: str, recorded: Recording
) -> None:
    specs = [bench.spec(f"{name}-{index}", {"image": engine.images.python}) for index in range(2)]
    bench.applied(*specs)
    recorded.forget()
    assert bench.plan(*specs).pending == ()
    assert kinds(recorded) == {"GET /containers/json": 1, "GET /images/json": 1, "GET inspect": 2}


def test_a_plan_of_everything_writes_nothing(
    engine: EngineUnderTest, bench: Workbench, name: str, recorded: Recording
) -> None:
    bench.applied(bench.spec(f"{name}-a"), bench.spec(f"{name}-b"), bench.spec(f"{name}-c"))
    engine.remove(f"{name}-c")
    recorded.forget()
    plan = bench.plan(
        bench.spec(f"{name}-a", {"resources": {"memory": "64Mi"}}),
        bench.spec(f"{name}-b", {"env": {"A": "1"}}),
        bench.spec(f"{name}-c"),
    )
    observe.prepare_delete([f"{name}-a"], bench.backend)
    observe.listed(bench.backend, names=[f"{name}-a"])
    limits = "update" if engine.in_place("resources.memory") else "replace"
    assert [str(action.kind) for action in plan.actions] == [limits, "replace", "create"]
    assert recorded.writes == []


def test_a_field_that_is_refused_makes_no_request_at_all(bench: Workbench, name: str, recorded: Recording) -> None:
    spec = bench.spec(name, {"network": {"mode": "bridge", "egress": {"allow": [{"domain": "example.org"}]}}})
    with pytest.raises(InvalidError, match="refused-by-backend"):
        bench.apply(spec)
    assert recorded.requests == []


@pytest.mark.parametrize(
    ("fragment", "code"),
    [
        ({"network": "c-no-such-network"}, "network-not-found"),
        ({"image": {"ref": "localhost/sandboxctl-test/absent:1", "pull": "never"}}, "image-not-found"),
        ({"resources": {"cpu": 999}}, "too-many-cpus"),
        ({"security": {"apparmor": "docker-default"}}, "no-such-module"),
        ({"security": {"selinux": {"type": "container_t"}}}, "no-such-module"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_engine_lacks_is_found_before_the_first_write(
    bench: Workbench, name: str, recorded: Recording, fragment: dict[str, object], code: str
) -> None:
    with pytest.raises(InvalidError, match=code):
        bench.apply(bench.spec(f"{name}-good"), bench.spec(name, fragment))
    assert recorded.writes == []


def test_an_apply_with_nothing_to_do_writes_nothing(bench: Workbench, name: str, recorded: Recording) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    recorded.forget()
    assert bench.applied(spec) == "unchanged"
    assert recorded.writes == []


def test_every_destructive_request_names_an_id_and_never_a_name(
    bench: Workbench, name: str, recorded: Recording
) -> None:
    bench.applied(bench.spec(name))
    recorded.forget()
    bench.applied(bench.spec(name, {"env": {"A": "1"}}))
    bench.delete(name)
    touched = {target.split("/")[2].partition("?")[0] for _, target in recorded.writes} - {"create"}
    assert all(len(ref) == 64 and set(ref) <= set("0123456789abcdef") for ref in touched), touched
