"""The Docker Engine and the images that the other tests stand on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.fixtures import HERE, DockerEngine, LocalImages


@pytest.mark.parametrize("network", ["none", "bridge"])
def test_a_container_runs_on_each_network(docker_engine: DockerEngine, busybox_image: str, network: str) -> None:
    done = docker_engine.cli("run", "--rm", "--network", network, busybox_image, "ls", "/sys/class/net")
    assert done.stdout.split() == {"none": ["lo"], "bridge": ["eth0", "lo"]}[network]


def test_the_busybox_image_has_nothing_but_busybox(docker_engine: DockerEngine, busybox_image: str) -> None:
    script = "stat -c %a /tmp; test -e /etc/passwd || echo no passwd; readlink /bin/cat"
    done = docker_engine.cli("run", "--rm", "--network", "none", busybox_image, "sh", "-c", script)
    assert done.stdout.splitlines() == ["755", "no passwd", "busybox"]


def test_the_python_image_runs_python_as_a_plain_user_on_a_read_only_root(
    docker_engine: DockerEngine, python_image: str
) -> None:
    hardened = ["--network", "none", "--read-only", "--user", "10001", "--cap-drop", "ALL"]
    program = "import json, os, sqlite3, ssl, sys, urllib.request; print(sys.version_info[:2], os.getuid())"
    done = docker_engine.cli("run", "--rm", *hardened, python_image, "python", "-c", program)
    assert done.stdout == "(3, 11) 10001\n"


@pytest.mark.parametrize("image", ["busybox", "python"])
def test_each_image_has_the_tools_that_a_probe_needs(
    docker_engine: DockerEngine, docker_images: LocalImages, image: str
) -> None:
    name = getattr(docker_images, image)
    done = docker_engine.cli("run", "--rm", "--network", "none", name, "which", "sh", "cat", "id", "test", "tar")
    assert [Path(line).name for line in done.stdout.split()] == ["sh", "cat", "id", "test", "tar"]


def test_the_archive_brings_a_name_that_the_engine_lacked(
    docker_engine: DockerEngine, docker_images: LocalImages
) -> None:
    assert docker_engine.cli("image", "inspect", docker_images.archived, check=False).returncode != 0
    docker_engine.cli("load", "--input", str(docker_images.busybox_archive))
    done = docker_engine.cli("run", "--rm", "--network", "none", docker_images.archived, "echo", "loaded")
    docker_engine.cli("rmi", docker_images.archived)
    assert done.stdout == "loaded\n"


def test_a_second_start_finds_the_first_engine(docker_engine: DockerEngine) -> None:
    done = subprocess.run([HERE / "docker.sh", "start"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{docker_engine.host}\n", "")


def test_a_named_engine_that_is_silent_is_an_error_and_nothing_is_started(tmp_path: Path) -> None:
    nowhere = f"unix://{tmp_path}/docker.sock"
    environ = os.environ | {"SANDBOXCTL_TEST_DOCKER_HOST": nowhere, "SANDBOXCTL_ENGINES_DIR": str(tmp_path / "engines")}
    done = subprocess.run([HERE / "docker.sh", "start"], capture_output=True, text=True, env=environ, timeout=60)
    assert done.returncode == 1
    assert f"no engine answers at {nowhere}" in done.stderr
    assert not (tmp_path / "engines").exists()


@pytest.fixture
def leftover(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks like the containerd of a dockerd that was killed, below `tmp_path`."""
    (tmp_path / "docker/exec").mkdir(parents=True)
    program = shutil.copy("/bin/sh", tmp_path / "containerd")
    process = subprocess.Popen([program, "-c", "read forever", str(tmp_path / "docker/exec/x")], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_stop_ends_what_a_killed_daemon_left(tmp_path: Path, leftover: subprocess.Popen[bytes]) -> None:
    environ = os.environ | {"SANDBOXCTL_ENGINES_DIR": str(tmp_path)}
    subprocess.run([HERE / "docker.sh", "stop"], env=environ, check=True, timeout=60)
    assert leftover.wait(timeout=10) == -9
    assert not (tmp_path / "docker/exec").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a mount namespace")
def test_stop_spares_the_engine_of_another_root_at_the_same_path(
    tmp_path: Path, leftover: subprocess.Popen[bytes]
) -> None:
    script = f"mount -t tmpfs none {tmp_path} && mkdir {tmp_path}/docker && {HERE}/docker.sh stop"
    environ = os.environ | {"SANDBOXCTL_ENGINES_DIR": str(tmp_path)}
    subprocess.run(["unshare", "--mount", "sh", "-c", script], env=environ, check=True, timeout=60)
    assert leftover.poll() is None
    assert (tmp_path / "docker/exec").exists()
