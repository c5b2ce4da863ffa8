"""The engine's disk is full: that is said, the old sandbox goes on, and nothing half-made stays. A private engine."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from tests.contract.engines import DockerUnderTest
from tests.engines.fixtures import DockerEngine, LocalImages
from tests.engines.private_docker import private_docker
from tests.faults import proxy
from tests.faults.cases import APPLY, changed
from tests.faults.lab import Lab


def fill(directory: Path) -> Path:
    """A file that takes what is left."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**20, 4096):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


@pytest.mark.docker
@pytest.mark.skipif(os.geteuid() != 0, reason="a private dockerd needs root")
def test_a_full_disk_is_said_and_leaves_the_old_sandbox(
    docker_images: LocalImages, clean_home: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "lab"
    directory.mkdir()
    with private_docker(disk="96m") as private, proxy.before(private.directory / "docker.sock", tmp_path) as between:
        engine = DockerUnderTest(engine=DockerEngine(host=private.host), images=docker_images)
        engine.client("import", str(docker_images.busybox_rootfs), docker_images.busybox)
        lab = Lab(engine=engine, proxy=between, directory=directory, name=f"f-{uuid.uuid4().hex[:10]}")
        lab.write()
        lab.done(*APPLY)
        old = engine.id(lab.name)
        lab.write(changed(lab))
        filler = fill(private.directory / "data")
        ran = lab.run(*APPLY)
        assert ran.code == 6, ran
        assert "no space left on device" in ran.out, ran.out
        assert "the engine's disk is full" in ran.out, ran.out
        assert (lab.objects(), engine.id(lab.name), engine.state(lab.name)) == ([lab.name], old, "running")
        filler.unlink()
        lab.done(*APPLY)
        lab.is_right()
        lab.clear()
