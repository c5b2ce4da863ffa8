"""A secret is in the sandbox's environment, and nowhere that a plan, a label, an event or a log can show it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from sandboxctl import ownership
from sandboxctl.report import plan as plan_report
from sandboxctl.spec import Loaded
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

VALUES = {"FROM_ENV": "tiger-7f3a-one", "FROM_FILE": "tiger-7f3a-two", "FROM_ENV_FILE": "tiger-7f3a-three"}
PART = "tiger-7f3a"


@pytest.fixture
def spec(bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """A sandbox with a secret of each source."""
    monkeypatch.setenv("TOKEN", VALUES["FROM_ENV"])
    (bench.directory / "token").write_text(VALUES["FROM_FILE"] + "\n")
    (bench.directory / "more.env").write_text(f"FROM_ENV_FILE={VALUES['FROM_ENV_FILE']}\n")
    return read(bench, name)


def read(bench: Workbench, name: str) -> Loaded:
    env = {"FROM_ENV": {"fromEnv": "TOKEN"}, "FROM_FILE": {"fromFile": "./token"}}
    return bench.spec(name, {"env": env, "envFiles": ["./more.env"]})


def shown(bench: Workbench, spec: Loaded) -> str:
    """Everything that a plan can say."""
    plan = bench.plan(spec)
    return plan_report.to_json([plan]) + repr(plan) + repr(spec)


def test_it_reaches_the_process(bench: Workbench, name: str, spec: Loaded) -> None:
    bench.applied(spec)
    found = {key: bench.exec(name, "sh", "-c", f'printf %s "${key}"').stdout.decode() for key in VALUES}
    assert found == VALUES
    assert bench.plan(spec).pending == ()


def test_it_is_nowhere_else(engine: EngineUnderTest, bench: Workbench, name: str, spec: Loaded) -> None:
    said = shown(bench, spec)
    bench.applied(spec)
    said += shown(bench, spec) + repr(bench.events) + json.dumps(engine.labels(name))
    said += repr(ownership.decode_applied(engine.labels(name)[ownership.APPLIED]))
    said += "".join(path.read_text() for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*") if path.is_file())
    assert PART not in said


def test_another_value_is_a_replace_that_shows_neither(
    bench: Workbench, name: str, spec: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.applied(spec)
    monkeypatch.setenv("TOKEN", "lion-91")
    changed = read(bench, name)
    (action,) = bench.plan(changed).actions
    assert [
        (change.key, change.before, change.after, str(change.effect), str(change.cause), change.sensitive)
        for change in action.changes
    ] == [(("env", "FROM_ENV"), None, None, "replace", "spec", True)]
    said = shown(bench, changed)
    assert bench.applied(changed) == "replaced"
    assert "lion-91" not in said
    assert PART not in said
    assert bench.sh(name, "echo $FROM_ENV") == "lion-91"
    assert bench.plan(changed).pending == ()


def test_a_secret_that_becomes_plain_is_a_change(bench: Workbench, name: str, spec: Loaded) -> None:
    bench.applied(spec)
    (action,) = bench.plan(bench.spec(name, {"env": {"FROM_ENV": "open"}})).actions
    found = {change.key[1]: (change.before, change.sensitive) for change in action.changes}
    assert found == dict.fromkeys(VALUES, (None, True))


def test_a_failure_does_not_tell_it(bench: Workbench, name: str, spec: Loaded) -> None:
    env = {"FROM_ENV": {"fromEnv": "TOKEN"}}
    (result,) = bench.apply(
        bench.spec(name, {"env": env, "command": ["/no/such/program"], "lifecycle": {"init": False}})
    )
    assert result.code == 6
    assert PART not in repr(result)


def test_two_sandboxes_with_one_secret_carry_two_fingerprints(
    engine: EngineUnderTest, bench: Workbench, name: str, spec: Loaded
) -> None:
    specs = [read(bench, f"{name}-{letter}") for letter in "ab"]
    bench.applied(*specs)
    found = [ownership.decode_applied(engine.labels(each.sandbox.name)[ownership.APPLIED]) for each in specs]
    values = [repr(each.sandbox.env["FROM_ENV"]) for each in found if each is not None]
    assert len(set(values)) == 2


def test_after_a_live_change_the_note_tells_nothing_and_the_plan_is_empty(
    engine: EngineUnderTest, bench: Workbench, name: str, spec: Loaded
) -> None:
    bench.applied(spec)
    env = {"FROM_ENV": {"fromEnv": "TOKEN"}, "FROM_FILE": {"fromFile": "./token"}}
    smaller = bench.spec(name, {"env": env, "envFiles": ["./more.env"], "resources": {"memory": "64Mi"}})
    assert bench.applied(smaller) == ("updated" if engine.in_place("resources.memory") else "replaced")
    notes = [path.read_text() for path in Path(os.environ["XDG_STATE_HOME"]).rglob("*") if path.is_file()]
    noted = engine.in_place("resources.memory") and not engine.in_place("metadata.labels")
    assert len(notes) == noted  # what was made anew, or can have new labels, has what was applied on it
    assert PART not in repr([ownership.decode_applied(note) for note in notes])
    assert bench.plan(smaller).pending == ()
