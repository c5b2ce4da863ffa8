"""An engine's SDK is an extra: without it everything that reads works, and what would write says so first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sandboxctl import doctor
from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection
from sandboxctl.sdk import MissingSdkError
from tests.cli.conftest import Cli
from tests.memory_backend import MemoryBackend

BRIEF = "podman's Python package is not installed: nothing can be changed there without it"
HINT = "run `pip install '.[podman]'` in the checkout of sandboxctl"
SAID = f"error: {BRIEF}\nhint: {HINT}\n"


@pytest.fixture
def bare(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The engine wants a package that is not there."""
    monkeypatch.setattr(MemoryBackend, "sdk", "podman")
    monkeypatch.setitem(sys.modules, "podman", None)
    return cli


@pytest.mark.parametrize("words", [("plan",), ("apply",), ("apply", "--yes")])
def test_it_is_told_before_anything_is_done(bare: Cli, words: tuple[str, ...]) -> None:
    bare.write()
    ran = bare(*words)
    assert (ran.code, ran.out, ran.err) == (4, "", SAID)
    assert not bare.engine.all


def test_nothing_is_deleted_without_it(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryBackend, "sdk", None)
    bare.applied()
    monkeypatch.setattr(MemoryBackend, "sdk", "podman")
    ran = bare("delete", "py", "--yes")
    assert (ran.code, ran.err) == (4, SAID)
    assert [each.name for each in bare.engine.all.values()] == ["py"]
    ran = bare("delete", "py", "--yes", "--output", "json")
    assert [(each["name"], each["code"], each["outcome"]) for each in ran.events[-1]["results"]] == [
        ("py", 4, "skipped")
    ]


def test_what_only_looks_works_without_it(bare: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryBackend, "sdk", None)
    bare.applied()
    monkeypatch.setattr(MemoryBackend, "sdk", "podman")
    assert [bare(*words).code for words in (("plan",), ("apply",), ("list",), ("status", "py"), ("drift",))] == [0] * 5
    bare.engine.all.clear()
    assert bare("drift").code == 2


def test_doctor_tells_it(bare: Cli) -> None:
    found = doctor.examine("docker", MemoryBackend)
    assert (found.state, found.usable) == ("answers", False)
    assert next((each.what, each.fix, each.fatal) for each in found.advice) == (BRIEF, HINT, True)


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_whoever_writes_is_told_by_each_engine(name: str, monkeypatch: pytest.MonkeyPatch, clean_home: Path) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    backend = connect(name, Connection(docker_host="unix:///no/socket", podman_uri="unix:///no/socket"))
    with pytest.raises(MissingSdkError, match=f"^{name}'s Python package is not installed") as caught:
        _ = backend.writer
    assert (caught.value.exit_code, caught.value.hint) == (4, HINT.replace("podman", name))


def test_a_cluster_that_logs_in_by_a_program_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    (tmp_path / "config").write_text(
        "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}],"
        " users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: 'true'}}}]}"
    )
    found = doctor.examine("kubernetes", lambda: connect("kubernetes", Connection(kubeconfig=str(tmp_path / "config"))))
    (advice,) = found.advice
    assert (found.state, advice.fix) == ("broken", HINT.replace("podman", "kubernetes"))
    assert advice.what.startswith("kubernetes's Python package is not installed: ")
    assert advice.what.endswith(" logs in by a program, and needs it")
