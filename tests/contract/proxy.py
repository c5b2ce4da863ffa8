"""A unix socket in front of an engine's own: it passes everything on and remembers each request line."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_CHUNK = 65536
_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|DELETE) (\S+) HTTP/1\.[01]\r\n")
_VERSION = re.compile(r"^/v[0-9.]+(?:/libpod)?(?=/)")


@dataclass(slots=True)
class Recording:
    """What went through, in order. `socket` is where a client connects."""

    socket: Path
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """Every request that is no read."""
        return [each for each in self.requests if each[0] not in ("GET", "HEAD")]

    def forget(self) -> None:
        """From here on, as if nothing had been asked."""
        self.requests.clear()


@contextmanager
def recording(target: Path, directory: Path) -> Iterator[Recording]:
    """A recording proxy before the socket `target`; `directory` holds its own."""
    found = Recording(directory / "proxy.sock")

    class Connection(socketserver.BaseRequestHandler):
        """One client's connection, and ours to the engine."""

        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
                engine.connect(str(target))
                answers = threading.Thread(target=_pass, args=(engine, self.request, None))
                answers.start()
                _pass(self.request, engine, found)
                answers.join()

    with socketserver.ThreadingUnixStreamServer(str(found.socket), Connection) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield found
        server.shutdown()
        serving.join()


def _pass(source: socket.socket, sink: socket.socket, found: Recording | None) -> None:
    """From one to the other, until the first has no more to say."""
    try:
        while chunk := source.recv(_CHUNK):
            if found is not None:
                found.requests.extend(_lines(chunk))
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return  # either side is gone


def _lines(chunk: bytes) -> list[tuple[str, str]]:
    """The request lines in a chunk: a kept connection sends one after the other."""
    return [(method.decode(), _VERSION.sub("", target.decode())) for method, target in _REQUEST.findall(chunk)]
