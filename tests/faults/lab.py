"""sandboxctl as a process of its own, led to an engine through a faulty proxy, and what has to hold afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import merged, yaml_text
from tests.faults.proxy import Do, Proxy, Request, Rule

SECRET = "swordfish-4711"
"""In every spec of a lab, and in no output of any command."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one command line left; `code` is negative for the signal that ended it."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(slots=True, kw_only=True)
class Lab:
    """One engine, one directory, sandboxes whose names begin with `name`."""

    engine: EngineUnderTest
    proxy: Proxy
    directory: Path
    name: str
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    # specs

    def write(self, *fragments: Mapping[str, Any], count: int = 1, filename: str = "sandbox.yaml") -> Path:
        """`count` sandboxes, with a secret each, and these fragments laid over them."""
        path = self.directory / filename
        path.write_text("---\n".join(self._document(index, fragments) + "\n" for index in range(count)))
        return path

    def _document(self, index: int, fragments: Sequence[Mapping[str, Any]]) -> str:
        base = {
            "image": self.engine.images.busybox,
            "env": {"TOKEN": {"fromEnv": "LAB_TOKEN"}},
            "lifecycle": {"ready": {"minSeconds": 0}, "stopGrace": "1s"},
        }
        name = self.names(index + 1)[-1]
        return yaml_text({
            "apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": {"name": name},
            "spec": merged(base, self.engine.base, *fragments),
        })  # fmt: skip

    @property
    def volumes(self) -> list[str]:
        """The names of those that its specs may have: none where somebody else has to provide them."""
        return [] if self.engine.provisions else [f"{self.name}-gone", f"{self.name}-kept"]

    def names(self, count: int = 1) -> list[str]:
        """The first is the lab's own."""
        return [self.name, *(f"{self.name}-{index}" for index in range(2, count + 1))]

    # commands

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes through the proxy."""
        led = self.engine.leading_to(self.proxy.address, self.directory)
        process = subprocess.Popen(
            [sys.executable, "-m", "sandboxctl", "--backend", self.engine.backend, *led, *words],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "LAB_TOKEN": SECRET, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        self.running.append(process)
        return process

    def end(self, process: subprocess.Popen[str], *, within: float = 120.0) -> Ran:
        """Waits for its end."""
        began = time.monotonic()
        out, err = process.communicate(timeout=within)
        self.running.remove(process)
        assert SECRET not in out + err
        assert "Traceback" not in err
        assert "bug:" not in err
        return Ran(process.returncode, out, err, time.monotonic() - began)

    def run(self, *words: str, rule: Rule | None = None) -> Ran:
        """One command to its end, by a rule of the proxy's for it alone."""
        self.proxy.expect(*([rule] if rule else []))
        ran = self.end(self.start(*words))
        self.proxy.expect()
        return ran

    def done(self, *words: str) -> Ran:
        """The same, and it has to go well."""
        ran = self.run(*words)
        assert ran.code == 0, ran
        return ran

    def requests(self, *words: str) -> list[Request]:
        """What a command asks for, when nothing goes wrong."""
        self.proxy.expect()
        ran = self.end(self.start(*words))
        assert ran.code == 0, ran
        return list(self.proxy.requests)

    def killed_after(self, number: int, *words: str, with_signal: signal.Signals = signal.SIGKILL) -> Ran | None:
        """The engine does the request of this number, and then the command is no more.

        None if this time it ended well with fewer: how often it looks before all is ready differs.
        """
        process: list[subprocess.Popen[str]] = []

        def rule(request: Request) -> Do | None:
            return Do(lambda: process[0].send_signal(with_signal)) if request.number == number else None

        self.proxy.expect(rule)
        process.append(self.start(*words))
        ran = self.end(process[0])
        came = len(self.proxy.requests) >= number
        self.proxy.expect()
        assert came or ran.code == 0, ran
        return ran if came else None

    # what has to hold

    def is_right(self, count: int = 1) -> None:
        """One object for each sandbox, under its own name, running, nothing else; nothing to do; proved."""
        names = self.names(count)
        assert self.objects() == sorted(names)
        for name in names:
            assert (self.engine.state(name), self.engine.astray(name)) == ("running", frozenset()), name
        planned = self.run("plan", "--detailed-exitcode")
        assert planned.code == 0, planned
        verified = self.run("verify", "--output", "json")
        assert verified.code == 0, verified
        assert all(each["ok"] for each in json.loads(verified.out)["sandboxes"])

    def is_gone(self) -> None:
        """Nothing of ours but volumes that are kept."""
        assert (self.objects(), self.engine.left(self.name)) == ([], frozenset(self.volumes[1:]))

    def objects(self) -> list[str]:
        """Every container of the lab, under whatever name: by name, and by our labels."""
        found = {each for each in self.engine.containers() if each.startswith(self.name)}
        return sorted(found.union(*(self.engine.labelled(name) for name in self.names(2))))

    def clear(self) -> None:
        """By the engine's own client, whatever there is."""
        for process in self.running:
            process.kill()
            process.communicate()
        self.engine.clear(self.name)
