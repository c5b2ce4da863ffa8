"""Whatever a killed apply left, the next one ends in exactly what is wanted.

Each combination of NAME, NAME.new and NAME.old that a kill can leave is made for real, by the engine's own client.
"""

from __future__ import annotations

import pytest

from sandboxctl import observe
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

SUFFIXES = {"current": "", "new": ".new", "old": ".old"}

TABLE = {
    ("current",): ([], "current"),
    ("new",): ([("delete", "new")], None),
    ("old",): ([("rename", "old")], "old"),
    ("current", "new"): ([("delete", "new")], "current"),
    ("current", "old"): ([("delete", "old")], "current"),
    ("new", "old"): ([("rename", "new"), ("delete", "old")], "new"),
    ("current", "new", "old"): ([("delete", "new"), ("delete", "old")], "current"),
}
"""What is there: the steps that the plan begins with, and which of them is then the sandbox."""


def leave(engine: EngineUnderTest, bench: Workbench, name: str, roles: tuple[str, ...]) -> dict[str, str]:
    """Makes these objects of ours, each a real one, by taking the place of the sandbox in turn; their ids."""
    spec = bench.spec(name)
    ids = {}
    for role in sorted(roles, key=lambda each: each == "current"):  # the one that keeps the name comes last
        bench.applied(spec)
        ids[role] = engine.id(name)
        if SUFFIXES[role]:
            engine.client("rename", name, f"{name}-aside-{role}")
    for role in roles:
        if SUFFIXES[role]:
            engine.client("rename", f"{name}-aside-{role}", f"{name}{SUFFIXES[role]}")
    return ids


@pytest.mark.parametrize("roles", TABLE, ids="+".join)
def test_the_next_apply_ends_in_what_is_wanted(
    engine: EngineUnderTest, bench: Workbench, name: str, roles: tuple[str, ...]
) -> None:
    steps, survivor = TABLE[roles]
    ids = leave(engine, bench, name, roles)
    spec = bench.spec(name)
    recovery = [step for action in bench.plan(spec).actions for step in action.steps]
    bench.applied(spec)

    assert [(step.do, step.ref) for step in recovery] == [(do, ids[role]) for do, role in steps]
    assert {each for each in engine.containers() if each.startswith(name)} == {name}
    assert engine.state(name) == "running"
    assert engine.id(name) == ids[survivor] if survivor else engine.id(name) not in ids.values()
    assert bench.plan(spec).pending == ()


@pytest.mark.parametrize("roles", [("new",), ("old",), ("new", "old"), ("current", "new", "old")], ids="+".join)
def test_a_delete_takes_what_is_staged_with_it(
    engine: EngineUnderTest, bench: Workbench, name: str, roles: tuple[str, ...]
) -> None:
    leave(engine, bench, name, roles)
    bench.delete(name)
    assert {each for each in engine.containers() if each.startswith(name)} == set()


def test_an_old_one_that_was_stopped_runs_again(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    ids = leave(engine, bench, name, ("old",))
    engine.stop(f"{name}.old")
    spec = bench.spec(name)
    bench.applied(spec)
    assert (engine.id(name), engine.state(name)) == (ids["old"], "running")
    assert bench.plan(spec).pending == ()


def test_a_recovery_and_a_change_in_one_apply(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    leave(engine, bench, name, ("old",))
    spec = bench.spec(name, {"env": {"A": "1"}})
    bench.applied(spec)
    assert bench.sh(name, "echo $A") == "1"
    assert {each for each in engine.containers() if each.startswith(name)} == {name}
    assert bench.plan(spec).pending == ()


def test_what_is_staged_is_listed_as_that(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    leave(engine, bench, name, ("new",))
    assert [row.state for row in observe.listed(bench.backend, names=[name])] == ["staged"]
