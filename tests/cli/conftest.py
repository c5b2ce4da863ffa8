"""The command line, run in this process on the engine in memory, in an empty directory."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.cli.boundary import main
from tests.memory_backend import MemoryBackend

SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata:
  name: py
spec:
  image: busybox:1
  resources:
    memory: 64Mi
  lifecycle:
    ready: {minSeconds: 0}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What one command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Typed(io.TextIOWrapper):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


@dataclass(slots=True, kw_only=True)
class Cli:
    """Runs command lines. `engine` is the one that they speak to, `directory` where they run."""

    engine: MemoryBackend
    directory: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *words: str, stdin: str = "", terminal: bool = False) -> Ran:
        kind = Typed if terminal else io.TextIOWrapper
        typed = self.directory / ".stdin"
        typed.write_text(stdin, encoding="utf-8")
        with typed.open("rb") as source:
            self.monkeypatch.setattr(sys, "stdin", kind(source, encoding="utf-8"))
            code = main(words, connect=self.engine.connect)
        typed.unlink()
        captured = self.capsys.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    def write(self, text: str = SPEC, name: str = "sandbox.yaml") -> None:
        (self.directory / name).write_text(text, encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        """Edits the spec; the old text must be there."""
        text = (self.directory / "sandbox.yaml").read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    def applied(self, text: str = SPEC) -> MemoryBackend:
        """The spec, written and applied."""
        self.write(text)
        ran = self("apply", "--yes")
        assert ran.code == 0, ran
        self.engine.calls.clear()
        return self.engine


@pytest.fixture
def cli(clean_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """One backend is in use, so that nothing has to be chosen; `test_choice` is about the rest."""
    config = clean_home / ".config" / "sandboxctl" / "config.yaml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("apiVersion: sandboxctl.dev/v1\nkind: Config\nspec:\n  backends: [docker]\n")
    directory = tmp_path / "lab"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return Cli(engine=MemoryBackend(), directory=directory, capsys=capsys, monkeypatch=monkeypatch)
