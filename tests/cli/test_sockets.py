"""`backend: auto` and `doctor` at sockets that are no engine's: exit code 4, one line and a hint, in time, nothing left.

Every socket is a real one, and the command a process of its own.
"""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = "apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {name: box}\nspec: {image: busybox:1}\n"
CONFIG = "apiVersion: sandboxctl.dev/v1\nkind: Config\nspec: {{backends: [{}]}}\n"
TIMEOUT = 1  # seconds
START = 10  # of Python, on a busy machine; without --timeout it would be 30 s
VARIABLES = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
LABELS = {"docker": "Docker", "podman": "Podman"}
SERVERS = {"docker": b"Docker/28.5.2 (linux)", "podman": b"Libpod/5.4.2 (linux)"}
UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search")


@contextmanager
def answering(path: Path, handle: Callable[[socket.socket], None]) -> Iterator[None]:
    """A socket that does this with each connection."""

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            handle(self.request)

    with socketserver.ThreadingUnixStreamServer(str(path), Connection) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield
        server.shutdown()
        serving.join()


def says(answer: bytes) -> Callable[[str, Path, ExitStack], None]:
    def make(backend: str, path: Path, stack: ExitStack) -> None:
        said = answer.replace(b"SERVER", SERVERS[backend])
        stack.enter_context(answering(path, lambda connection: connection.sendall(said)))

    return make


def hangs(_backend: str, path: Path, stack: ExitStack) -> None:
    stack.enter_context(answering(path, lambda connection: connection.recv(1) and None))


def dead(_backend: str, path: Path, _stack: ExitStack) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def forbidden(_backend: str, path: Path, stack: ExitStack) -> None:
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(str(path))
    listener.listen()
    path.chmod(0)


def takes_none(_backend: str, path: Path, stack: ExitStack) -> None:
    listener = stack.enter_context(socket.socket(socket.AF_UNIX))
    listener.bind(str(path))
    listener.listen(0)
    try:
        while True:
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            waiting.connect(str(path))
    except BlockingIOError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """What is made at the path, and what a user is told of it."""

    make: Callable[[str, Path, ExitStack], None]
    told: str


OK = b"HTTP/1.1 200 OK\r\nServer: "
SOCKETS = {
    "absent": Socket(make=lambda *_: None, told="there is no {label} at {url}"),
    "dead": Socket(make=dead, told="{label} is not running at {url}"),
    "forbidden": Socket(make=forbidden, told="no permission to use {label} at {url}"),
    "a file": Socket(make=lambda _, path, __: path.write_text("") and None, told="{label} is not running at {url}"),
    "hanging": Socket(make=hangs, told="{label} did not answer within 1 s"),
    "taking none": Socket(make=takes_none, told="{label} did not answer within 1 s"),
    "HTML": Socket(make=says(OK + b"nginx\r\n\r\n<html>It works!</html>"), told="is not {label}"),
    "HTML by its name": Socket(make=says(OK + b"SERVER\r\n\r\n<html>Welcome</html>"), told="{label} sent no JSON"),
    "no HTTP": Socket(make=says(b"<html>Welcome</html>"), told="{label} at {url} does not speak HTTP"),
    "closing at once": Socket(make=says(b""), told="{label} at {url} closed the connection in mid-answer"),
    "closing in the head": Socket(make=says(OK), told="{label} at {url} closed the connection in mid-answer"),
    "closing in the body": Socket(
        make=says(OK + b"SERVER\r\nContent-Length: 99\r\n\r\n[{"), told="{label} closed the connection in mid-answer"
    ),
}


