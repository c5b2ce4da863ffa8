"""An engine that is not there, is something else, or falls silent: exit code 4, in time, saying what was asked."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandboxctl.backends import connect
from sandboxctl.errors import AbsentError, UnreachableError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

HTML = b"<html><body>It works!</body></html>"
TIMEOUT = 1.0


@contextmanager
def answering(path: Path, handle: Callable[[socket.socket], None]) -> Iterator[None]:
    """A socket at `path` that does this with each connection."""

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


def says(answer: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(answer)


def hangs(connection: socket.socket) -> None:
    connection.recv(1)  # until the other side gives up


def trickles(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.0 200 OK\r\n")
    while True:
        try:
            connection.sendall(b"X-Slow: 1\r\n")
        except OSError:
            return
        time.sleep(0.2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "engine.sock"


def error(engine: EngineUnderTest, bench: Workbench, name: str, path: Path) -> UnreachableError:
    """What a plan raises at this socket, in time."""
    bench.backend = connect(engine.backend, engine.connection(socket=path, timeout=TIMEOUT))
    began = time.monotonic()
    with pytest.raises(UnreachableError) as caught:
        bench.plan(bench.spec(name))
    assert time.monotonic() - began < TIMEOUT + 2
    assert caught.value.exit_code == 4
    return caught.value


def test_no_socket(engine: EngineUnderTest, bench: Workbench, name: str, path: Path) -> None:
    found = error(engine, bench, name, path)
    assert not isinstance(found, AbsentError)  # somebody says that it is there: no other engine may be tried
    assert str(path) in found.brief


def test_a_socket_that_nobody_listens_at(engine: EngineUnderTest, bench: Workbench, name: str, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    found = error(engine, bench, name, path)
    assert "is not running" in found.brief
    assert not isinstance(found, AbsentError)


def test_a_socket_that_is_a_file(engine: EngineUnderTest, bench: Workbench, name: str, path: Path) -> None:
    path.write_text("")
    assert str(path) in error(engine, bench, name, path).brief


def answers(server: str) -> dict[str, tuple[Callable[[socket.socket], None], str]]:
    """What may listen at an engine's socket, and what a user is told of it; `server` is how the engine names itself."""
    head = f"HTTP/1.0 200 OK\r\nServer: {server}\r\n".encode()
    return {
        "a web server": (says(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\n\r\n" + HTML), "is not"),
        "HTML without HTTP": (says(HTML), "does not speak HTTP"),
        "not HTTP": (says(b"SSH-2.0-OpenSSH_9.2p1\r\n"), "does not speak HTTP"),
        "nothing, and hangs up": (says(b""), "mid-answer"),
        "half a head": (says(head[:-9]), "mid-answer"),
        "half a body": (
            says(head + b"Content-Length: 100\r\n\r\n[{"),
            "mid-answer",
        ),
        "no JSON": (says(head + b"\r\n[{]"), "no JSON"),
        "nothing, for ever": (hangs, "did not answer within 1 s"),
        "a little, for ever": (trickles, "did not answer within 1 s"),
    }


@pytest.mark.parametrize("answer", answers(""))
def test_a_socket_that_answers(engine: EngineUnderTest, bench: Workbench, name: str, path: Path, answer: str) -> None:
    handle, words = answers(engine.server)[answer]
    with answering(path, handle):
        found = error(engine, bench, name, path)
    assert words in found.brief


def test_an_engine_that_falls_silent_at_a_write(
    engine: EngineUnderTest, bench: Workbench, name: str, path: Path
) -> None:
    plan = bench.plan(bench.spec(name))
    bench.backend = connect(engine.backend, engine.connection(timeout=TIMEOUT))
    bench.backend.writer.close()
    with answering(path, hangs):
        silent = connect(engine.backend, engine.connection(socket=path, timeout=TIMEOUT))
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            silent.writer.delete("0" * 64)
        assert time.monotonic() - began < TIMEOUT + 2
    assert plan.actions[0].name == name
