"""The fast path and the ordinary one say the same, byte for byte, whatever the specs say and whatever is live."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sandboxctl import exact, remembered, spec_files
from sandboxctl.cli import boundary, front, parsing
from sandboxctl.dataclass import replace
from sandboxctl.load import load
from sandboxctl.spec import Sandbox, Secret
from tests.examples import examples
from tests.memory_backend import MemoryBackend
from tests.property.sandboxes import SANDBOXES, SECRETS

FEW = examples(40, suppress_health_check=list(HealthCheck))

FRAGMENTS = st.fixed_dictionaries(
    {},
    optional={
        "env": st.dictionaries(st.sampled_from("BAZ"), st.sampled_from(["1", "ä", "${X:-none}", ""]), max_size=3),
        "resources": st.fixed_dictionaries(
            {}, optional={"memory": st.sampled_from(["64Mi", "1Gi"]), "ulimits": st.just({"nproc": 5, "nofile": 9})}
        ),
        "run": st.sampled_from(["idle", "image"]),
        "network": st.sampled_from(["none", "bridge", {"mode": "bridge", "ports": [8080]}, "lab"]),
        "mounts": st.sampled_from([
            [{"type": "bind", "source": "./data", "target": "/data"}],
            [{"type": "tmpfs", "target": "/t", "size": "1Mi"}, {"type": "volume", "source": "v", "target": "/v"}],
            [{"type": "volume", "source": "v", "target": "/v", "readOnly": True}],
        ]),
        "security": st.sampled_from([{"profile": "baseline"}, {"readOnlyRoot": False}, {"user": 0}, {"user": "0"}]),
        "lifecycle": st.sampled_from([{"ttl": "1h"}, {"ready": {"minSeconds": 0}}, {"restart": "always"}]),
        "docker": st.just({"accept": ["pids"]}),
        "nonsense": st.just(1),
        "image": st.sampled_from(["busybox:2", {"ref": "busybox:1", "pull": "always"}]),
    },
)  # fmt: skip
STATES = st.sampled_from(["absent", "applied", "applied", "drifted", "stopped", "foreign", "half-made", "before"])
LINES = st.sampled_from([
    ("plan",), ("plan", "--output", "json"), ("plan", "--detailed-exitcode", "-v"), ("plan", "--backend", "docker"),
    ("drift",), ("drift", "--output=json"), ("list", "--output", "json"), ("list", "--output", "json", "sandbox.yaml"),
    ("status", "box-a", "--output", "json"), ("plan", "--var", "X=7"), ("plan", "."), ("plan", "missing.yaml"),
    ("apply",), ("apply", "--output", "json"), ("plan", "--docker-host", "a", "--docker-context", "b"),
])  # fmt: skip


def document(name: str, fragment: Mapping[str, Any]) -> str:
    """JSON is YAML; each key on a line of its own, so that places differ."""
    whole = {"apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": {"name": name, "labels": {"b": "1", "a": "2"}},
             "spec": {"image": "busybox:1", "backend": "docker", **fragment}}  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=False)


@contextmanager
def lab(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryBackend]:
    """An engine, and an empty directory and home."""
    with monkeypatch.context() as patched:
        for variable in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            patched.setenv(variable, str(directory / variable))
        (directory / "lab" / "data").mkdir(parents=True)
        patched.chdir(directory / "lab")
        yield MemoryBackend()


def told(work: Any) -> tuple[int, str, str]:
    """Exit code, standard output and standard error."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = work()
    return code, out.getvalue(), err.getvalue()


def shaped(engine: MemoryBackend, state: str) -> None:
    """Makes the sandbox box-a what the state says; the others are left as applied."""
    if state == "absent":
        return
    told(lambda: parsing.run(["apply", "--yes", "--no-cache"], engine.connect, boundary.tell))
    found = [each for each in engine.all.values() if each.name == "box-a"]
    for each in found:
        match state:
            case "drifted":
                each.fields["resources", "memory"] = 7
            case "stopped":
                each.status = replace(each.status, state="exited", exit_code=0)
            case "foreign":
                each.labels = {}
            case "half-made":
                each.name = "box-a.new"
            case "before":
                each.labels.pop("sandboxctl.dev/tool", None)
            case _:
                pass


@FEW
@given(fragments=st.lists(FRAGMENTS, min_size=1, max_size=3), state=STATES, line=LINES)
def test_the_fast_path_says_what_the_ordinary_one_says(
    fragments: list[dict[str, Any]], state: str, line: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with lab(tmp_path_factory.mktemp("fast"), monkeypatch) as engine:
        names = ("box-a", "box-b", "box-c")
        Path("sandbox.yaml").write_text(
            "\n---\n".join(document(name, each) for name, each in zip(names, fragments, strict=False))
        )
        shaped(engine, state)
        assert front.understood(line, engine.connect) is not None
        ordinary = told(lambda: parsing.run([*line, "--no-cache"], engine.connect, boundary.tell))
        if line[0] == "apply" and (ordinary[0] or "0 to create, 0 to update" not in ordinary[1]):
            return  # it changed something: then the second one is about another state
        first = told(lambda: boundary.main(line, connect=engine.connect))
        second = told(lambda: boundary.main(line, connect=engine.connect))
        assert first == second == ordinary


@FEW
@given(fragments=st.lists(FRAGMENTS, min_size=1, max_size=3), data=st.data())
def test_what_is_remembered_is_what_would_be_found(
    fragments: list[dict[str, Any]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with lab(tmp_path_factory.mktemp("fast"), monkeypatch):
        for number, each in enumerate(fragments):
            Path(f"{number}.yaml").write_text(document(f"box-{number}", each))
        for _ in range(3):
            found = remembered.judge(tuple(spec_files.read(["."], None)), {"X": "7"}, print)
            plain = load(["."], variables={"X": "7"})
            assert found == plain
            assert repr([each.sandbox for each in found.loaded]) == repr([each.sandbox for each in plain.loaded])
            change = data.draw(st.sampled_from(["nothing", "directory", "text"]))
            if change == "directory":
                os.chmod("data", data.draw(st.sampled_from([0o700, 0o755, 0o777])))
            if change == "text":
                Path("0.yaml").write_text(document("box-0", data.draw(FRAGMENTS)))


@examples(300)
@given(SANDBOXES)
def test_an_exact_form_comes_back_to_the_last_order_and_type(sandbox: Sandbox) -> None:
    try:
        form = exact.encode(sandbox)
    except ValueError:
        return
    assert not sandbox.secrets()
    back = exact.decode(json.loads(json.dumps(form)))
    assert back == sandbox
    assert repr(back) == repr(sandbox)


@examples(50)
@given(SANDBOXES, SECRETS)
def test_no_secret_has_an_exact_form(sandbox: Sandbox, secret: Secret) -> None:
    with pytest.raises(ValueError, match="is not kept"):
        exact.encode(replace(sandbox, env={"A": secret}))
