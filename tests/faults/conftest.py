"""A lab on each engine in turn. `SANDBOXCTL_FAULTS=long` runs every case (`make test-faults`), else a sample of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.conftest import docker_under_test, podman_under_test
from tests.contract.engines import EngineUnderTest
from tests.faults import proxy
from tests.faults.lab import Lab

__all__ = ["docker_under_test", "podman_under_test"]


@pytest.fixture(params=[pytest.param(each, marks=getattr(pytest.mark, each)) for each in ("docker", "podman")])
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    """Each engine that is on a unix socket; a cluster's faults are in test_kubernetes_faults."""
    found: EngineUnderTest = request.getfixturevalue(f"{request.param}_under_test")
    return found


@pytest.fixture
def lab(engine: EngineUnderTest, clean_home: Path, tmp_path: Path) -> Iterator[Lab]:
    """An empty one; all that it made is removed in the end."""
    directory = tmp_path / "lab"
    directory.mkdir()
    with proxy.before(engine.socket, tmp_path) as found:
        made = Lab(engine=engine, proxy=found, directory=directory, name=f"f-{uuid.uuid4().hex[:10]}")
        yield made
        made.clear()
