"""What somebody changed behind our back is seen by the next plan, called by its name, and put right."""

from __future__ import annotations

from typing import Any

from tests.contract.conftest import honoured
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def changes(bench: Workbench, spec: Any) -> list[tuple[str, Any, Any, str, str]]:
    (action,) = bench.plan(spec).actions
    return [
        (".".join(change.key), change.before, change.after, str(change.effect), str(change.cause))
        for change in action.changes
    ]


def test_a_limit_that_was_lifted_is_put_back_in_place(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    engine.sabotage_memory(name)
    ref = engine.id(name)
    effect, kind = ("live", "update") if engine.in_place("resources.memory") else ("replace", "replace")
    assert changes(bench, spec) == [
        ("resources.memory", 2 * 2**30, 512 * 2**20, effect, "drift"),
        *([("resources.swap", 2 * 2**30, 0, effect, "drift")] if honoured("resources.swap", engine.backend) else []),
    ]
    assert bench.plan(spec).actions[0].reason == f"{kind}_because_drift"
    assert bench.applied(spec) == f"{kind}d"
    found = engine.limits(name)
    assert (found.memory, found.swap) == (512 * 2**20, 0)
    assert (engine.id(name) == ref) == engine.in_place("resources.memory")
    assert changes(bench, spec) == []


def test_a_network_attached_by_hand_is_a_replace(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    ref = engine.id(name)
    engine.attach_network(name)
    assert {(key.partition(".")[0], effect, cause) for key, _, _, effect, cause in changes(bench, spec)} == {
        ("network", "replace", "drift")
    }
    assert bench.plan(spec).actions[0].reason == "replace_because_drift"
    assert bench.applied(spec) == "replaced"
    assert engine.id(name) != ref
    assert not engine.is_on_a_network(name)
    assert changes(bench, spec) == []


def test_a_weaker_container_with_our_labels_is_drift_and_is_replaced(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    labels = engine.labels(name)
    engine.remove(name)
    engine.run_stranger(
        name, engine.images.busybox, "sleep", "1000", labels=labels, options=engine.weaker_than_restricted()
    )
    found = changes(bench, spec)
    plan = bench.plan(spec)
    assert {"security.capabilities", "security.user", "security.readOnlyRoot"} <= {
        ".".join(key.split(".")[:2]) for key, *_ in found
    }
    assert {cause for *_, cause in found} == {"drift"}
    assert (plan.actions[0].reason, plan.asks) == ("replace_because_drift", True)
    assert bench.applied(spec) == "replaced"
    assert changes(bench, spec) == []


def copied(engine: EngineUnderTest, bench: Workbench, name: str, *options: str) -> Any:
    """A default sandbox, removed and made again by hand with all its labels, and with these options."""
    spec = bench.spec(name)
    bench.applied(spec)
    labels = engine.labels(name)
    engine.remove(name)
    engine.copy_of_a_default_sandbox(name, labels, *options)
    return spec


def test_a_faithful_copy_passes_for_ours(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = copied(engine, bench, name)
    assert changes(bench, spec) == []
    assert bench.plan(spec).actions[0].reason == ("start_because_stopped" if engine.starts_again else None)


def test_whatever_a_copy_has_more_than_its_spec_is_seen(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = copied(engine, bench, name)
    labels = engine.labels(name)
    unseen = {}
    for option, key in engine.weakenings().items():
        engine.remove(name)
        engine.copy_of_a_default_sandbox(name, labels, option)
        found = changes(bench, spec)
        keys = {each for each, *_ in found}
        if key not in keys or {cause for *_, cause in found} != {"drift"}:
            unseen[option] = found
    assert unseen == {}


def test_a_stopped_one_is_started_and_keeps_its_id(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    ref = engine.id(name)
    engine.stop(name)
    assert bench.plan(spec).actions[0].reason == "start_because_stopped"
    assert bench.applied(spec) == "started"
    assert (engine.id(name), engine.state(name)) == (ref, "running")


def test_a_paused_one_goes_on(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    engine.client("pause", name)
    assert bench.plan(spec).actions[0].reason == "start_because_paused"
    assert bench.applied(spec) == "started"
    assert engine.state(name) == "running"


def test_a_stopped_one_with_a_lifted_limit_is_mended_and_started(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    engine.stop(name)
    engine.sabotage_memory(name)
    (action,) = bench.plan(spec).actions
    in_place = engine.in_place("resources.memory")
    assert (str(action.kind), action.starts) == (("update", True) if in_place else ("replace", False))
    assert bench.applied(spec) == ("updated" if in_place else "replaced")
    assert (engine.state(name), engine.limits(name).memory) == ("running", 512 * 2**20)


def test_one_that_was_removed_is_made_again(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    engine.remove(name)
    assert bench.applied(spec) == "created"
