"""The engines of the contract suite, and one workbench for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl.backends import connect
from sandboxctl.capabilities import Status, capability
from tests.contract.engines import DockerUnderTest, EngineUnderTest
from tests.contract.field_cases import Case
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Workbench
from tests.engines.fixtures import DockerEngine, LocalImages, PodmanEngine

ENGINES = ("docker", "podman")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A case of a field is for the engines that honour it."""
    kept, left_out = [], []
    for item in items:
        parameters = getattr(item, "callspec", None) and item.callspec.params  # type: ignore[attr-defined]
        case, engine = (parameters or {}).get("case"), (parameters or {}).get("engine")
        (left_out if isinstance(case, Case) and not honoured(case.field, str(engine)) else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def honoured(field: str, backend: str) -> bool:
    """Whether a field, in a variant of it (`security.fsGroup/apart`), can be had there."""
    name, _, variant = field.partition("/")
    found = capability(tuple(name.split(".")), backend, variant=variant or None)
    return found.status in (Status.ENFORCED, Status.EMULATED)


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
