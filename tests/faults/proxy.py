"""A socket in front of an engine's own that does to each request whatever a test wants. Nothing here judges.

A client sends one request at a time on a connection, so that a chunk which begins with a request line is a new one.
"""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

_CHUNK = 65536
_REQUEST = re.compile(rb"(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.[01]\r\n")
_VERSION = re.compile(r"^/v[0-9.]+(?:/libpod)?(?=/)")


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the first one is number 1."""

    number: int
    method: str
    path: str

    @property
    def writes(self) -> bool:
        """Whether it may change something: a dry run of a cluster's does not."""
        return self.method not in ("GET", "HEAD", "OPTIONS") and "dryRun=All" not in self.path


@dataclass(frozen=True, slots=True)
class Delay:
    """It is passed on after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """It is never answered, nor does the engine see it."""


@dataclass(frozen=True, slots=True)
class Say:
    """The engine does not see it; this is the whole answer."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """The engine does it; of the answer only so many bytes come through."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Do:
    """The engine does it; then this happens, and the answer is lost."""

    then: Callable[[], None]


Fault: TypeAlias = Delay | Hang | Say | Cut | Do
Rule: TypeAlias = Callable[[Request], Fault | None]


def status(code: int, message: str = "injected") -> Say:
    """An engine's refusal, in the form of Docker's."""
    body = b'{"message":"%s"}' % message.encode()
    head = f"HTTP/1.1 {code} Injected\r\nServer: Docker/20.10.24 (linux)\r\nContent-Type: application/json\r\n"
    return Say(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def unharmed(_: Request) -> Fault | None:
    """The rule of a proxy that only listens."""
    return None


@dataclass(slots=True)
class Proxy:
    """What went through to `target`, in order, and the `rule` for what comes. `address` is where it listens."""

    target: Path
    address: str = ""
    rule: Rule = unharmed
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def expect(self, rule: Rule = unharmed) -> None:
        """From here on, by this rule, and counted from 1."""
        with self._lock:
            self.requests.clear()
            self.rule = rule

    def noted(self, chunk: bytes) -> Request | None:
        """The request that begins here, if one does."""
        found = _REQUEST.match(chunk)
        if found is None:
            return None
        with self._lock:
            path = _VERSION.sub("", found[2].decode())
            request = Request(len(self.requests) + 1, found[1].decode(), path)
            self.requests.append(request)
        return request


@contextmanager
def before(target: Path, directory: Path, *, tcp: bool = False) -> Iterator[Proxy]:
    """A proxy before the socket `target`: on one of its own in `directory`, or on a port of the loopback."""
    proxy = Proxy(target)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
                try:
                    engine.connect(str(target))
                    _Link(proxy, self.request, engine).serve()
                except OSError:
                    return  # either side is gone

    with _Tcp(("127.0.0.1", 0), Connection) if tcp else _Unix(str(directory / "faulty.sock"), Connection) as server:
        at = server.server_address
        proxy.address = f"http://127.0.0.1:{at[1]}" if tcp else f"unix://{at}"
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        yield proxy
        server.shutdown()
        serving.join()


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@dataclass(slots=True)
class _Link:
    """One client's connection, and ours to the engine. `fault` is that of the request whose answer is awaited."""

    proxy: Proxy
    client: socket.socket
    engine: socket.socket
    fault: Cut | Do | None = None

    def serve(self) -> None:
        answers = threading.Thread(target=self._answers, daemon=True)
        answers.start()
        while chunk := self.client.recv(_CHUNK):
            request = self.proxy.noted(chunk)
            fault = self.proxy.rule(request) if request is not None else None
            match fault:
                case Hang():
                    while self.client.recv(_CHUNK):
                        pass
                    break
                case Say():
                    self.client.sendall(fault.answer)
                    break
                case Delay():
                    time.sleep(fault.seconds)
                case Cut() | Do():
                    self.fault = fault
            self.engine.sendall(chunk)
        else:
            self._end(self.engine)  # it has no more to say, and may still listen
            answers.join()
            return
        self._close()
        answers.join()

    def _answers(self) -> None:
        try:
            while chunk := self.engine.recv(_CHUNK):
                match self.fault:
                    case Do(then):
                        then()
                        break
                    case Cut(after):
                        self.client.sendall(chunk[:after])
                        break
                    case None:
                        self.client.sendall(chunk)
        except OSError:
            pass
        if self.fault is not None:
            self._close()
        else:
            self._end(self.client)

    def _close(self) -> None:
        self._end(self.engine, socket.SHUT_RDWR)
        self._end(self.client, socket.SHUT_RDWR)

    @staticmethod
    def _end(side: socket.socket, how: int = socket.SHUT_WR) -> None:
        try:
            side.shutdown(how)
        except OSError:
            return  # it is gone already
