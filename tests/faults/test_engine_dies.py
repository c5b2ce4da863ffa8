"""The engine is killed in mid-apply, starts again, and one more apply is right. A private one, in its own network."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.engines import DockerUnderTest
from tests.engines.fixtures import DockerEngine, LocalImages
from tests.faults import proxy
from tests.faults.cases import APPLY, LONG, changed, first
from tests.faults.lab import Lab

ENGINES = Path(__file__).parents[1] / "engines"


class PrivateEngine:
    """A dockerd that may be killed: in a network namespace of its own, with all that it keeps below one directory."""

    def __init__(self, directory: Path) -> None:
        self.namespace = f"f{uuid.uuid4().hex[:8]}"
        self.directory = directory
        self.environment = {
            **{name: value for name, value in os.environ.items() if "DOCKER_HOST" not in name},
            "SANDBOXCTL_ENGINES_DIR": str(directory),
            "SANDBOXCTL_TEST_DOCKER_HOST": f"unix://{self.socket}",
        }

    @property
    def socket(self) -> Path:
        return self.directory / "docker" / "docker.sock"

    def start(self) -> None:
        """In its own mount namespace too, so that its mounts end with it."""
        dockerd = [
            "nsenter", f"--net=/run/netns/{self.namespace}", "unshare", "--mount", "dockerd", f"--host=unix://{self.socket}",
            f"--data-root={self.directory}/docker/data", f"--exec-root={self.directory}/docker/exec",
            f"--pidfile={self.directory}/docker/dockerd.pid",
        ]  # fmt: skip
        (self.directory / "docker").mkdir(parents=True, exist_ok=True)
        with (self.directory / "docker" / "log").open("ab") as log:
            self.process = subprocess.Popen(
                dockerd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        for _ in range(300):
            if DockerEngine(host=f"unix://{self.socket}").cli("version", check=False).returncode == 0:
                return
            assert self.process.poll() is None, (self.directory / "docker" / "log").read_text()[-2000:]
            time.sleep(0.2)
        pytest.fail("the private dockerd does not answer")

    def kill(self) -> None:
        """As a crash would: dockerd alone is killed; what it left is cleared as a reboot would."""
        pid = int((self.directory / "docker" / "dockerd.pid").read_text())
        os.kill(pid, signal.SIGKILL)
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
        shutil.rmtree(self.directory / "docker" / "exec", ignore_errors=True)
        for name in ("dockerd.pid", "docker.sock"):
            (self.directory / "docker" / name).unlink(missing_ok=True)

    def _is_ours(self, entry: Path) -> bool:
        try:
            name, line = (entry / "comm").read_text(), (entry / "cmdline").read_text()
        except OSError:
            return False
        return name.startswith("containerd") and f"{self.directory}/docker/exec" in line


@pytest.fixture
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    engine = PrivateEngine(Path(f"/tmp/f-{uuid.uuid4().hex[:8]}"))
    engine.directory.mkdir(mode=0o700)
    subprocess.run(["ip", "netns", "add", engine.namespace], check=True)
    try:
        engine.start()
        yield engine
    finally:
        engine.process.terminate()
        engine.process.wait(timeout=40)
        engine.clear()
        subprocess.run(["ip", "netns", "delete", engine.namespace], check=False)
        subprocess.run(["rm", "-rf", str(engine.directory)], check=False)


@pytest.mark.timeout(3600)
@pytest.mark.skipif(os.geteuid() != 0, reason="a private dockerd needs root")
def test_an_engine_that_is_killed_in_mid_apply(
    private: PrivateEngine, docker_images: LocalImages, clean_home: Path, tmp_path: Path
) -> None:
    engine = DockerUnderTest(engine=DockerEngine(host=f"unix://{private.socket}"), images=docker_images)
    engine.client("import", str(docker_images.busybox_rootfs), docker_images.busybox)
    directory = tmp_path / "lab"
    directory.mkdir()
    for round_ in range(20 if LONG else 1):
        with proxy.before(private.socket, tmp_path) as between:
            lab = Lab(engine=engine, proxy=between, directory=directory, name=f"f-{uuid.uuid4().hex[:10]}")
            lab.write(first(lab))
            lab.done(*APPLY)
            lab.write(first(lab), changed(lab))
            writes = 1 + round_ % 8
            lab.proxy.expect(
                lambda request: proxy.Do(private.kill) if request.writes and counted() == writes else None  # noqa: B023
            )

            def counted(lab: Lab = lab) -> int:
                return sum(each.writes for each in lab.proxy.requests)

            ran = lab.end(lab.start(*APPLY))
            assert ran.code in (4, 7), ran
            lab.proxy.expect()
            private.start()
            lab.done(*APPLY)
            lab.is_right()
            lab.clear()
        (tmp_path / "faulty.sock").unlink()
