"""A lab on each engine in turn. `SANDBOXCTL_FAULTS=long` runs every case (`make test-faults`), else a sample of each."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import ENGINES, docker_under_test, kubernetes_under_test, podman_under_test
from tests.contract.engines import EngineUnderTest
from tests.engines.fixtures_kubernetes import Cluster
from tests.faults import proxy
from tests.faults.lab import Lab

__all__ = ["docker_under_test", "kubernetes_under_test", "podman_under_test"]


@pytest.fixture(params=[pytest.param(each, marks=getattr(pytest.mark, each)) for each in ENGINES])
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    """Each engine in turn."""
    found: EngineUnderTest = request.getfixturevalue(f"{request.param}_under_test")
    return found


@pytest.fixture(scope="session")
def kubernetes_socket(kubernetes_engine: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Kubernetes' own client passes everything on to the cluster, with TLS and our login."""
    socket = tmp_path_factory.mktemp("kubectl") / "cluster.sock"
    words = ["proxy", f"--unix-socket={socket}", "--reject-paths=^$", "--accept-hosts=.*"]
    command = ["kubectl", "--kubeconfig", kubernetes_engine.kubeconfig, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"Starting to serve")
        yield socket
        process.terminate()


@pytest.fixture
def lab(request: pytest.FixtureRequest, engine: EngineUnderTest, clean_home: Path, tmp_path: Path) -> Iterator[Lab]:
    """An empty one; all that it made is removed in the end."""
    directory = tmp_path / "lab"
    directory.mkdir()
    remote = engine.backend == "kubernetes"
    socket = request.getfixturevalue("kubernetes_socket") if remote else engine.socket
    with proxy.before(socket, tmp_path, tcp=remote) as found:
        made = Lab(engine=engine, proxy=found, directory=directory, name=f"f-{uuid.uuid4().hex[:10]}")
        yield made
        made.clear()
