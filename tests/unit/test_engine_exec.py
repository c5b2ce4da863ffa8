"""The stream of a command, taken apart; real engines are in the contract suite."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandboxctl.engine_exec import run
from sandboxctl.engine_http import Endpoint, EngineHttp
from sandboxctl.errors import (
    EngineError,
    ExecError,
    NotFoundError,
    SandboxctlError,
    UnreachableError,
)
from sandboxctl.runner import Command, Stdio

ID = "e" * 64
ENDED = {"Running": False, "ExitCode": 0}


def frame(kind: int, text: bytes) -> bytes:
    return struct.pack(">BxxxL", kind, len(text)) + text


@contextmanager
def engine(
    tmp_path: Path,
    stream: Callable[[socket.socket], None] = lambda connection: None,
    *,
    created: tuple[int, object] = (201, {"Id": ID}),
    ended: tuple[int, object] = (200, ENDED),
    started: tuple[int, object] | None = None,
) -> Iterator[tuple[EngineHttp, list[bytes]]]:
    """An engine that knows the three requests of an exec; `stream` is what its command does."""
    path = tmp_path / "engine.sock"
    requests: list[bytes] = []
    answers = {b"/exec HTTP": created, b"/json HTTP": ended}

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            request = self.request.recv(65536)
            requests.append(request)
            line = request.partition(b"\r\n")[0]
            found = next((answer for part, answer in answers.items() if part in line), None)
            if found is not None:
                self.request.sendall(answered("1.0", *found))
            elif started is not None:
                self.request.sendall(answered("1.1", *started))
                self.request.recv(1)  # it stays open
            else:
                self.request.sendall(b"HTTP/1.1 101 UPGRADED\r\n\r\n")
                stream(self.request)

    with socketserver.ThreadingUnixStreamServer(str(path), Connection) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield EngineHttp(Endpoint(label="Docker", url="unix", path=str(path)), timeout=5), requests
        finally:
            server.shutdown()
            serving.join()


def answered(version: str, status: int, document: object) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/{version} {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def outcome(http: EngineHttp, *, stdin: int | None = None, **options: object) -> tuple[int, bytes, bytes]:
    out, err = bytearray(), bytearray()
    command = Command(argv=("true",), **options)  # type: ignore[arg-type]
    code = run(http, "c", command, Stdio(stdin=stdin, stdout=out.extend, stderr=err.extend))
    return code, bytes(out), bytes(err)


def sends(*parts: bytes) -> Callable[[socket.socket], None]:
    def stream(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return stream


def test_what_is_asked_of_the_engine(tmp_path: Path) -> None:
    with engine(tmp_path) as (http, requests):
        outcome(http, user="7:8", workdir="/w", env={"A": "é=1"})
    assert json.loads(requests[0].partition(b"\r\n\r\n")[2]) == {
        "AttachStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": False,
        "Cmd": ["true"],
        "Env": ["A=é=1"],
        "User": "7:8",
        "WorkingDir": "/w",
    }
    assert [request.partition(b" HTTP")[0] for request in requests[1:]] == [
        f"POST /exec/{ID}/start".encode(),
        f"GET /exec/{ID}/json".encode(),
    ]


@pytest.mark.parametrize(
    ("status", "words", "error"),
    [
        (500, "Container e is not running: Exited (0) Less than a second ago", ExecError),
        (409, "Container e is paused", ExecError),
        (404, "No such exec instance", ExecError),
        (500, "no space left on device", EngineError),
    ],
)
def test_a_container_that_ends_before_its_command_starts_is_told_at_once(
    tmp_path: Path, status: int, words: str, error: type[SandboxctlError]
) -> None:
    with engine(tmp_path, started=(status, {"message": words})) as (http, _), pytest.raises(SandboxctlError) as caught:
        outcome(http)
    assert type(caught.value) is error


def test_frames_are_put_together_wherever_they_are_cut(tmp_path: Path) -> None:
    whole = frame(1, b"out") + frame(2, b"err") + frame(1, b"") + frame(1, b"more")
    for cut in range(0, len(whole), 3):
        with engine(tmp_path, sends(whole[:cut], whole[cut:])) as (http, _):
            assert outcome(http) == (0, b"outmore", b"err")
        (tmp_path / "engine.sock").unlink()


def test_a_complaint_without_a_frame_is_an_error_of_the_command(tmp_path: Path) -> None:
    complaint = b'OCI runtime exec failed: exec failed: unable to start container process: exec: "x": executable file not found in $PATH: unknown\r\n'
    with engine(tmp_path, sends(complaint), ended=(200, {"Running": False, "ExitCode": 126})) as (http, _):
        assert outcome(http) == (127, b"", complaint)


@pytest.mark.parametrize(
    ("words", "code", "shell"),
    [
        (b"OCI runtime exec failed: x: permission denied", 126, 126),
        (b"OCI runtime exec failed: x: no such file or directory", 126, 127),
        (b"OCI runtime exec failed: something else", 127, 126),
        (b"Error: crun: executable file not found", 127, 127),
        (b"OCI runtime exec failed: is a directory", 125, 126),
        (b"no such file or directory", 126, 126),
        (b"executable file not found", 1, 1),
        (b"", 127, 127),
    ],
)
def test_codes_are_those_of_a_shell_on_every_engine(tmp_path: Path, words: bytes, code: int, shell: int) -> None:
    with engine(tmp_path, sends(frame(1, words)), ended=(200, {"Running": False, "ExitCode": code})) as (http, _):
        assert outcome(http)[0] == shell


@pytest.mark.parametrize("cut", [0, 5, 30])
def test_why_a_command_could_not_be_started_is_no_output_of_it(tmp_path: Path, cut: int) -> None:
    words = b"OCI runtime exec failed: x: no such file or directory\r\n"
    parts = [frame(1, part) for part in (words[:cut], words[cut:]) if part]
    with engine(tmp_path, sends(*parts), ended=(200, {"Running": False, "ExitCode": 126})) as (http, _):
        assert outcome(http) == (127, b"", words)


@pytest.mark.parametrize("more", [b"", b"x" * 10_000])
def test_a_command_may_say_the_same_words_itself(tmp_path: Path, more: bytes) -> None:
    words = b"OCI runtime exec failed: " + more
    with engine(tmp_path, sends(frame(1, words), frame(2, b"err"))) as (http, _):
        assert outcome(http) == (0, words, b"err")


def test_a_container_that_is_not_there(tmp_path: Path) -> None:
    with engine(tmp_path, created=(404, {"message": "no"})) as (http, _), pytest.raises(NotFoundError):
        outcome(http)


@pytest.mark.parametrize("status", [409, 500])
def test_a_container_that_is_not_running(tmp_path: Path, status: int) -> None:
    words = {"message": "container state improper: not running"}
    with engine(tmp_path, created=(status, words)) as (http, _), pytest.raises(ExecError, match="not running"):
        outcome(http)


def test_another_refusal_is_the_engines(tmp_path: Path) -> None:
    with (
        engine(tmp_path, created=(400, {"message": "bad user"})) as (http, _),
        pytest.raises(EngineError, match="answered 400: bad user") as caught,
    ):
        outcome(http)
    assert caught.value.status == 400


def test_an_engine_that_has_forgotten_the_command_means_that_it_was_killed(tmp_path: Path) -> None:
    with engine(tmp_path, ended=(404, {})) as (http, _):
        assert outcome(http)[0] == 137


def test_an_engine_that_never_says_how_it_ended(tmp_path: Path) -> None:
    with (
        engine(tmp_path, ended=(200, {"Running": True, "ExitCode": None})) as (http, _),
        pytest.raises(UnreachableError, match="does not say how the command ended"),
    ):
        outcome(http)


def received(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def test_input_is_sent_to_its_end_and_then_half_closed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"some input")
    os.close(writing)
    with engine(tmp_path, lambda each: each.sendall(frame(1, received(each)))) as (http, _):
        assert outcome(http, stdin=reading) == (0, b"some input", b"")
    os.close(reading)


def test_input_waits_for_its_reader_while_output_goes_on(tmp_path: Path) -> None:
    """A command that writes much before it reads: to send all of the input first would wait for ever."""
    much = b"x" * 8 * 2**20

    def stream(connection: socket.socket) -> None:
        connection.sendall(frame(1, much))
        connection.sendall(frame(2, str(len(received(connection))).encode()))

    source = tmp_path / "input"
    source.write_bytes(b"y" * 4 * 2**20)
    with engine(tmp_path, stream) as (http, _), source.open("rb") as file:
        code, out, err = outcome(http, stdin=file.fileno())
    assert (code, len(out), err) == (0, len(much), str(4 * 2**20).encode())


def test_a_command_that_hangs_up_early_is_no_error(tmp_path: Path) -> None:
    source = tmp_path / "input"
    source.write_bytes(b"y" * 2**20)
    with engine(tmp_path, sends(frame(1, b"enough"))) as (http, _), source.open("rb") as file:
        assert outcome(http, stdin=file.fileno())[:2] == (0, b"enough")
