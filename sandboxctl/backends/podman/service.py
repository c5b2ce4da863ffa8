"""A Podman service to talk to: the one that is there, else one of our own, which ends by itself when it is idle.

Podman needs no daemon. Where nobody runs one, `podman system service` is started on a private socket, seen by nobody
but this user; it works on the same containers as the user's own `podman`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sandboxctl.backends.base import Connection
from sandboxctl.backends.podman.endpoint import LABEL, at, listens, named, running
from sandboxctl.engine_http import Endpoint, EngineHttp
from sandboxctl.errors import AbsentError, UnreachableError

IDLE_SECONDS = 30
_LONGEST_PATH = 107  # of a unix socket
_PAUSE = 0.01


class Service:
    """Where Podman answers. Nothing is looked for, and nothing started, before the first use. Threads may share it."""

    def __init__(self, connection: Connection, *, idle: int = IDLE_SECONDS) -> None:
        self._timeout = connection.timeout
        self._idle = idle
        self._endpoint = named(connection)
        self._private: Path | None = None
        self._http: EngineHttp | None = None

    @property
    def dormant(self) -> bool:
        """Whether it is one of our own, which does not run now, but could."""
        self._find()
        return self._private is not None and shutil.which("podman") is not None and not listens(self._private)

    @property
    def endpoint(self) -> Endpoint:
        """Of a service that listens, if it is ours. Raises AbsentError where there is no Podman at all."""
        found = self._find()
        if self._private is not None and not listens(self._private):
            _start(self._private, idle=self._idle, timeout=self._timeout)
        return found

    def _find(self) -> Endpoint:
        """Where it is, or would be."""
        if self._endpoint is None:
            self._endpoint = running()
        if self._endpoint is None:
            self._private = _directory() / "podman.sock"
            self._endpoint = at(self._private)
        return self._endpoint

    def close(self) -> None:
        """Takes a tunnel down; a service is left to end by itself."""
        if self._endpoint is not None:
            self._endpoint.close()

    @property
    def http(self) -> EngineHttp:
        """Before each request: our own service may have ended since the last one, and is then started again."""
        endpoint = self.endpoint
        if self._http is None:
            self._http = EngineHttp(endpoint, timeout=self._timeout)
        return self._http


def _directory() -> Path:
    """Where only this user can put a socket; it need not be there. Raises UnreachableError where that is not so."""
    user = os.geteuid()
    base = os.environ.get("XDG_RUNTIME_DIR") or ("/run" if user == 0 else f"/run/user/{user}")
    directory = Path(base, "sandboxctl")
    if not os.access(base, os.W_OK):
        directory = Path(tempfile.gettempdir(), f"sandboxctl-{user}")
    with suppress(FileNotFoundError):
        _check(directory)
    return directory


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UnreachableError(f"no place for a Podman socket: {directory}: {error.strerror}") from error
    _check(directory)


def _check(directory: Path) -> None:
    user, found = os.geteuid(), directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
        raise UnreachableError(
            f"{directory} is not a directory of this user alone", hint="remove it, or set XDG_RUNTIME_DIR"
        )


_IN_DIRECTORY = ("/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh")
"""Away from the caller's directory: conmon leaves a file `oom` where it runs when a container is out of memory."""


def _start(path: Path, *, idle: int, timeout: float) -> None:
    """Starts a service on `path`; of several processes that want one at once the first does."""
    program = shutil.which("podman")
    if program is None:
        raise AbsentError("there is no Podman here: no socket, and no `podman` to start one with",
                          hint="install the package podman, or name a service with --podman-uri")  # fmt: skip
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise UnreachableError(f"the path {path} is too long for a socket", hint="set XDG_RUNTIME_DIR to a shorter one")
    _make(path.parent)
    deadline = time.monotonic() + timeout
    with _locked(path.with_suffix(".lock"), deadline):
        if listens(path):
            return
        path.unlink(missing_ok=True)  # left by a service that has ended
        log = path.with_suffix(".log")
        arguments = [*_IN_DIRECTORY, str(path.parent), program, "system", "service", f"--time={idle}", f"unix://{path}"]
        _wait(_spawn(arguments, log), path, log, deadline)


@contextmanager
def _locked(path: Path, deadline: float) -> Iterator[None]:
    with open(path, "w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise UnreachableError("another sandboxctl has been starting Podman for too long") from None
                time.sleep(_PAUSE)
        yield


def _spawn(arguments: list[str], log: Path) -> int:
    """In a session of its own, so that it outlives us and our terminal. Its pid."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(log), flags, 0o600),
    ]
    try:
        return os.posix_spawn(
            arguments[0], arguments, dict(os.environ), file_actions=actions, setsid=True, setsigmask=()
        )
    except OSError as error:
        raise UnreachableError(f"{LABEL} cannot be started: {error.strerror}") from error


def _wait(pid: int, path: Path, log: Path, deadline: float) -> None:
    """Until it listens. Raises UnreachableError with its own words where it has ended, or takes too long."""
    while not listens(path):
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if ended:
            raise UnreachableError(
                f"`podman system service` did not start: {_last_words(log)}", hint="does `podman info` work?"
            )
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            raise UnreachableError("`podman system service` did not come up in time", hint="--timeout waits longer")
        time.sleep(_PAUSE)


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return "it said nothing"
    return lines[-1][:300] if lines else "it said nothing"
