"""A live object, written out as a spec: its plan against that object is empty but for whose it is."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxctl import capabilities, importing
from sandboxctl.load import load
from sandboxctl.problems import errors
from sandboxctl.spec import FileMount, Loaded, Secret
from tests.contract.engines import EngineUnderTest
from tests.contract.test_examples import EXAMPLES, on, runs_here
from tests.contract.test_examples import surroundings as surroundings  # a fixture
from tests.contract.workbench import Workbench


def imported(bench: Workbench, name: str) -> importing.Imported:
    observed = bench.backend.reader.observe(name)
    assert observed is not None
    return importing.spec_of(observed, bench.backend)


def read_back(found: importing.Imported) -> Loaded:
    result = load(["-"], stdin=io.BytesIO(found.text.encode()))
    assert errors(result.problems) == ()
    return result.loaded[0]


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_comes_back_as_a_spec_whose_plan_is_empty(
    engine: EngineUnderTest, bench: Workbench, name: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = [on(engine, each, name) for each in load([str(path)]).loaded if runs_here(each, engine, bench)]
    bench.apply(*can)
    monkeypatch.chdir(bench.directory)
    for each in can:
        files = [mount for mount in each.sandbox.mounts if isinstance(mount, FileMount)]
        observed = bench.backend.reader.observe(each.sandbox.name)
        assert observed is not None
        left = imported(bench, each.sandbox.name).files
        after = bench.backend.reader.observe(each.sandbox.name)
        assert after is not None
        runs = {state.status.state == "running" for state in (observed, after)}  # a job may end meanwhile
        expected = [{mount.target for mount in files if isinstance(mount.content, Secret) or not ran} for ran in runs]
        assert set(left) in expected
        for mount in files:  # what is sensitive, or cannot be read, is left to the user
            if mount.target not in left:
                continue
            content = mount.content.reveal() if isinstance(mount.content, Secret) else str(mount.content)
            (bench.directory / left[mount.target]).write_text(content)
        found = imported(bench, each.sandbox.name)
        assert (
            [each.key for each in found.differences if each.key[-1] not in ("content", "secret")],
            errors(found.problems),
        ) == (
            [],
            (),
        )
        for variable in each.sandbox.env:
            if found.text.count(f"fromEnv: {variable}"):
                live = bench.sh(each.sandbox.name, f'printf %s "${variable}"')
                monkeypatch.setenv(variable, live)
        again = read_back(found)
        assert capabilities.refusals(again, engine.backend) == ()
        assert bench.plan(again).pending == ()


def test_a_strangers_object_is_written_out_and_stays_a_strangers(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name, {"resources": {"memory": "96Mi", "pids": 33}, "env": {"A": "b"}, "network": "bridge"})
    assert bench.applied(spec) == "created"
    ours = imported(bench, name)
    observed = bench.backend.reader.observe(name)
    assert observed is not None
    without = {key: value for key, value in observed.labels.items() if not key.startswith("sandboxctl.dev/")}
    strangers = importing.spec_of(replace(observed, labels=without), bench.backend)
    sandbox = read_back(strangers).sandbox
    assert (sandbox.resources.memory, sandbox.resources.pids, sandbox.env["A"], sandbox.network.mode) == (
        96 * 2**20,
        33,
        "b",
        "bridge",
    )
    assert (strangers.differences, read_back(ours).sandbox.resources) == ((), sandbox.resources)


def test_a_secret_is_left_to_the_environment(bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAIN_LOOKING", "hush-hush")
    spec = bench.spec(name, {"env": {"PLAIN_LOOKING": {"fromEnv": "PLAIN_LOOKING"}}})
    assert bench.applied(spec) == "created"
    found = imported(bench, name)
    assert "hush-hush" not in found.text
    assert bench.plan(read_back(found)).pending == ()


def test_what_is_in_a_file_is_in_the_spec_and_two_of_one_name_are_told_apart(bench: Workbench, name: str) -> None:
    text = 'a: 1\n# ${NOT_A_VARIABLE} Zürich\t"quoted" \\\n'
    files = [
        {"type": "file", "target": "/etc/one/app.conf", "content": text},
        {"type": "file", "target": "/etc/two/app.conf", "content": "x" * 70_000},
        {"type": "file", "target": "/etc/key", "content": "hush", "sensitive": True},
    ]
    bench.applied(bench.spec(name, {"mounts": files}))
    found = imported(bench, name)
    assert found.files == {"/etc/key": "./key", "/etc/two/app.conf": "./etc-two-app.conf"}
    assert found.differences == ()
    (bench.directory / "key").write_text("hush")
    (bench.directory / "etc-two-app.conf").write_text("x" * 70_000)
    again = bench.read(found.text, filename="again.yaml")
    contents = {mount.target: mount.content for mount in again.sandbox.mounts if isinstance(mount, FileMount)}
    assert contents["/etc/one/app.conf"] == text
    assert bench.plan(again).pending == ()


def test_what_the_engine_fills_in_is_no_part_of_the_spec(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"env": {"A": "b", "TERM": "xterm"}}, metadata={"labels": {"team": "ml"}}))
    found = read_back(imported(bench, name)).sandbox
    assert (dict(found.env), dict(found.labels), dict(found.annotations)) == (
        {"A": "b", "TERM": "xterm"}, {"team": "ml"}, {},
    )  # fmt: skip
    observed = bench.backend.reader.observe(name)
    assert observed is not None
    strangers = read_back(importing.spec_of(replace(observed, labels={"team": "ml"}), bench.backend)).sandbox
    assert set(strangers.env) - {"HOME"} <= {"A", "TERM"}
    assert (dict(strangers.labels), dict(strangers.annotations)) == ({"team": "ml"}, {})
