"""From nothing to a sandbox and back: what is made is what was asked for, and a second plan finds nothing to do."""

from __future__ import annotations

from tests.contract.workbench import Workbench


def kinds(bench: Workbench, *loaded: object) -> list[str]:
    return [str(action.kind) for action in bench.plan(*loaded).actions]


def test_after_a_create_the_second_plan_is_empty(bench: Workbench, name: str) -> None:
    spec = bench.spec(name)
    assert kinds(bench, spec) == ["create"]
    assert bench.applied(spec) == "created"
    assert kinds(bench, spec) == ["no-op"]
