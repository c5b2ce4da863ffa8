"""What is remembered of specs is what would be found again, and only where nothing that it rests on has changed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandboxctl import cache, remembered, spec_files
from sandboxctl.facts import HostFacts
from sandboxctl.host import Host
from sandboxctl.load import load
from sandboxctl.spec_files import LoadResult
from tests.unit.given import spec

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
NOTE = "this was remembered"


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory with a cache of its own."""
    if not remembered.is_ours(remembered.judges()):
        pytest.skip("somebody edits the code while it is tested: then nothing is remembered")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    directory = tmp_path / "lab"
    (directory / "data").mkdir(parents=True)
    monkeypatch.chdir(directory)
    return directory


def judged(*paths: str, **variables: str) -> LoadResult:
    files = tuple(spec_files.read(paths, None))
    return remembered.judge(files, variables, lambda why: pytest.fail(why))


def entries() -> list[Path]:
    place = Path(os.environ["XDG_CACHE_HOME"], "sandboxctl")
    return sorted(place.iterdir()) if place.exists() else []


def mark() -> None:
    """Writes into the one entry that it is one: whoever gets its result has been remembered."""
    (entry,) = entries()
    value = json.loads(entry.read_bytes().partition(b"\n")[2])
    cache.write(entry.name, {**value, "notes": [NOTE]}, print)


