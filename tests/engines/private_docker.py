"""A dockerd of one test's own: for what the shared one must not be asked (to die, to speak TLS, to know gVisor)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_STARTS_IN = 60.0


class PrivateDocker:
    """In a network namespace of its own (without a bridge it would remove docker0), all that it keeps in `directory`.

    Its mounts are its own too, and end with it. It needs root.
    """

    def __init__(self, directory: Path, *options: str, tls: Path | None = None) -> None:
        self.namespace = f"d{uuid.uuid4().hex[:8]}"
        self.directory = directory
        self.options = options
        self.tls = tls
        self.host = f"unix://{directory}/docker.sock" if tls is None else "tcp://127.0.0.1:2376"

    @property
    def within(self) -> tuple[str, ...]:
        """Before a command that is to reach its TCP port."""
        return ("nsenter", f"--net=/run/netns/{self.namespace}")

    @property
    def client_env(self) -> dict[str, str]:
        """What leads Docker's own client there."""
        certificates = {} if self.tls is None else {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(self.tls)}
        return {"DOCKER_HOST": self.host, **certificates}

    def client(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Docker's own client, led there; nothing is checked."""
        return subprocess.run(
            [*self.within, "docker", *words], capture_output=True, text=True, env={**os.environ, **self.client_env}
        )

    def start(self) -> None:
        """Returns when it answers."""
        self.directory.mkdir(mode=0o700, exist_ok=True)
        dockerd = [
            *self.within, "unshare", "--mount", "dockerd", f"--host={self.host}", f"--data-root={self.directory}/data",
            f"--exec-root={self.directory}/exec", f"--pidfile={self.directory}/pid", *self.options,
        ]  # fmt: skip
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                dockerd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + _STARTS_IN
        while self.client("version").returncode != 0:
            assert self.process.poll() is None, (self.directory / "log").read_text()[-2000:]
            if time.monotonic() > until:
                pytest.fail("the private dockerd does not answer")
            time.sleep(0.2)

    def kill(self) -> None:
        """As a crash would: dockerd alone is killed; what it left is cleared as a reboot would."""
        os.kill(int((self.directory / "pid").read_text()), signal.SIGKILL)
        self.process.wait(timeout=30)
        self.clear()

    def clear(self) -> None:
        """containerd and the shims of this engine alone: each names our directory in its command line."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal() and self._is_ours(entry):
                try:
                    children = (entry / "task" / entry.name / "children").read_text().split()
                    for pid in (*children, entry.name):
                        os.kill(int(pid), signal.SIGKILL)
                except (ProcessLookupError, FileNotFoundError):
                    continue
        time.sleep(0.5)
        shutil.rmtree(self.directory / "exec", ignore_errors=True)
        for name in ("pid", "docker.sock"):
            (self.directory / name).unlink(missing_ok=True)

    def _is_ours(self, entry: Path) -> bool:
        try:
            name, line = (entry / "comm").read_text(), (entry / "cmdline").read_text()
        except OSError:
            return False
        return name.startswith("containerd") and f"{self.directory}/exec" in line


@contextmanager
def private_docker(*options: str, tls: Path | None = None, disk: str | None = None) -> Iterator[PrivateDocker]:
    """One that runs, and leaves nothing; `disk` is how large its own is, as in `64m`."""
    engine = PrivateDocker(Path(f"/tmp/d-{uuid.uuid4().hex[:8]}"), *options, tls=tls)  # short: a socket is in it
    data = engine.directory / "data"
    if disk is not None:
        data.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk}", "tmpfs", str(data)], check=True)
    subprocess.run(["ip", "netns", "add", engine.namespace], check=True)
    subprocess.run(["ip", "-n", engine.namespace, "link", "set", "lo", "up"], check=True)
    try:
        engine.start()
        yield engine
    finally:
        engine.process.terminate()
        engine.process.wait(timeout=40)
        engine.clear()
        subprocess.run(["ip", "netns", "delete", engine.namespace], check=False)
        if disk is not None:
            subprocess.run(["umount", "--lazy", str(data)], check=False)
        subprocess.run(["rm", "-rf", "--one-file-system", str(engine.directory)], check=False)
