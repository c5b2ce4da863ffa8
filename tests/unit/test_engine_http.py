"""The small HTTP client on a socket: what it sends, what it takes for an answer, and every way it can fail."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandboxctl.backends.podman.endpoint import listens
from sandboxctl.engine_http import Answer, Endpoint, EngineHttp
from sandboxctl.errors import AbsentError, EngineError, SilentError, UnreachableError

TIMEOUT = 0.5
HEADERS = b"Host: engine\r\nAccept: application/json\r\n\r\n"


@contextmanager
def engine(tmp_path: Path, handle: Callable[[socket.socket], None]) -> Iterator[tuple[EngineHttp, list[bytes]]]:
    """A client, and what it sends to a socket that does this with each connection."""
    path = tmp_path / "engine.sock"
    requests: list[bytes] = []

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            requests.append(self.request.recv(65536))
            handle(self.request)

    with socketserver.ThreadingUnixStreamServer(str(path), Connection) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        yield EngineHttp(Endpoint(label="Docker", url=f"unix://{path}", path=str(path)), timeout=TIMEOUT), requests
        server.shutdown()
        serving.join()


def says(*parts: bytes) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return handle


def test_a_request_asks_for_a_plain_body_and_an_answer_is_taken_apart(tmp_path: Path) -> None:
    with engine(tmp_path, says(b"HTTP/1.0 200 OK\r\nServer: Docker/20\r\nX-A:  b \r\n\r\n", b"[1]", b"")) as (
        http,
        requests,
    ):
        answer = http.get("/containers/json", {"all": "1", "filters": '{"a b":["c&d"]}'})
    assert answer == Answer(status=200, headers={"server": "Docker/20", "x-a": "b"}, body=b"[1]")
    assert requests == [
        b"GET /containers/json?all=1&filters=%7B%22a%20b%22%3A%5B%22c%26d%22%5D%7D HTTP/1.0\r\n" + HEADERS,
    ]


def test_a_path_cannot_smuggle_a_line_into_the_request(tmp_path: Path) -> None:
    with engine(tmp_path, says(b"HTTP/1.0 404 No\r\n\r\n")) as (http, requests):
        assert http.get("/containers/x HTTP/1.0\r\nX: y/json").status == 404
    assert requests[0].count(b"\r\n") == 4


def test_a_body_is_sent_as_json_with_its_length(tmp_path: Path) -> None:
    with engine(tmp_path, says(b"HTTP/1.0 201 Created\r\n\r\n{}")) as (http, requests):
        assert http.post("/exec", {"Cmd": ["é"]}).status == 201
    assert requests[0].endswith(b'Content-Length: 19\r\n\r\n{"Cmd": ["\\u00e9"]}')


def test_an_upgrade_gives_the_socket_and_what_came_with_the_head(tmp_path: Path) -> None:
    def handle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 101 UPGRADED\r\n\r\nearly")
        connection.sendall(connection.recv(100).upper())

    with engine(tmp_path, handle) as (http, requests):
        connection, early = http.upgrade("/exec/1/start", {})
        with connection:
            connection.sendall(b"late")
            assert (early, connection.recv(100)) == (b"early", b"LATE")
    assert b"Connection: Upgrade\r\nUpgrade: tcp\r\n" in requests[0]


@pytest.mark.timeout(20)  # far below the client's own, which nothing here may wait for
@pytest.mark.parametrize(
    ("parts", "leaves"),
    [
        ((b"HTTP/1.1 500 No\r\n\r\n", b'{"message":\n"it ended"}'), True),
        ((b'HTTP/1.1 500 No\r\nContent-Length: 22\r\n\r\n{"message":', b'"it ended"}\n'), False),
        ((b'HTTP/1.1 500 No\r\nContent-Length: 22\r\n\r\n{"message":"it ended"}\n',), False),
    ],
    ids=["closed", "in two pieces", "in one"],
)
def test_a_refused_upgrade_is_told_at_once_in_the_engines_words(
    tmp_path: Path, parts: tuple[bytes, ...], leaves: bool
) -> None:
    def handle(connection: socket.socket) -> None:
        says(*parts)(connection)
        if not leaves:
            connection.recv(1)  # an engine keeps such a connection open for the next question

    with engine(tmp_path, handle) as (http, _):
        http.timeout = 60.0
        with pytest.raises(EngineError, match=r"^Docker answered 500: it ended$"):
            http.upgrade("/exec/1/start", {})


def test_a_stream_comes_in_pieces(tmp_path: Path) -> None:
    with engine(tmp_path, says(b"HTTP/1.0 200 OK\r\n\r\na", b"b")) as (http, _):
        assert b"".join(http.stream("/logs")) == b"ab"


def test_a_stream_may_be_silent_for_longer_than_an_answer(tmp_path: Path) -> None:
    go_on = threading.Event()

    def handle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        go_on.wait(TIMEOUT * 1.5)
        connection.sendall(b"late")

    with engine(tmp_path, handle) as (http, _):
        assert b"".join(http.stream("/logs")) == b"late"


BROKEN: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "nothing": (says(), "closed the connection in mid-answer"),
    "half a head": (says(b"HTTP/1.1 200 OK\r\nServer"), "closed the connection in mid-answer"),
    "half a body": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), "closed the connection in mid-answer"),
    "another protocol": (says(b"SSH-2.0-x\r\n\r\n"), "does not speak HTTP"),
    "no number": (says(b"HTTP/1.1 OK\r\n\r\n"), "closed the connection in mid-answer"),
}


@pytest.mark.parametrize("title", BROKEN)
def test_an_answer_that_is_none(tmp_path: Path, title: str) -> None:
    handle, words = BROKEN[title]
    with engine(tmp_path, handle) as (http, _), pytest.raises(UnreachableError, match=words):
        http.get("/_ping")


def test_silence_ends_at_the_deadline_and_is_called_that(tmp_path: Path) -> None:
    silent = threading.Event()
    with engine(tmp_path, lambda _: silent.wait(TIMEOUT * 3) and None) as (http, _):
        with pytest.raises(SilentError, match=r"did not answer within 0.5 s \(GET /_ping at unix://.*\)"):
            http.get("/_ping")
        silent.set()


def test_a_word_now_and_then_is_no_answer_either(tmp_path: Path) -> None:
    over = threading.Event()

    def handle(connection: socket.socket) -> None:
        while not over.wait(TIMEOUT / 5):
            connection.sendall(b"x")

    with engine(tmp_path, handle) as (http, _):
        with pytest.raises(SilentError):
            http.get("/_ping")
        over.set()


@pytest.mark.parametrize(
    "ask",
    [lambda http: list(http.stream("/logs")), lambda http: http.upgrade("/exec/1/start", {})],
    ids=["stream", "upgrade"],
)
def test_nor_is_a_head_that_never_ends_the_beginning_of_a_stream(
    tmp_path: Path, ask: Callable[[EngineHttp], object]
) -> None:
    over = threading.Event()

    def handle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        until = time.monotonic() + 6 * TIMEOUT
        while not over.wait(TIMEOUT / 5) and time.monotonic() < until:
            connection.sendall(b"X: 1\r\n")

    with engine(tmp_path, handle) as (http, _):
        began = time.monotonic()
        with pytest.raises(SilentError):
            ask(http)
        assert time.monotonic() - began < 3 * TIMEOUT
        over.set()


@contextmanager
def with_a_full_queue(path: Path) -> Iterator[None]:
    """A socket where somebody listens who takes no connection any more."""
    waiting: list[socket.socket] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        while True:
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            try:
                waiting[-1].connect(str(path))
            except BlockingIOError:
                break
        yield
        for each in waiting:
            each.close()


def test_one_that_takes_no_more_connections_is_silent_and_not_gone(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with with_a_full_queue(path):
        assert listens(path)
        with pytest.raises(SilentError, match=r"did not answer within 0.5 s"):
            EngineHttp(Endpoint(label="Podman", url=f"unix://{path}", path=str(path)), timeout=TIMEOUT).get("/_ping")


def test_one_that_is_busy_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as before:
        listener.bind(str(path))
        listener.listen(0)
        before.connect(str(path))

        def serve() -> None:
            time.sleep(TIMEOUT / 4)
            listener.accept()[0].close()
            connection, _ = listener.accept()
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nlate")
            connection.close()

        serving = threading.Thread(target=serve)
        serving.start()
        http = EngineHttp(Endpoint(label="Docker", url=f"unix://{path}", path=str(path)), timeout=TIMEOUT)
        assert http.get("/_ping").body == b"late"
        serving.join()


@pytest.mark.parametrize("named", [True, False])
def test_no_socket_is_absence_unless_somebody_named_it(tmp_path: Path, named: bool) -> None:
    http = EngineHttp(Endpoint(label="Docker", url="unix:///x", path=str(tmp_path / "x"), named=named), timeout=TIMEOUT)
    with pytest.raises(UnreachableError, match="there is no Docker at unix:///x") as caught:
        http.get("/_ping")
    assert isinstance(caught.value, AbsentError) is not named


def test_a_port_that_nobody_listens_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    http = EngineHttp(Endpoint(label="Docker", url="tcp://x", address=address), timeout=TIMEOUT)
    with pytest.raises(UnreachableError, match="Docker is not running at tcp://x"):
        http.get("/_ping")


def test_a_socket_that_one_may_not_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    http = EngineHttp(Endpoint(label="Docker", url="unix:///x", path="/x"), timeout=TIMEOUT)
    with pytest.raises(UnreachableError, match="no permission to use Docker") as caught:
        http.get("/_ping")
    assert "group" in (caught.value.hint or "")


def test_what_may_be_a_credential_is_not_in_an_endpoints_picture() -> None:
    endpoint = Endpoint(label="Kubernetes", url="https://x", headers={"Authorization": "Bearer tiger"})
    assert "tiger" not in repr(endpoint)


def counted() -> Callable[[socket.socket], None]:
    """Answers with how many have been answered so far."""
    lock, told = threading.Lock(), iter(range(100))

    def handle(connection: socket.socket) -> None:
        with lock:
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n%d" % next(told))

    return handle


PATHS = [f"/containers/{number}/json" for number in range(7)]


def test_what_is_asked_ahead_is_asked_once_each_and_answered_in_its_turn(tmp_path: Path) -> None:
    with engine(tmp_path, counted()) as (http, requests):
        with http.ahead(PATHS):
            answers = [http.get(path) for path in PATHS]
        assert sorted(int(answer.body) for answer in answers) == list(range(7))
        assert sorted(request.split()[1].decode() for request in requests) == PATHS
        assert http.get(PATHS[0]).body == b"7"


def test_what_is_asked_ahead_is_on_its_way_before_its_turn(tmp_path: Path) -> None:
    gate = threading.Barrier(4, timeout=5)  # no answer until four have asked

    def handle(connection: socket.socket) -> None:
        gate.wait()
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")

    with engine(tmp_path, handle) as (http, _), http.ahead(PATHS[:4]):
        assert [http.get(path).status for path in PATHS[:4]] == [200] * 4


@pytest.mark.parametrize("asked", [[0, 2, 1], [5], [], [0, 0, 1]])
def test_another_order_or_question_is_asked_anew(tmp_path: Path, asked: list[int]) -> None:
    with engine(tmp_path, says(b"HTTP/1.0 200 OK\r\n\r\n", b"a")) as (http, requests):
        with http.ahead(PATHS[:3]):
            assert [http.get(PATHS[number]).body for number in asked] == [b"a"] * len(asked)
        assert http.get("/later").body == b"a"
        assert requests[-1].startswith(b"GET /later ")


def test_one_question_has_nothing_to_be_ahead_of(tmp_path: Path) -> None:
    with engine(tmp_path, says(b"HTTP/1.0 200 OK\r\n\r\n")) as (http, requests):
        with http.ahead(PATHS[:1]):
            assert requests == []
            http.get(PATHS[0])
        assert len(requests) == 1


def test_an_engine_that_is_not_there_is_told_by_the_question_itself(tmp_path: Path) -> None:
    path = tmp_path / "none.sock"
    http = EngineHttp(Endpoint(label="Docker", url=f"unix://{path}", path=str(path)), timeout=TIMEOUT)
    with http.ahead(PATHS), pytest.raises(AbsentError):
        http.get(PATHS[0])


def test_an_answer_asked_ahead_that_never_comes_is_silence(tmp_path: Path) -> None:
    held = threading.Event()
    with engine(tmp_path, lambda _: held.wait(5) and None) as (http, _):
        with pytest.raises(SilentError), http.ahead(PATHS):
            http.get(PATHS[0])
        held.set()
