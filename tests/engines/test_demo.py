"""`make demo` where only Podman is installed: no service runs before, and none is left when it has been idle."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl.backends.podman.service import IDLE_SECONDS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
pytestmark = [pytest.mark.podman, pytest.mark.usefixtures("podman_images")]  # the images' files are made by then


@pytest.fixture
def engines_dir() -> Iterator[Path]:
    """All that the demo's Podman keeps. A short path, since a socket is in it."""
    with tempfile.TemporaryDirectory(prefix="m-", dir="/tmp") as directory:
        yield Path(directory)
        purge = [str(HERE / "podman.sh"), "purge"]
        subprocess.run(purge, env={**os.environ, "SANDBOXCTL_ENGINES_DIR": directory}, check=True)


def services(directory: Path) -> list[str]:
    """The command lines of the services with a socket below a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f" unix://{directory}/" in line:
            found.append(line)
    return found


def test_the_demo_needs_no_more_than_the_package_podman(engines_dir: Path) -> None:
    assert services(engines_dir) == []
    env = {key: text for key, text in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    done = subprocess.run(
        [str(HERE / "without_docker.sh"), "make", "--old-file=.venv/.stamp", "demo"],
        cwd=ROOT, capture_output=True, text=True, timeout=300, env={**env, "SANDBOXCTL_ENGINES_DIR": str(engines_dir)},
    )  # fmt: skip
    ended = time.monotonic()
    assert done.returncode == 0, done.stdout + done.stderr
    assert " on podman: there is no Docker at unix:///var/run/docker.sock" in done.stderr
    assert "33 controls: 33 proved" in done.stdout
    assert (done.stdout[-18:], done.stderr[-13:]) == ("$ sandboxctl list\n", "no sandboxes\n")
    while services(engines_dir) and time.monotonic() < ended + IDLE_SECONDS + 10:
        time.sleep(0.2)
    assert services(engines_dir) == []
