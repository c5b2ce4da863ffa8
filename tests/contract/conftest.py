"""The engines of the contract suite, and one workbench for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl.backends import connect
from tests.contract.engines import DockerUnderTest, EngineUnderTest
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Workbench
from tests.engines.fixtures import DockerEngine, LocalImages, PodmanEngine

ENGINES = ("docker", "podman")


@pytest.fixture(scope="session")
def docker_under_test(docker_engine: DockerEngine, docker_images: LocalImages) -> DockerUnderTest:
    """The Docker Engine of the run."""
    return DockerUnderTest(engine=docker_engine, images=docker_images)


@pytest.fixture(scope="session")
def podman_under_test(podman_engine: PodmanEngine, podman_images: LocalImages) -> PodmanUnderTest:
    """The Podman service of the run."""
    return PodmanUnderTest(engine=podman_engine, images=podman_images)


@pytest.fixture(scope="session", params=[pytest.param(each, marks=getattr(pytest.mark, each)) for each in ENGINES])
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    """Each engine in turn."""
    found: EngineUnderTest = request.getfixturevalue(f"{request.param}_under_test")
    return found


@pytest.fixture
def bench(engine: EngineUnderTest, clean_home: Path, tmp_path: Path) -> Iterator[Workbench]:
    """sandboxctl, led to the engine."""
    backend = connect(engine.backend, engine.connection())
    directory = tmp_path / "specs"
    directory.mkdir()
    yield Workbench(backend=backend, directory=directory, image=engine.images.busybox)
    backend.close()


@pytest.fixture
def name(engine: EngineUnderTest) -> Iterator[str]:
    """A name that nobody has. Containers, volumes and networks that begin with it are removed in the end."""
    unique = f"c-{uuid.uuid4().hex[:12]}"
    yield unique
    containers = [each for each in engine.containers() if each.startswith(unique)]
    if containers:
        engine.client("rm", "--force", "--volumes", *containers)
    volumes = [each for each in engine.volumes() if each.startswith(unique)]
    if volumes:
        engine.client("volume", "rm", *volumes)
    networks = [each for each in engine.networks() if each.startswith(unique)]
    if networks:
        engine.client("network", "rm", *networks)
