"""What we made for sandboxes and nothing uses any more goes by a prune, and nothing else does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sandboxctl import holder, pruning
from sandboxctl.plan import Plan
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

LAYERED = ("docker", "podman")
"""Engines that keep images themselves."""

FILES: dict[str, Any] = {
    "mounts": [
        {"type": "file", "target": "/etc/conf", "content": "plain"},
        {"type": "file", "target": "/etc/key", "fromEnv": "PRUNED_KEY", "sensitive": True},
    ]
}


def leftovers(bench: Workbench, project: str | None) -> Plan:
    return pruning.prepare_prune(bench.backend, expired=False, project=project)


def test_files_that_outlived_a_removal_by_hand_go_with_their_project(
    engine: EngineUnderTest, bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRUNED_KEY", "swordfish-4711")
    bench.applied(bench.spec(name, FILES, metadata={"project": name}))
    there = engine.files(name)
    assert (len(there) > 0, leftovers(bench, name).actions) == (True, ())
    engine.remove(name)
    assert engine.files(name) == there
    assert leftovers(bench, f"{name}-other").actions == ()
    (result,) = bench.carry_out(leftovers(bench, name))
    assert (result.name, result.outcome, engine.left(name)) == (name, "recovered", frozenset())
    assert leftovers(bench, name).actions == ()


@pytest.mark.parametrize(
    "engine", [pytest.param(each, marks=getattr(pytest.mark, each)) for each in LAYERED], indirect=True
)
def test_a_prepared_image_goes_when_nothing_uses_it(
    engine: EngineUnderTest, bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = bench.spec(name, {"image": {"ref": engine.images.busybox, "setup": {"run": [["true", name]]}}})
    bench.applied(spec)
    image = spec.sandbox.image.name
    assert image not in pruning.unused(bench.backend, None)
    bench.delete(name)
    assert image not in pruning.unused(bench.backend, None)  # it is new: somebody may be about to use it
    monkeypatch.setattr(holder, "STALE_AFTER", 0)
    time.sleep(1)  # engines tell whole seconds
    assert [(step.do, step.ref) for step in pruning.unused(bench.backend, None)[image]] == [("delete image", image)]
    assert image not in pruning.unused(bench.backend, name)
    whole = leftovers(bench, None)
    mine = tuple(action for action in whole.actions if action.name == image)  # others are at work here too
    (result,) = bench.carry_out(Plan(engine=whole.engine, actions=mine, names=(image,)))
    assert (result.outcome, image in engine.image_names()) == ("recovered", False)
    assert bench.applied(spec) == "created"
    bench.delete(name)
    engine.client("image", "rm", image)
