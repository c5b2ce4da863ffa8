"""An engine behind ssh: its socket, forwarded to a private one here by the user's own `ssh`. It knows no engine.

docker-py and podman-py have an ssh of their own; podman-py's does not check the host's key (engines.md, P19). Here
ssh decides as it always does, by its configuration, agent and known hosts, and it may not ask (`BatchMode`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import SplitResult, unquote

from sandboxctl.errors import InvalidError, UnreachableError

_PAUSE = 0.01
_SOCKET = "engine.sock"
_LONGEST_PATH = 107  # of a unix socket


class Tunnel:
    """One forwarded socket, made at the first `path()` and taken down by `close`. Threads may share it.

    `timeout` in seconds is how long ssh may take. Should this process be killed, the end of its pipe ends the command
    on the other side, and with it the tunnel, as soon as what went through it has ended too.
    """

    def __init__(self, *, destination: str, port: int | None, remote: str, timeout: float) -> None:
        self._destination, self._port, self._remote = destination, port, remote
        self._timeout = timeout
        self._lock = threading.Lock()
        self._ssh: subprocess.Popen[bytes] | None = None
        self._directory: str | None = None

    def path(self) -> str:
        """The local socket. Raises UnreachableError in ssh's own words."""
        with self._lock:
            if self._directory is None:
                self._directory = self._open()
            return f"{self._directory}/{_SOCKET}"

    def close(self) -> None:
        """Ends ssh and removes the socket; a tunnel that was never made is none to close."""
        with self._lock:
            if self._ssh is not None:
                self._ssh.terminate()
                self._ssh.communicate()
                self._ssh = None
            if self._directory is not None:
                shutil.rmtree(self._directory, ignore_errors=True)
                self._directory = None

    def _open(self) -> str:
        program = shutil.which("ssh")
        if program is None:
            raise UnreachableError("there is no `ssh` here", hint="install the package openssh-client")
        directory = _directory()
        arguments = [
            program, "-T", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none",
            "-o", f"ConnectTimeout={max(1, round(self._timeout))}", *(["-p", str(self._port)] if self._port else []),
            "-L", f"{directory}/{_SOCKET}:{self._remote}", "--", self._destination, "exec cat",
        ]  # fmt: skip
        # A file, not a pipe: what ssh says later on must never make it wait for a reader.
        with open(f"{directory}/log", "wb") as log:
            self._ssh = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        try:
            self._wait(self._ssh, Path(directory))
        except BaseException:
            self._ssh.kill()
            self._ssh.communicate()
            self._ssh = None
            shutil.rmtree(directory, ignore_errors=True)
            raise
        return directory

    def _wait(self, ssh: subprocess.Popen[bytes], directory: Path) -> None:
        """Until ssh has logged in, which is when it makes the socket."""
        deadline = time.monotonic() + self._timeout
        while not (directory / _SOCKET).exists():
            if ssh.poll() is not None:
                raise UnreachableError(
                    f"ssh to {self._destination} failed: {_last_words(directory / 'log')}",
                    hint=f"does `ssh {self._destination}` work, without a question?",
                )
            if time.monotonic() > deadline:
                raise UnreachableError(
                    f"ssh to {self._destination} did not log in within {self._timeout:g} s",
                    hint="--timeout waits longer",
                )
            time.sleep(_PAUSE)


def tunnel(url: str, parts: SplitResult, *, remote: str, timeout: float) -> Tunnel:
    """For `ssh://[USER@]HOST[:PORT][/SOCKET]`; `remote` is the socket where the address names none.

    Raises InvalidError for an address without a host, with a password, or of a form that ssh would take for an option.
    """
    if parts.password is not None:
        raise InvalidError(f"ssh://{parts.hostname}: a password in an address is never used", hint="use a key")
    host, user = parts.hostname or "", unquote(parts.username or "")
    if not host or host.startswith("-") or user.startswith("-"):
        raise InvalidError(f"`{url}` names no host for ssh", hint="write ssh://USER@HOST")
    remote = parts.path if parts.path not in ("", "/") else remote
    destination = f"{user}@{host}" if user else host
    return Tunnel(destination=destination, port=parts.port, remote=remote, timeout=timeout)


def _directory() -> str:
    """For this user alone: where temporary files go, or in /tmp where a socket's path would be too long there."""
    directory = tempfile.mkdtemp(prefix="sandboxctl-ssh-")
    if len(os.fsencode(f"{directory}/{_SOCKET}")) <= _LONGEST_PATH:
        return directory
    os.rmdir(directory)
    return tempfile.mkdtemp(prefix="sandboxctl-ssh-", dir="/tmp")


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip()[:300] if lines else "it said nothing"
