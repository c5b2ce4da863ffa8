"""HTTP over an engine's socket: the read path of plan, list and verify, and the streams of exec.

HTTP/1.0 asks the engine for plain bodies without chunks, so the whole client is small; `http.client` and the SDKs cost
30 to 110 ms of imports (performance.md). It knows no engine's paths. Readers are given `get` and `stream` alone; what
changes an engine's objects goes through its SDK, or is one `send` of a whole document (Kubernetes).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NoReturn

from sandboxctl.ahead import Ahead
from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import EngineError, SilentError, UnreachableError
from sandboxctl.http_request import post, request

if TYPE_CHECKING:
    from ssl import SSLContext

    from sandboxctl.ssh_tunnel import Tunnel

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Addresses where nobody is on the way."""

_HEAD_LIMIT = 64 * 1024
_CHUNK = 256 * 1024
_PAUSE = 0.01
_REST_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the engine said. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> str:
        """The engine's own words, see `message`."""
        return message(self.body)


def message(body: bytes | bytearray) -> str:
    """The engine's own words out of `{"message": …}`, on one line of at most 400 characters."""
    try:
        text = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        text = body.decode("utf-8", "replace")
    return " ".join(str(text).split())[:400]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A unix socket, one at the end of a tunnel, a TCP port, or one behind TLS; `label` names the engine in messages.

    `server_name` is the name on the server's certificate, by default the host of `address`. `headers` go with every
    request: they may be credentials. `named`: somebody says that it is there, so that where it is not the engine is
    silent, and not absent.
    """

    label: str
    url: str
    path: str | None = None
    named: bool = False
    address: tuple[str, int] | None = None
    tls: SSLContext | None = field(default=None, repr=False)
    server_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    tunnel: Tunnel | None = field(default=None, repr=False)

    @property
    def socket_path(self) -> str | None:
        """Of the unix socket on this machine; makes the tunnel, if there is one. Raises UnreachableError then."""
        return self.path if self.tunnel is None else self.tunnel.path()

    @property
    def local(self) -> bool:
        """Whether the engine is on this machine, as far as its address says."""
        here = self.path is not None if self.address is None else self.address[0] in LOOPBACK
        return here and self.tunnel is None

    @property
    def reached(self) -> str:
        """The address that a client of this machine connects to. Raises as `socket_path`."""
        if self.address is None:
            return f"unix://{self.socket_path}"
        host, port = self.address
        return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def close(self) -> None:
        """Takes the tunnel down."""
        if self.tunnel is not None:
            self.tunnel.close()


class EngineHttp:
    """One request per connection, each with a deadline of `timeout` seconds without an answer. Threads may share it."""

    def __init__(self, endpoint: Endpoint, *, timeout: float) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        self._ahead: Ahead | None = None

    @contextmanager
    def ahead(self, paths: Sequence[str]) -> Iterator[None]:
        """Inside, exactly these are about to be got, in this order and by this thread alone: they are asked early."""
        requests = [request(path, None, self.endpoint.headers) for path in paths]
        self._ahead = Ahead(requests if len(paths) > 1 else (), self._sent)
        try:
            yield
        finally:
            begun, self._ahead = self._ahead, None
            begun.close()

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """The whole answer. Raises UnreachableError (AbsentError where nothing is there)."""
        return self._exchange(request(path, query, self.endpoint.headers), path)

    def send(
        self, method: str, path: str, query: Mapping[str, str] | None = None, *, body: bytes, content_type: str
    ) -> Answer:
        """A request that changes something: one whole document."""
        headers = {**self.endpoint.headers, "Content-Type": content_type, "Content-Length": str(len(body))}
        return self._exchange(request(path, query, headers, method=method) + body, path)

    def connect(self, step: str) -> socket.socket:
        """A connection of its own, for a protocol that HTTP only begins. Raises as `get`, naming `step`."""
        with self.reported(step):
            return self._connect()

    def content(self, answer: Answer, path: str) -> Any:
        """The JSON of a good answer. Raises EngineError for any other, UnreachableError for what is no JSON."""
        label = self.endpoint.label
        if answer.status != 200:
            raise EngineError(f"{label} answered {answer.status}: {answer.message}", status=answer.status)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            hint = "is something between us and it?"
            raise UnreachableError(f"{label} sent no JSON (GET {path})", hint=hint) from error

    def post(self, path: str, body: Mapping[str, object] | None) -> Answer:
        """A small JSON request (an exec and its resize)."""
        return self._exchange(post(path, body), path)

    def upgrade(self, path: str, body: Mapping[str, object]) -> tuple[socket.socket, bytes]:
        """A request that turns the connection into a stream: the socket, without a deadline, and what came already.

        Raises EngineError where it is refused.
        """
        with self.reported(f"POST {path}"):
            connection = self._connect(both_ways=True)
        try:
            with self.reported(f"POST {path}"):
                connection.sendall(post(path, body, upgrade=True))
                head = _read_head(connection, timeout=self.timeout)
                answer = self._parse(head, path, whole=False)
                if answer.status not in (101, 200):
                    self._refuse(answer, connection)
        except BaseException:
            connection.close()
            raise
        connection.settimeout(None)
        return connection, answer.body

    def _refuse(self, answer: Answer, connection: socket.socket) -> NoReturn:
        """The connection stays open, so that only its length tells where the body ends."""
        deadline = time.monotonic() + self.timeout
        length = answer.headers.get("content-length", "")
        body = bytearray(answer.body)
        with suppress(TimeoutError):  # a stranger in between keeps it open and tells no length
            while not (length.isdecimal() and len(body) >= int(length)) and (chunk := _receive(connection, deadline)):
                body += chunk
                deadline = min(deadline, time.monotonic() + _REST_SECONDS)
        raise EngineError(f"{self.endpoint.label} answered {answer.status}: {message(body)}", status=answer.status)

    def _exchange(self, sent: bytes, path: str) -> Answer:
        deadline = time.monotonic() + self.timeout
        step = f"{sent.partition(b' ')[0].decode()} {path}"
        with self.reported(step), self._begun(sent) as connection:
            received = bytearray()
            while chunk := _receive(connection, deadline):
                received += chunk
        return self._parse(bytes(received), path)

    def _begun(self, wanted: bytes) -> socket.socket:
        """A connection on which a request has been sent, perhaps a while ago."""
        early = None if self._ahead is None else self._ahead.take(wanted)
        return self._sent(wanted) if early is None else early

    def _sent(self, wanted: bytes) -> socket.socket:
        connection = self._connect()
        try:
            connection.sendall(wanted)
        except BaseException:
            connection.close()
            raise
        return connection

    def stream(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[bytes]:
        """The body as it comes, for as long as it comes; an answer that is no 200 is one Answer error."""
        with self.reported(f"GET {path}"), self._connect() as connection:
            connection.sendall(request(path, query, self.endpoint.headers))
            answer = self._parse(_read_head(connection, timeout=self.timeout), path, whole=False)
            if answer.status != 200:
                raise UnreachableError(f"{self.endpoint.label} answered {answer.status} to GET {path}")
            connection.settimeout(None)
            yield answer.body
            while chunk := connection.recv(_CHUNK):
                yield chunk

    def _connect(self, *, both_ways: bool = False) -> socket.socket:
        """`both_ways`: its two directions can be ended apart."""
        endpoint = self.endpoint
        if endpoint.address is not None:
            plain = socket.create_connection(endpoint.address, timeout=self.timeout)
            if endpoint.tls is None:
                return plain
            server_name = endpoint.server_name or endpoint.address[0]
            return self._over_tls(plain, endpoint.tls, server_name, both_ways=both_ways)
        path = endpoint.socket_path
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _connect_unix(connection, path or "", timeout=self.timeout)
        except OSError:
            connection.close()
            raise
        return connection

    def _over_tls(self, plain: socket.socket, tls: SSLContext, server_name: str, *, both_ways: bool) -> socket.socket:
        if not both_ways:
            return tls.wrap_socket(plain, server_hostname=server_name)
        from sandboxctl import tls_stream

        connection = tls_stream.plain(plain, tls, server_name=server_name)
        connection.settimeout(self.timeout)
        return connection

    @contextmanager
    def reported(self, step: str) -> Iterator[None]:
        """Every way a socket can fail, in a user's words."""
        label, url = self.endpoint.label, self.endpoint.url
        try:
            yield
        except TimeoutError as error:
            raise SilentError(
                f"{label} did not answer within {self.timeout:g} s ({step} at {url})",
                hint="is it overloaded or hung? --timeout waits longer",
            ) from error
        except OSError as error:
            from sandboxctl.socket_errors import unreachable  # what seldom happens is read seldom

            raise unreachable(self.endpoint, error) from error

    def _parse(self, received: bytes, path: str, *, whole: bool = True) -> Answer:
        head, separator, body = received.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        words = lines[0].split(" ", 2)
        if not separator or not words[0].startswith("HTTP/1.") or len(words) < 2 or not words[1].isdecimal():
            cut = "closed the connection in mid-answer" if words[0].startswith("HTTP/1.") or not received else None
            raise UnreachableError(
                f"{self.endpoint.label} at {self.endpoint.url} {cut or 'does not speak HTTP'} (GET {path})",
                hint=f"is {self.endpoint.url} really the socket of {self.endpoint.label}?",
            )
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = headers.get("content-length", "")
        if whole and length.isdecimal() and len(body) < int(length):
            raise UnreachableError(
                f"{self.endpoint.label} closed the connection in mid-answer (GET {path})", hint="is it restarting?"
            )
        return Answer(status=int(words[1]), headers=headers, body=body)


def _connect_unix(connection: socket.socket, path: str, *, timeout: float) -> None:
    """A queue that is full fails at once, unlike any other wait: it is tried again until the deadline."""
    deadline = time.monotonic() + timeout
    connection.settimeout(timeout)
    while True:
        try:
            return connection.connect(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError from None
            time.sleep(_PAUSE)


def _read_head(connection: socket.socket, *, timeout: float) -> bytes:
    """Up to the end of the head, and what came with it. Raises TimeoutError where that takes longer."""
    deadline = time.monotonic() + timeout
    head = bytearray()
    while b"\r\n\r\n" not in head and len(head) < _HEAD_LIMIT:
        chunk = _receive(connection, deadline)
        if not chunk:
            break
        head += chunk
    return bytes(head)


def _receive(connection: socket.socket, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
    return connection.recv(_CHUNK)
