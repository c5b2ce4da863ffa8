"""Podman without a service: one is started where none runs, used, and ends by itself. Real processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sandboxctl.backends.base import Connection
from sandboxctl.backends.podman.reader import PodmanReader
from sandboxctl.backends.podman.service import Service
from sandboxctl.errors import AbsentError, UnreachableError

pytestmark = [pytest.mark.podman, pytest.mark.usefixtures("podman_engine")]


@pytest.fixture
def runtime_directory(clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short one, since a socket's path is; what still listens there in the end is a failure."""
    with tempfile.TemporaryDirectory(prefix="s-", dir="/tmp") as directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
        yield Path(directory)
        deadline = time.monotonic() + 20
        while services(directory) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert services(directory) == []


def services(directory: str | Path) -> list[int]:
    """The processes that were started for a socket below a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(f"unix://{directory}/".encode()) for word in words):
            found.append(int(process.name))
    return found


def reader(*, idle: int = 3, timeout: float = 30.0, uri: str | None = None) -> PodmanReader:
    return PodmanReader(Service(Connection(podman_uri=uri, timeout=timeout), idle=idle))


def test_with_nothing_running_a_service_is_started_used_and_gone_when_idle(runtime_directory: Path) -> None:
    assert reader().engine().endpoint == f"unix://{runtime_directory}/sandboxctl/podman.sock"
    assert len(services(runtime_directory)) == 1
    directory = runtime_directory / "sandboxctl"
    assert (directory.stat().st_mode & 0o777, (directory / "podman.sock").stat().st_mode & 0o077) == (0o700, 0)


def test_a_service_that_has_ended_meanwhile_is_started_again(runtime_directory: Path) -> None:
    found = reader()
    found.engine()
    (first,) = services(runtime_directory)
    deadline = time.monotonic() + 20
    while services(runtime_directory) and time.monotonic() < deadline:
        time.sleep(0.1)
    path = runtime_directory / "sandboxctl/podman.sock"
    path.unlink(missing_ok=True)  # some versions leave it behind, as does one that was killed
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    found.containers()
    (second,) = services(runtime_directory)
    assert first != second


def test_of_several_at_once_one_starts_it(runtime_directory: Path) -> None:
    program = (
        "from sandboxctl.backends.base import Connection\n"
        "from sandboxctl.backends.podman.reader import PodmanReader\n"
        "from sandboxctl.backends.podman.service import Service\n"
        "print(PodmanReader(Service(Connection(), idle=3)).engine().version)\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    versions = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(versions) == 1
    assert len(services(runtime_directory)) == 1


def test_a_service_outlives_the_process_that_started_it(runtime_directory: Path) -> None:
    reader(idle=2).engine()
    (pid,) = services(runtime_directory)
    assert os.getsid(pid) == pid


def test_without_podman_it_is_absent_and_says_what_to_install(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(runtime_directory))
    with pytest.raises(AbsentError, match="there is no Podman here") as caught:
        reader().engine()
    assert caught.value.hint is not None
    assert "install" in caught.value.hint


def test_a_podman_that_cannot_start_is_told_in_its_own_words(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = runtime_directory / "podman"
    program.write_text("#!/bin/sh\necho first >&2\necho 'Error: no such luck' >&2\nexit 125\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{runtime_directory}:{os.environ['PATH']}")
    with pytest.raises(UnreachableError, match="did not start: Error: no such luck"):
        reader().engine()


def test_a_podman_that_never_comes_up_is_ended_within_the_deadline(
    runtime_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = runtime_directory / "podman"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{runtime_directory}:{os.environ['PATH']}")
    start = time.monotonic()
    with pytest.raises(UnreachableError, match="did not come up in time"):
        reader(timeout=0.5).engine()
    assert time.monotonic() - start < 2


def test_a_directory_that_others_can_write_is_not_used(runtime_directory: Path) -> None:
    (runtime_directory / "sandboxctl").mkdir(mode=0o755)
    with pytest.raises(UnreachableError, match="not a directory of this user alone"):
        reader().engine()


def test_a_path_too_long_for_a_socket_is_said(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = runtime_directory / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    with pytest.raises(UnreachableError, match="too long for a socket"):
        reader().engine()


# A service that somebody names is used as it is, or not at all.


@contextmanager
def answering(path: Path, answer: bytes | None) -> Iterator[str]:
    """A socket that takes every connection and says this, or nothing at all (None: it hangs)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        done = threading.Event()

        def serve() -> None:
            held = []
            while not done.is_set():
                connection, _ = listener.accept()
                if answer is None:
                    held.append(connection)
                    continue
                with connection, suppress(OSError):  # the one that only ends this server asks nothing
                    connection.recv(4096)
                    connection.sendall(answer)
            for connection in held:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{path}"
        done.set()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as last:
            last.connect(str(path))
        thread.join()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.0 200 OK\r\nServer: nginx\r\n\r\n<html></html>", "is not Podman"),
        (b"HTTP/1.0 200 OK\r\nServer: Docker/20.10.24 (linux)\r\n\r\nOK", "is not Podman"),
        (b"HTTP/1.0 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\nContent-Length: 99\r\n\r\n[", "in mid-answer"),
        (b"HTTP/1.0 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\n\r\n<html></html>", "sent no JSON"),
        (b"220 smtp.example ESMTP\r\n", "does not speak HTTP"),
        (b"", "in mid-answer"),
        (None, "did not answer within 0.5 s"),
    ],
)
def test_what_is_not_podman_is_unreachable_within_the_deadline(
    runtime_directory: Path, answer: bytes | None, words: str
) -> None:
    start = time.monotonic()
    with (
        answering(runtime_directory / "x.sock", answer) as uri,
        pytest.raises(UnreachableError, match=words) as caught,
    ):
        reader(uri=uri, timeout=0.5).containers()
    assert time.monotonic() - start < 2.5
    assert caught.value.hint is not None
    assert services(runtime_directory) == []


def test_a_named_socket_that_is_dead_starts_nothing(runtime_directory: Path) -> None:
    path = runtime_directory / "dead.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
    with pytest.raises(UnreachableError, match="Podman is not running at"):
        reader(uri=f"unix://{path}").containers()
    assert services(runtime_directory) == []


def test_container_host_names_a_service(runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{runtime_directory}/nowhere.sock")
    with pytest.raises(UnreachableError, match="there is no Podman at"):
        reader().containers()
    assert services(runtime_directory) == []