@dataclass(slots=True, kw_only=True)
class Lab:
    """A place with a spec, where one engine is named by its variable, and no other is here."""

    backend: str
    directory: Path
    path: Path

    @property
    def url(self) -> str:
        return f"unix://{self.path}"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """In time, and nothing is left of it."""
        before = self.files()
        began = time.monotonic()
        done = subprocess.run(
            [*self.privileges(), sys.executable, "-m", "sandboxctl", *words], cwd=self.directory, text=True,
            capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
            env={
                "PATH": "", "HOME": str(self.directory), "XDG_RUNTIME_DIR": str(self.directory), "PYTHONPATH": str(ROOT),
                "TMPDIR": str(self.directory), VARIABLES[self.backend]: self.url,
            },
        )  # fmt: skip
        assert time.monotonic() - began < TIMEOUT + START
        assert self.files() == before
        return done

    def privileges(self) -> tuple[str, ...]:
        """Root may connect to any socket, but without these capabilities."""
        found = shutil.which(UNPRIVILEGED[0])
        return (found, *UNPRIVILEGED[1:]) if found is not None and os.geteuid() == 0 else ()

    def files(self) -> list[Path]:
        return sorted(each for each in self.directory.rglob("*") if ".cache" not in each.parts)


@pytest.fixture(params=["docker", "podman"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The engine that is named comes first; a socket's path is short."""
    order = sorted(VARIABLES, key=lambda name: name != request.param)
    with tempfile.TemporaryDirectory(prefix="l-", dir="/tmp") as name:
        directory = Path(name)
        (directory / "sandbox.yaml").write_text(SPEC)
        (directory / ".config/sandboxctl").mkdir(parents=True)
        (directory / ".config/sandboxctl/config.yaml").write_text(CONFIG.format(", ".join(order)))
        yield Lab(backend=request.param, directory=directory, path=directory / "engine.sock")


@pytest.mark.parametrize("kind", SOCKETS)
def test_a_sandbox_goes_nowhere_while_an_engine_that_may_hold_it_is_silent(lab: Lab, kind: str) -> None:
    told = SOCKETS[kind].told.format(label=LABELS[lab.backend], url=lab.url)
    other = next(name for name in VARIABLES if name != lab.backend)
    with ExitStack() as stack:
        SOCKETS[kind].make(lab.backend, lab.path, stack)
        done = lab.run("apply", "--yes", "--timeout", str(TIMEOUT))
    error, hint = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (4, "")
    assert error.startswith("error: ")
    assert told in error
    assert error.endswith("; it may hold the sandbox, so no other engine is tried")
    assert hint.startswith("hint: ")
    assert hint.endswith(f"--backend {other}")


@pytest.mark.parametrize("kind", SOCKETS)
def test_the_doctor_says_what_is_wrong_and_what_mends_it(lab: Lab, kind: str) -> None:
    told = SOCKETS[kind].told.format(label=LABELS[lab.backend], url=lab.url)
    with ExitStack() as stack:
        SOCKETS[kind].make(lab.backend, lab.path, stack)
        done = lab.run("doctor", "--backend", lab.backend, "--timeout", str(TIMEOUT))
    state, what, fix = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (4, "")
    assert state == f"{lab.backend}  silent"
    assert what.startswith("  ! ")
    assert told in what
    assert fix.strip()


@pytest.mark.parametrize("kind", ["absent", "hanging"])
def test_the_doctor_asks_the_others_too(lab: Lab, kind: str) -> None:
    with ExitStack() as stack:
        SOCKETS[kind].make(lab.backend, lab.path, stack)
        done = lab.run("doctor", "--timeout", str(TIMEOUT))
    states = dict(line.split() for line in done.stdout.splitlines() if line[:1].isalpha())
    assert set(states) == {"docker", "podman", "kubernetes"}
    assert states[lab.backend] == "silent"
    assert "Traceback" not in done.stderr


def test_podman_that_nobody_names_and_that_is_not_installed_is_absent(lab: Lab) -> None:
    if lab.backend != "docker":
        pytest.skip("it is the one that is named")
    done = lab.run("doctor", "--backend", "podman")
    assert (done.returncode, done.stdout.splitlines()[0]) == (4, "podman  absent")
