"""Running a command in a pod's container: standard streams as bytes, and the exit code that a shell would give.

The traps that this goes round are measured (kubernetes.md, section 5.3): the code comes as a JSON status on a channel
of its own, a missing program as a message in it, and standard input can be closed in the fifth version of the protocol
only (servers from 1.30 on).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from sandboxctl import terminal
from sandboxctl.backends.kubernetes import websocket
from sandboxctl.backends.kubernetes.api import Api, first_line, refuse
from sandboxctl.backends.kubernetes.feeding import Feed
from sandboxctl.errors import EngineError, ExecError, InvalidError, NotFoundError, UnreachableError
from sandboxctl.runner import Sink, Stdio

_STDIN, _STDOUT, _STDERR, _STATUS, _RESIZE, _HALF_CLOSE = 0, 1, 2, 3, 4, 255
_CLOSING = "v5.channel.k8s.io"
_PROTOCOLS = (_CLOSING, "v4.channel.k8s.io")
_CHUNK = 64 * 1024
_NOT_FOUND = ("executable file not found", "no such file or directory", "not found in $PATH")
_NOT_EXECUTABLE = ("permission denied", "is a directory", "exec format error")


def run(
    api: Api,
    pod: str,
    container: str,
    command: Sequence[str],
    stdio: Stdio,
    *,
    tty: bool,
) -> int:
    """Runs it to its end; 126 and 127 as a shell would.

    Raises NotFoundError for no such pod, ExecError for one whose container does not run.
    """
    if stdio.stdin is None or tty:
        return _run(api, pod, container, command, stdio, tty=tty)
    feed = Feed(command, stdio.stderr)
    fed = Stdio(stdin=stdio.stdin, stdout=stdio.stdout, stderr=feed)
    code = _run(api, pod, container, feed.command, fed, feed=feed)
    if code == 127 and not feed.has_begun:  # there is no shell: then whoever feeds it has to hope that it reads all
        return _run(api, pod, container, command, stdio)
    return code


def _run(
    api: Api,
    pod: str,
    container: str,
    command: Sequence[str],
    stdio: Stdio,
    *,
    tty: bool = False,
    feed: Feed | None = None,
) -> int:
    words = [("container", container), *(("command", word) for word in command)]
    words += [("stdout", "true"), ("tty", "true")] if tty else [("stdout", "true"), ("stderr", "true")]
    words += [("stdin", "true")] if stdio.stdin is not None else []
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in words)
    try:
        channel = websocket.connect(api.http, f"{api.location('Pod', pod)}/exec?{query}", _PROTOCOLS)
    except websocket.RefusedError as error:
        _refused(error.answer, pod, api.http.endpoint.url)

    def look() -> None:
        api.http.get("/version")

    def resize(size: os.terminal_size) -> None:
        channel.send(bytes([_RESIZE]) + json.dumps({"Width": size.columns, "Height": size.lines}).encode())

    try:
        sinks = {_STDOUT: stdio.stdout, _STDERR: stdio.stderr}
        exchange = _Exchange(channel, sinks, feed, patience=None if tty else api.http.timeout, look=look)
        if not tty:
            exchange.run(stdio.stdin)
        else:
            with terminal.raw(), terminal.followed(resize):
                exchange.run(stdio.stdin)
    finally:
        channel.close()
    return exit_code(exchange.status)


def _refused(answer: Any, pod: str, url: str) -> Any:
    text = answer.body.decode("utf-8", "replace")
    if answer.status == 404 and "pods" in text:
        raise NotFoundError(f"there is no pod {pod}")
    if any(words in text for words in ("completed pod", "container not found", "does not have a host assigned")):
        raise ExecError(f"{pod} is not running", hint="`sandboxctl status` says how it is now")
    refuse(answer, url)


class _Exchange:
    """Moves bytes between the caller and the channels until the server is done.

    A command may be silent for as long as it likes; whether the server is still there is looked at, each `patience`
    seconds without a word.
    """

    def __init__(
        self,
        channel: websocket.WebSocket,
        sinks: dict[int, Sink],
        feed: Feed | None,
        *,
        patience: float | None,
        look: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._patience, self._look = patience, look
        self._sinks = sinks
        self._feed = feed
        self.status = b""

    def run(self, stdin: int | None) -> None:
        if stdin is not None and self._channel.protocol != _CLOSING:
            raise InvalidError("this cluster cannot be told the end of standard input", hint="it is older than 1.30")
        while True:
            feeds = self._feed is None or self._feed.has_begun
            waiting = None if stdin is not None else self._patience
            here, there = self._channel.wait(stdin if feeds else None, seconds=waiting)
            if not here and not there:
                self._look()
            if there and stdin is not None and not self._send(os.read(stdin, _CHUNK)):
                stdin = None
            if not here:
                continue
            messages = self._channel.messages()
            if messages is None:
                return
            for message in messages:
                self._take(message)
            if stdin is not None and self._feed is not None and self._feed.has_ended:
                self._send(b"")
                stdin = None

    def _send(self, chunk: bytes) -> bool:
        """Whether there may be more; nothing at all is the end."""
        try:
            self._channel.send(bytes([_STDIN]) + chunk if chunk else bytes([_HALF_CLOSE, _STDIN]))
        except (BrokenPipeError, ConnectionResetError):
            return False  # the command has ended without reading all of it
        return bool(chunk)

    def _take(self, message: bytes) -> None:
        if not message:
            return
        if message[0] == _STATUS:
            self.status += message[1:]
        elif len(message) > 1 and message[0] in self._sinks:
            self._sinks[message[0]](message[1:])


def exit_code(status: bytes) -> int:
    """The code in a `Status`: of the command, or 127 and 126 where it could not be started."""
    try:
        said = json.loads(status)
    except ValueError as error:
        raise UnreachableError("the cluster does not say how the command ended") from error
    if said.get("status") == "Success":
        return 0
    for cause in (said.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    message = str(said.get("message") or "")
    if any(words in message for words in _NOT_EXECUTABLE):
        return 126
    if any(words in message for words in _NOT_FOUND):
        return 127
    if "container not found" in message or "is not running" in message:
        raise ExecError(f"the sandbox is not running: {first_line(message)}")
    raise EngineError(f"Kubernetes: {first_line(message)}", status=500)
