"""Every example does what it is for, on every engine that can run it: created, proved, and nothing left to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandboxctl import capabilities
from sandboxctl.load import load
from sandboxctl.spec import Image, Loaded, VolumeMount
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


def on(engine: EngineUnderTest, loaded: Loaded, name: str) -> Loaded:
    """The same under a name, an image, a network, a pod and volumes of the tests'."""
    sandbox = loaded.sandbox
    python = "python" in sandbox.image.name
    mounts = tuple(
        replace(mount, source=f"{name}-{mount.source}") if isinstance(mount, VolumeMount) else mount
        for mount in sandbox.mounts
    )
    network = sandbox.network
    if network.mode == "named":
        network = replace(network, name=f"{name}-{network.name}")
        if not network.create:
            engine.create_network(network.name or "")
    image = Image(ref=engine.images.python if python else engine.images.busybox)
    settings = dict(sandbox.podman.settings)
    if "pod" in settings:
        settings["pod"] = f"{name}-{settings['pod']}"
    podman = replace(sandbox.podman, settings=settings)
    sandbox = engine.fitted(sandbox)
    mine = replace(sandbox, name=f"{name}-{sandbox.name}", image=image, mounts=mounts, network=network, podman=podman)
    return replace(loaded, sandbox=mine)


def runs_here(loaded: Loaded, engine: EngineUnderTest, bench: Workbench) -> bool:
    """Whether an example is for this engine: its kind, and run as that needs."""
    sandbox = loaded.sandbox
    if sandbox.backend not in ("auto", engine.backend) or capabilities.refusals(loaded, engine.backend):
        return False
    return sandbox.security.user_namespace != "keep-id" or bench.backend.reader.identify().rootless


@pytest.fixture
def surroundings(request: pytest.FixtureRequest, engine: EngineUnderTest, room: None) -> None:
    """What examples expect to find."""
    if engine.provisions:
        request.getfixturevalue(f"{engine.backend}_surroundings")


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_created_and_the_second_plan_is_empty(
    engine: EngineUnderTest, bench: Workbench, name: str, path: Path
) -> None:
    result = load([str(path)])
    assert [problem for problem in result.problems if problem.severity == "error"] == []
    specs = [on(engine, each, name) for each in result.loaded if runs_here(each, engine, bench)]
    assert [(each.outcome, each.brief) for each in bench.apply(*specs)] == [("created", None)] * len(specs)
    assert bench.plan(*specs).pending == ()
    results = bench.delete(*(each.sandbox.name for each in specs))
    assert [result for result in results if result.code != 0] == []


def test_most_examples_run_here(engine: EngineUnderTest) -> None:
    loaded = [each for path in EXAMPLES for each in load([str(path)]).loaded]
    assert sum(not capabilities.refusals(each, engine.backend) for each in loaded) >= 8
