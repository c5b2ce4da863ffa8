"""Each field that the engine enforces: what it comes to in the running sandbox, and what a change of it takes."""

from __future__ import annotations

import json
import os
from typing import assert_never

import pytest

from sandboxctl.spec import Loaded
from tests.contract.engines import EngineUnderTest
from tests.contract.field_cases import CASES, Case, Inside, Kernel, Setting
from tests.contract.workbench import Fragment, Workbench, merged

NO_MKDIR = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}


@pytest.fixture
def words(engine: EngineUnderTest, bench: Workbench, name: str, case: Case) -> dict[str, str]:
    """What the placeholders of the cases stand for."""
    directory = bench.directory / "data"
    directory.mkdir()
    (directory / "file").write_text("of the host")
    os.chown(directory, 10001, 10001)
    (bench.directory / "no-mkdir.json").write_text(json.dumps(NO_MKDIR))
    if case.field == "network.name":
        engine.create_network(f"{name}-net")
    return {
        "$DIR": str(directory),
        "$VOLUME": f"{name}-volume",
        "$NETWORK": f"{name}-net",
        "$PYTHON": engine.images.python,
        "$BUSYBOX": engine.images.busybox,
        "$HOST_NETWORK": os.readlink("/proc/self/ns/net"),
    }


def spec(
    engine: EngineUnderTest, bench: Workbench, name: str, case: Case, fragment: Fragment, words: dict[str, str]
) -> Loaded:
    text = json.dumps(merged(case.base or {}, fragment))
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    whole = json.loads(text)
    for mount in whole.get("mounts", []):
        if mount["type"] == "volume":
            mount.update(engine.new_volume)
    return bench.spec(name, whole, metadata=whole.pop("metadata", None))


def seen(case: Case, engine: EngineUnderTest, bench: Workbench, name: str) -> object:
    match case.seen:
        case Inside(script=script):
            return bench.sh(name, script)
        case Kernel(limit=limit):
            return getattr(engine.limits(name), limit)
        case Setting(word=word):
            return engine.setting(name, word)
        case _:
            assert_never(case.seen)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_change_of_a_field_has_its_effect(
    engine: EngineUnderTest, bench: Workbench, name: str, case: Case, words: dict[str, str]
) -> None:
    before, after = (spec(engine, bench, name, case, each, words) for each in (case.before, case.after))
    assert bench.applied(before) == "created"
    first = (bench.plan(before).actions[0].kind, seen(case, engine, bench, name))
    ref = engine.id(name)

    (action,) = bench.plan(after).actions
    sections = {change.path[1] if change.path[0] == "spec" else change.path[0] for change in action.changes}
    outcome = bench.applied(after)

    in_place = case.effect == "live" and engine.in_place(case.field)
    assert first == ("no-op", case.values[0])
    assert (action.kind, action.cause, outcome) == (
        ("update", "spec_changed", "updated") if in_place else ("replace", "spec_changed", "replaced")
    )
    assert case.field.partition(".")[0] in sections
    assert seen(case, engine, bench, name) == case.values[1]
    assert (engine.id(name) == ref) == in_place
    assert bench.plan(after).actions[0].kind == "no-op"
    assert {each for each in engine.containers() if each.startswith(name)} == {name}