def is_remembered(*paths: str, **variables: str) -> bool:
    return NOTE in judged(*paths, **variables).notes


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_the_same_when_it_is_remembered(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    plain = load([path.name])
    first, second = judged(path.name), judged(path.name)
    assert first == second == plain
    assert repr([each.sandbox for each in second.loaded]) == repr([each.sandbox for each in plain.loaded])
    for now, then in zip(second.loaded, plain.loaded, strict=True):
        assert list(now.source.marks.items()) == list(then.source.marks.items())
        assert list(now.source.key_marks.items()) == list(then.source.key_marks.items())


def test_most_examples_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples")
    for path in EXAMPLES:
        judged(path.name)
    assert len(entries()) > len(EXAMPLES) / 2


BODY = "  mounts: [{type: bind, source: ./data, target: /data}]\n  env: {A: '${A:-b}'}\n"


def another_text(lab: Path) -> None:
    (lab / "a.yaml").write_text(spec(BODY) + "# more\n")


def a_closed_directory(lab: Path) -> None:
    (lab / "data").chmod(0o700)


def a_directory_that_is_gone(lab: Path) -> None:
    (lab / "data").rmdir()


def a_link_instead(lab: Path) -> None:
    (lab / "data").rmdir()
    (lab / "other").mkdir()
    (lab / "data").symlink_to("other")


def a_file_instead(lab: Path) -> None:
    (lab / "data").rmdir()
    (lab / "data").write_text("")


def another_owner(lab: Path) -> None:
    os.chown(lab / "data", 12345, 12345)


def an_engine_of_the_users(lab: Path) -> None:
    Path(os.environ["HOME"], ".local/share/docker").mkdir(parents=True)


CHANGES = [another_text, a_closed_directory, a_directory_that_is_gone, a_link_instead, a_file_instead, another_owner,
           an_engine_of_the_users]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_result_rests_on_makes_a_new_one(lab: Path, change: Callable[[Path], None]) -> None:
    if change is another_owner and os.geteuid() != 0:
        pytest.skip("only root may give a directory away")
    (lab / "data").chmod(0o755)
    (lab / "a.yaml").write_text(spec(BODY))
    judged("a.yaml")
    mark()
    assert is_remembered("a.yaml")
    change(lab)
    assert not is_remembered("a.yaml")
    assert judged("a.yaml") == load(["a.yaml"])


def test_another_engine_in_the_environment_makes_a_new_one(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/a.sock")
    (lab / "a.yaml").write_text(spec(BODY))
    judged("a.yaml")
    mark()
    assert is_remembered("a.yaml")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{lab}/data/docker.sock")
    assert not is_remembered("a.yaml")


def test_variables_names_and_places_have_their_own_entries(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab / "a.yaml").write_text(spec(BODY))
    (lab / "b.yaml").write_text(spec(BODY))
    judged("a.yaml")
    mark()
    assert is_remembered("a.yaml")
    assert not is_remembered("a.yaml", A="c")
    assert not is_remembered("b.yaml")
    assert not is_remembered("./a.yaml")
    assert not is_remembered(".")
    (lab / "data" / "data").mkdir()
    shutil.copy(lab / "a.yaml", lab / "data")
    monkeypatch.chdir(lab / "data")
    assert not is_remembered("a.yaml")
    source = judged("a.yaml").loaded[0].sandbox.mounts[0]
    assert getattr(source, "source", None) == str(lab / "data" / "data")


IMAGE = "docker.io/library/busybox:1.36"
SECRET = "tiger-in-the-text"
NOT_KEPT = {
    "a variable": f"  env: {{A: {{fromEnv: TOKEN}}, B: {SECRET}}}\n",
    "a file of variables": f"  envFiles: [./secret.env]\n  env: {{B: {SECRET}}}\n",
    "a file's content": f"  mounts: [{{type: file, target: /f, content: {SECRET}}}]\n",
    "a sensitive content": f"  mounts: [{{type: file, target: /f, content: {SECRET}, sensitive: true}}]\n",
    "a file": "  mounts: [{type: file, target: /f, source: ./secret.env}]\n",
    "a setup": f"  lifecycle: {{setup: [[echo, {SECRET}]]}}\n",
    "an image's setup": f"  image: {{ref: 'busybox:1', setup: {{run: [[echo, {SECRET}]]}}}}\n",
    "an archive": f"  image: {{archive: ./secret.env}}\n  env: {{B: {SECRET}}}\n",
    "a build": f"  image: {{build: {{context: ./data, args: {{B: {SECRET}}}}}}}\n",
    "an error": f"  env: {{B: {SECRET}}}\n  nonsense: 1\n",
}


@pytest.mark.parametrize("what", NOT_KEPT)
def test_nothing_is_kept_of_what_may_be_secret_or_is_asked_anew(
    lab: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    (lab / "secret.env").write_text(f"C={SECRET}\n")
    (lab / "data" / "Dockerfile").write_text("FROM busybox:1\n")
    body = NOT_KEPT[what]
    text = spec(body)
    (lab / "a.yaml").write_text(text.replace(f"  image: {IMAGE}\n", "") if "image:" in body else text)
    assert judged("a.yaml") == load(["a.yaml"])
    assert bool(judged("a.yaml").loaded) == (what != "an error")
    assert entries() == []


def test_an_entry_of_another_form_is_no_error(lab: Path) -> None:
    (lab / "a.yaml").write_text(spec(BODY))
    judged("a.yaml")
    (entry,) = entries()
    whole = json.loads(entry.read_bytes().partition(b"\n")[2])
    broken = [[], {}, None, {**whole, "judges": 1}, {**whole, "looks": [[]]}, {**whole, "loaded": [{}]}]
    broken += [{**whole, "loaded": [{**whole["loaded"][0], "sandbox": ["Secret", {}]}]}]
    broken += [{key: value for key, value in whole.items() if key != left_out} for left_out in whole]
    for value in broken:
        cache.write(entry.name, value, print)
        assert judged("a.yaml") == load(["a.yaml"])


def test_a_machine_that_answers_twice_differently_leaves_no_entry(lab: Path) -> None:
    class Restless(Host):
        """Each look finds another directory."""

        count = 0

        def look(self, path: str):  # type: ignore[no-untyped-def]  # as Host's
            self.count += 1
            from sandboxctl.dataclass import replace

            return replace(super().look(path), gid=self.count)

    facts: HostFacts = Restless()
    asked = remembered.Asked(host=facts)
    asked.look("data")
    assert asked.lasting
    asked.look("data")
    assert not asked.lasting


SCRIPT = """
import sys
from sandboxctl import remembered, spec_files
print(remembered.judge(tuple(spec_files.read(["a.yaml"], None)), {}, print).notes)
"""


def notes_of_a_copy(code: Path) -> str:
    environ = {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("changed", ["sandboxctl/rules/limits.py", "schemas/sandbox.v1.schema.json"])
def test_other_code_judges_anew(lab: Path, tmp_path: Path, changed: str) -> None:
    code = tmp_path / "code"
    for part in ("sandboxctl", "schemas", "templates"):
        shutil.copytree(ROOT / part, code / part, ignore=shutil.ignore_patterns("__pycache__"))
    (lab / "a.yaml").write_text(spec(BODY))
    time.sleep(0.1)  # what was written in the moment of our start is not trusted
    assert notes_of_a_copy(code) == "()"
    mark()
    assert notes_of_a_copy(code) == f"('{NOTE}',)"
    with (code / changed).open("a") as file:
        file.write("\n")
    assert notes_of_a_copy(code) == "()"
