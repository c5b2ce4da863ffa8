"""Running a command inside a container, over the engine's own socket: create, start upgraded to a stream, inspect.

Three requests are the least there is (performance.md, section 6), and the SDKs cannot half-close standard input. Docker
and Podman's compat API speak the same here. Streams are bytes; nothing is decoded.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from sandboxctl import terminal
from sandboxctl.engine_http import EngineHttp
from sandboxctl.errors import EngineError, ExecError, NotFoundError, UnreachableError
from sandboxctl.runner import Command, Sink, Stdio

_CHUNK = 64 * 1024
_KILLED = 128 + signal.SIGKILL
_END_OF_INPUT = b"\x04"
_COMPLAINTS = (b"OCI runtime exec failed", b"Error: crun", b"Error: runc", b"exec failed")
_NOT_RUNNING = ("container state improper", " is not running")  # Podman's words, Docker's; both with 500
_SEE = "`sandboxctl status` says how it is now"
_NOT_FOUND = (b"executable file not found", b"no such file or directory", b"not found in $PATH")
_NOT_EXECUTABLE = (b"permission denied", b"is a directory", b"exec format error")


def run(http: EngineHttp, ref: str, command: Command, stdio: Stdio) -> int:
    """Runs it to its end. Returns its exit code, 126 and 127 as a shell would.

    Raises NotFoundError for no such container, ExecError for one that is not running.
    """
    exec_id = _create(http, ref, command, attach_stdin=stdio.stdin is not None)

    def resize(size: os.terminal_size) -> None:
        http.post(f"/exec/{exec_id}/resize?h={size.lines}&w={size.columns}", None)

    head = _Head()
    connection, early = _start(http, exec_id, command)
    with connection:
        pump = _Pump(
            connection,
            early,
            tty=command.tty,
            stdout=head.passing(stdio.stdout),
            stderr=head.passing(stdio.stderr),
            patience=http.timeout,
            look=lambda: http.get(f"/exec/{exec_id}/json"),
        )
        if command.tty:
            with terminal.raw(), terminal.followed(resize):
                pump.run(stdio.stdin)
        else:
            pump.run(stdio.stdin)
    code = _exit_code(http, exec_id)
    never_ran = code in (125, 126, 127) and head.complains
    head.release(stdio.stderr if never_ran else None)
    return _never_ran_code(head.text) if never_ran else code


class _Head:
    """The first bytes of the output, where the runtime says why a command could not be started.

    Docker writes that where the command's own output goes. What begins so is held back until the exit code tells whose
    words they are.
    """

    _MOST = 4096

    def __init__(self) -> None:
        self.text = b""
        self._held: list[tuple[Sink, bytes]] = []

    @property
    def complains(self) -> bool:
        """Whether it begins as a runtime's complaint does."""
        return self.text.startswith(_COMPLAINTS)

    def passing(self, sink: Sink) -> Sink:
        def take(chunk: bytes) -> None:
            if len(self.text) < self._MOST:
                self.text += chunk[: self._MOST]
                if self.complains or any(words.startswith(self.text) for words in _COMPLAINTS):
                    self._held.append((sink, chunk))
                    return
            self.release(None)
            sink(chunk)

        return take

    def release(self, instead: Sink | None) -> None:
        """Writes what was held back, to one place `instead` of where each part was meant for."""
        held, self._held = self._held, []
        for sink, chunk in held:
            (instead or sink)(chunk)


def _create(http: EngineHttp, ref: str, command: Command, *, attach_stdin: bool) -> str:
    body: dict[str, object] = {
        "AttachStdin": attach_stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": command.tty,
        "Cmd": list(command.argv),
        "Env": [f"{name}={value}" for name, value in command.env.items()],
    }
    if command.user is not None:
        body["User"] = command.user
    if command.workdir is not None:
        body["WorkingDir"] = command.workdir
    answer = http.post(f"/containers/{ref}/exec", body)
    if answer.status == 404:
        raise NotFoundError(f"there is no container {ref}")
    if _not_running(answer.status, answer.message):
        raise ExecError(answer.message, hint=_SEE)
    if answer.status not in (200, 201):
        raise EngineError(f"the engine answered {answer.status}: {answer.message}", status=answer.status)
    return str(_decoded(answer.body)["Id"])


