"""GPUs on Podman: by their name in the Container Device Interface. No GPU is needed: its description is what counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Workbench

DESCRIPTIONS = Path("/run/cdi")


@pytest.fixture
def engine(podman_under_test: PodmanUnderTest) -> PodmanUnderTest:
    """In place of the suite's: Podman alone."""
    return podman_under_test


@contextmanager
def described(*names: str) -> Iterator[None]:
    """What a driver's installation would leave: each GPU a device node, which here is /dev/null."""
    devices = [
        {"name": name, "containerEdits": {"deviceNodes": [
            {"path": f"/dev/nvidia{name}", "hostPath": "/dev/null", "type": "c", "major": 1, "minor": 3}
        ]}}
        for name in names
    ]  # fmt: skip
    there = DESCRIPTIONS.exists()
    DESCRIPTIONS.mkdir(exist_ok=True)
    file = DESCRIPTIONS / "sandboxctl-test.json"
    file.write_text(json.dumps({"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": devices}))
    try:
        yield
    finally:
        file.unlink()
        if not there:
            DESCRIPTIONS.rmdir()


@pytest.mark.proves("resources.gpus")
def test_a_gpu_is_there_by_its_name_and_one_that_is_absent_is_refused_by_it(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    spec, more = (bench.spec(name, {"resources": {"gpus": number}}) for number in (1, 2))
    (result,) = bench.apply(spec)
    assert result.code != 0
    assert "nvidia.com/gpu=0" in (result.brief or "")
    assert "nvidia-ctk cdi generate" in (result.hint or "")
    assert {each for each in engine.containers() if each.startswith(name)} == set()
    if engine.version >= (5, 0):
        return  # of another version the engine is in a root of its own, and has another /run
    with described("0"):
        assert bench.applied(spec) == "created"
        assert bench.sh(name, "ls /dev | grep nvidia") == "nvidia0"
        assert bench.plan(spec).pending == ()
        (action,) = bench.plan(more).pending
        assert [(change.key, change.after) for change in action.changes] == [(("resources", "gpus"), 2)]
