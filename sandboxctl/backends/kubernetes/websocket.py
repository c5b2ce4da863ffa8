"""A WebSocket to the API server, as its exec and attach speak it: binary messages, whose first byte is a channel.

RFC 6455, the client's side, over a connection that `engine_http` opened. It knows no command and no pod.
"""

from __future__ import annotations

import base64
import os
import secrets
import select
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from ssl import SSLEOFError, SSLSocket, SSLWantReadError
from typing import Any

from sandboxctl.engine_http import Answer, EngineHttp
from sandboxctl.errors import UnreachableError

_CHUNK = 256 * 1024
_HEAD_LIMIT = 64 * 1024
_CONTINUATION, _TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA


class RefusedError(Exception):
    """The server answered the handshake with a status of its own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"answered {answer.status}")
        self.answer = answer


class WebSocket:
    """One open connection; one thread may use it."""

    def __init__(self, connection: socket.socket, received: bytes, *, protocol: str) -> None:
        self._connection = connection
        self._received = bytearray(received)
        self._message = bytearray()
        self.protocol = protocol

    def send(self, message: bytes) -> None:
        """One binary message. BrokenPipeError where the server has hung up, over TLS too."""
        try:
            self._frame(_BINARY, message)
        except SSLEOFError as error:
            raise BrokenPipeError("the server has hung up") from error

    def wait(self, other: int | None, *, seconds: float | None = None) -> tuple[bool, bool]:
        """Until there is something to read here, or at the file descriptor `other`; neither after so many seconds."""
        here = self._connection
        if isinstance(here, SSLSocket) and here.pending():
            return True, False
        watched: list[Any] = [here] if other is None else [here, other]
        ready, _, _ = select.select(watched, [], [], seconds)
        return here in ready, other in ready

    def messages(self) -> Iterator[bytes] | None:
        """What has arrived, after `wait` said so; None when the server is done."""
        try:
            chunk = self._connection.recv(_CHUNK)
        except SSLWantReadError:
            return iter(())
        except (ConnectionResetError, SSLEOFError):
            return None
        if not chunk:
            return None
        self._received += chunk
        found = list(self._complete())
        return iter(found)

    def _complete(self) -> Iterator[bytes]:
        while (frame := self._next_frame()) is not None:
            final, kind, payload = frame
            if kind == _PING:
                self._frame(_PONG, payload)
            elif kind in (_CONTINUATION, _TEXT, _BINARY):
                self._message += payload
                if final:
                    yield bytes(self._message)
                    self._message.clear()

    def _next_frame(self) -> tuple[bool, int, bytes] | None:
        """FIN, opcode and payload of one frame; a server's frames are not masked."""
        data = self._received
        if len(data) < 2:
            return None
        size, offset = data[1] & 0x7F, 2
        if size in (126, 127):
            width, form = (2, ">H") if size == 126 else (8, ">Q")
            offset += width
            if len(data) < offset:
                return None
            (size,) = struct.unpack_from(form, data, 2)
        if len(data) < offset + size:
            return None
        frame = bool(data[0] & 0x80), data[0] & 0x0F, bytes(data[offset : offset + size])
        del data[: offset + size]
        return frame

    def _frame(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 0x80 | kind, 0x80 | size)
        elif size < 2**16:
            head = struct.pack(">BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | kind, 0x80 | 127, size)
        mask = os.urandom(4)
        self._connection.sendall(head + mask + _masked(payload, mask))

    def close(self) -> None:
        """Without a farewell: what was said is said."""
        self._connection.close()


def _masked(payload: bytes, mask: bytes) -> bytes:
    """Every byte with its byte of the mask, done as one large number."""
    size = len(payload)
    whole = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")).to_bytes(size, "big")


def connect(http: EngineHttp, target: str, protocols: Sequence[str]) -> WebSocket:
    """Opens one at a path with its query. Raises RefusedError for any other answer, UnreachableError without one."""
    step = f"exec {target.partition('?')[0]}"
    connection = http.connect(step)
    try:
        with http.reported(step):
            connection.sendall(_handshake(target, protocols, http.endpoint.headers))
            head, rest = _head(connection)
            answer = _answer(head)
            _check_upgraded(answer, rest, connection)
        connection.settimeout(None)
        return WebSocket(connection, rest, protocol=answer.headers.get("sec-websocket-protocol", ""))
    except BaseException:
        connection.close()
        raise


def _check_upgraded(answer: Answer, rest: bytes, connection: socket.socket) -> None:
    if answer.status != 101:
        raise RefusedError(_with_body(answer, rest, connection))


def _handshake(target: str, protocols: Sequence[str], headers: Mapping[str, str]) -> bytes:
    lines = {
        "Host": "engine",
        **headers,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Protocol": ", ".join(protocols),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"GET {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1")


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    received = bytearray()
    while b"\r\n\r\n" not in received and len(received) < _HEAD_LIMIT:
        chunk = connection.recv(_CHUNK)
        if not chunk:
            break
        received += chunk
    head, _, rest = bytes(received).partition(b"\r\n\r\n")
    return head, rest


def _answer(head: bytes) -> Answer:
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[1].isdecimal():
        raise UnreachableError("what answers there does not speak HTTP")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Answer(status=int(words[1]), headers=headers, body=b"")


def _with_body(answer: Answer, rest: bytes, connection: socket.socket) -> Answer:
    length = answer.headers.get("content-length", "")
    body = bytearray(rest)
    while length.isdecimal() and len(body) < int(length):
        chunk = connection.recv(_CHUNK)
        if not chunk:
            break
        body += chunk
    return Answer(status=answer.status, headers=answer.headers, body=bytes(body))