def _start(http: EngineHttp, exec_id: str, command: Command) -> tuple[socket.socket, bytes]:
    """Raises ExecError where the container has ended since the command was made: Docker 20.10 says so with 500."""
    try:
        return http.upgrade(f"/exec/{exec_id}/start", {"Detach": False, "Tty": command.tty})
    except EngineError as error:
        if error.status == 404 or _not_running(error.status, str(error)):
            raise ExecError(f"the command could not start any more: {error.brief}", hint=_SEE) from error
        raise


def _not_running(status: int, words: str) -> bool:
    return status == 409 or any(each in words for each in _NOT_RUNNING)


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", json.loads(body))
    except ValueError as error:
        raise UnreachableError("the engine sent no JSON", hint="is something between us and it?") from error


def _exit_code(http: EngineHttp, exec_id: str) -> int:
    """The stream may end an instant before the engine knows the code."""
    for _ in range(100):
        answer = http.get(f"/exec/{exec_id}/json")
        if answer.status == 404:
            return _KILLED  # Podman forgets a command that ended with its container
        inspected = _decoded(answer.body)
        if not inspected.get("Running") and inspected.get("ExitCode") is not None:
            return int(inspected["ExitCode"])
        time.sleep(0.02)
    raise UnreachableError("the engine does not say how the command ended")


def _never_ran_code(head: bytes) -> int:
    """Docker up to 26 answers 126 for a missing command, later ones and Podman 127 (engines.md, section 5); Podman 5
    answers 125 for a directory."""
    if any(words in head for words in _NOT_EXECUTABLE):
        return 126
    return 127 if any(words in head for words in _NOT_FOUND) else 126


class _Pump:
    """Moves bytes between the caller and the stream until the stream ends.

    A command may be silent for as long as it likes; whether the engine is still there is looked at, each `patience`
    seconds without a word.
    """

    def __init__(
        self,
        connection: socket.socket,
        early: bytes,
        *,
        tty: bool,
        stdout: Sink,
        stderr: Sink,
        patience: float,
        look: Callable[[], object],
    ) -> None:
        self._connection = connection
        self._patience, self._look = patience, look
        self._pending = b""
        self._tty = tty
        self._stdout, self._stderr = stdout, stderr
        self._deliver(early)

    def run(self, stdin: int | None) -> None:
        """Input is sent as the other side takes it: to wait there could be to wait for output that nobody reads."""
        outgoing = b"" if stdin is not None else self._end_input()
        while True:
            sources: list[Any] = [self._connection] if stdin is None or outgoing else [self._connection, stdin]
            waiting = None if self._tty or stdin is not None else self._patience
            ready, able, _ = select.select(sources, [self._connection] if outgoing else [], [], waiting)
            if not ready and not able:
                self._look()
            if stdin is not None and stdin in ready:
                outgoing = os.read(stdin, _CHUNK)
                if not outgoing:
                    outgoing = self._end_input()
                    stdin = None
            if able:
                outgoing, taken = self._send(outgoing)
                stdin = stdin if taken else None
            if self._connection in ready and not self._receive():
                return

    def _send(self, outgoing: bytes) -> tuple[bytes, bool]:
        """What is left to send, and whether anybody still reads it."""
        try:
            return outgoing[self._connection.send(outgoing, socket.MSG_DONTWAIT) :], True
        except BlockingIOError:
            return outgoing, True
        except (BrokenPipeError, ConnectionResetError):
            return b"", False  # the command has ended without reading all of it

    def _receive(self) -> bool:
        """Whether there may be more."""
        try:
            chunk = self._connection.recv(_CHUNK)
        except ConnectionResetError:
            return False
        self._deliver(chunk)
        return bool(chunk)

    def _end_input(self) -> bytes:
        """What still has to be sent. A terminal is told by a character: cut off, it would lose its output too."""
        if self._tty:
            return _END_OF_INPUT
        with suppress(OSError):  # ended already
            self._connection.shutdown(socket.SHUT_WR)
        return b""

    def _deliver(self, chunk: bytes) -> None:
        if self._tty:
            if chunk:
                self._stdout(chunk)
            return
        self._pending += chunk
        while len(self._pending) >= 8:
            kind, length = struct.unpack(">BxxxL", self._pending[:8])
            if kind > 2:  # 20.10 writes the runtime's own complaint without a frame
                self._stderr(self._pending)
                self._pending = b""
                return
            if len(self._pending) < 8 + length:
                return
            (self._stderr if kind == 2 else self._stdout)(self._pending[8 : 8 + length])
            self._pending = self._pending[8 + length :]
