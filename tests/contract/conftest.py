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
from tests.contract.held import is_unrestricted, why_not
from tests.contract.kubernetes_engine import KubernetesUnderTest
from tests.contract.kubernetes_surroundings import examples_at_home, provisioned
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Workbench
from tests.engines.fixtures import DockerEngine, LocalImages, PodmanEngine
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

ENGINES = ("docker", "podman", "kubernetes")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A case of a field is for the engines that honour it, and a test for those where it can hold (`held`)."""
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        (kept if _is_for_its_engine(item) else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _is_for_its_engine(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    engine = None if callspec is None else callspec.params.get("engine")
    if engine is None:
        return True
    case = callspec.params.get("case")
    if isinstance(case, Case) and not (case.is_for(str(engine)) and honoured(case.field, str(engine))):
        return False
    return why_not(str(engine), name_of(item)) is None


def name_of(item: pytest.Item) -> str:
    """`test_file.py::test_name[engine-parameters]`."""
    return item.nodeid.rpartition("contract/")[2]


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


@pytest.fixture(scope="session")
def kubernetes_under_test(kubernetes_engine: Cluster, kubernetes_images: NodeImages) -> KubernetesUnderTest:
    """The cluster of the run, in the namespace that enforces `restricted`."""
    return KubernetesUnderTest(
        cluster=kubernetes_engine, images=kubernetes_images, namespace=kubernetes_engine.namespace
    )


@pytest.fixture(scope="session")
def kubernetes_volumes(kubernetes_engine: Cluster, kubernetes_images: NodeImages) -> Iterator[None]:
    """Something that claims are bound to, where the cluster has no provisioner."""
    with provisioned(kubernetes_engine, kubernetes_images):
        yield


@pytest.fixture(scope="session")
def kubernetes_surroundings(kubernetes_engine: Cluster) -> Iterator[None]:
    """The nodes, classes and objects that examples name."""
    with examples_at_home(kubernetes_engine):
        yield


@pytest.fixture
def room(request: pytest.FixtureRequest, engine: EngineUnderTest) -> None:
    """Volumes can be made."""
    if engine.provisions:
        request.getfixturevalue(f"{engine.backend}_volumes")


@pytest.fixture(params=[pytest.param(each, marks=getattr(pytest.mark, each)) for each in ENGINES])
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    """Each engine in turn."""
    found: EngineUnderTest = request.getfixturevalue(f"{request.param}_under_test")
    return found.unrestricted() if is_unrestricted(name_of(request.node)) else found


@pytest.fixture
def bench(engine: EngineUnderTest, clean_home: Path, tmp_path: Path) -> Iterator[Workbench]:
    """sandboxctl, led to the engine."""
    backend = connect(engine.backend, engine.connection())
    directory = tmp_path / "specs"
    directory.mkdir()
    yield Workbench(backend=backend, directory=directory, image=engine.images.busybox, base=engine.base)
    backend.close()


@pytest.fixture
def name(engine: EngineUnderTest) -> Iterator[str]:
    """A name that nobody has. All that begins with it is removed in the end."""
    unique = f"c-{uuid.uuid4().hex[:12]}"
    yield unique
    engine.clear(unique)
