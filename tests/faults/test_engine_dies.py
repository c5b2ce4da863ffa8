"""The engine is killed in mid-apply, starts again, and one more apply is right. A private one, in its own network."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.engines import DockerUnderTest
from tests.engines.fixtures import DockerEngine, LocalImages
from tests.engines.private_docker import PrivateDocker, private_docker
from tests.faults import proxy
from tests.faults.cases import APPLY, LONG, changed, first
from tests.faults.lab import Lab


@pytest.fixture
def private() -> Iterator[PrivateDocker]:
    with private_docker() as engine:
        yield engine


@pytest.mark.timeout(3600)
@pytest.mark.skipif(os.geteuid() != 0, reason="a private dockerd needs root")
def test_an_engine_that_is_killed_in_mid_apply(
    private: PrivateDocker, docker_images: LocalImages, clean_home: Path, tmp_path: Path
) -> None:
    engine = DockerUnderTest(engine=DockerEngine(host=private.host), images=docker_images)
    engine.client("import", str(docker_images.busybox_rootfs), docker_images.busybox)
    directory = tmp_path / "lab"
    directory.mkdir()
    for round_ in range(20 if LONG else 1):
        with proxy.before(private.directory / "docker.sock", tmp_path) as between:
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
