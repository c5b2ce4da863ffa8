"""A network of our own: there with its first sandbox, gone with its last; an internal one has no way out."""

from __future__ import annotations

from typing import Any

import pytest

from sandboxctl.errors import InvalidError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def in_network(name: str, **more: Any) -> dict[str, Any]:
    return {"network": {"name": f"{name}-net", "create": True, **more}}


def test_it_comes_with_the_first_and_goes_with_the_last(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    one, two = bench.spec(f"{name}-1", in_network(name)), bench.spec(f"{name}-2", in_network(name))
    bench.applied(one, two)
    assert f"{name}-net" in engine.networks()
    assert bench.plan(one, two).pending == ()
    bench.delete(f"{name}-1")
    assert f"{name}-net" in engine.networks()
    bench.delete(f"{name}-2")
    assert f"{name}-net" not in engine.networks()


def is_internal(engine: EngineUnderTest, network: str) -> bool:
    """What the engine itself says: older ones leave a route in the sandbox, and drop what takes it."""
    return engine.client("network", "inspect", "--format", "{{.Internal}}", network).stdout.strip() == "true"


def test_an_internal_one_has_no_way_out(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, in_network(name, internal=True)))
    assert is_internal(engine, f"{name}-net")
    changed = bench.spec(name, in_network(f"{name}-other"))
    assert bench.applied(changed) == "replaced"
    assert not is_internal(engine, f"{name}-other-net")
    assert {each for each in engine.networks() if each.startswith(name)} == {f"{name}-other-net"}


def test_somebody_elses_is_not_taken_and_not_removed(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.create_network(f"{name}-net")
    with pytest.raises(InvalidError, match="network-foreign"):
        bench.plan(bench.spec(name, in_network(name)))
    bench.applied(bench.spec(name, {"network": f"{name}-net"}))
    bench.delete(name)
    assert f"{name}-net" in engine.networks()


def test_one_that_is_otherwise_is_refused(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, in_network(name)))
    with pytest.raises(InvalidError, match="network-differs"):
        bench.plan(bench.spec(f"{name}-2", in_network(name, internal=True)))
    bench.delete(name)


def test_a_failed_create_takes_it_away_again(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    broken = {"command": ["/no/such/program"], "lifecycle": {"init": False}}
    (result,) = bench.apply(bench.spec(name, in_network(name), broken))
    assert (result.outcome, f"{name}-net" in engine.networks()) == ("failed", False)
