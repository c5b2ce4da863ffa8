"""What somebody else made is shown and never touched, whatever it is called and whatever labels it carries."""

from __future__ import annotations

from sandboxctl import observe
from sandboxctl.plan import Kind
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def survives(engine: EngineUnderTest, bench: Workbench, name: str, holder: str, *, project: str | None = None) -> str:
    """Applies and deletes `name` while `holder` is a stranger's; the reason that the plan gives."""
    metadata = {"project": project} if project else None
    ref, before = engine.id(holder), engine.incarnation(holder)
    spec = bench.spec(name, metadata=metadata)
    plan = bench.plan(spec)
    assert plan.actions == ()
    assert bench.carry_out(plan) == ()
    deletion = observe.prepare_delete([name], bench.backend)
    bench.carry_out(deletion)
    assert engine.incarnation(holder) == before
    (foreign,) = plan.foreign
    assert (foreign.name, foreign.ref) == (holder, ref)
    return foreign.reason


def test_one_with_our_name_survives(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.run_stranger(name, engine.images.busybox, "sleep", "1000")
    assert survives(engine, bench, name, name) == "it was not made by sandboxctl"


def test_one_with_a_staging_name_of_ours_survives(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.run_stranger(f"{name}.new", engine.images.busybox, "sleep", "1000")
    assert survives(engine, bench, name, f"{name}.new") == "it was not made by sandboxctl"


def test_one_with_our_labels_on_another_image_survives(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    labels = engine.labels(name)
    bench.delete(name)
    engine.run_stranger(name, engine.images.python, "sleep", "1000", labels=labels)
    assert survives(engine, bench, name, name) == "its labels were copied: they name another image"


def test_one_started_from_a_committed_image_of_ours_survives(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name))
    image = f"localhost/{name}:1"
    engine.client("commit", name, image)
    bench.delete(name)
    try:
        engine.run_stranger(name, image)
        assert engine.labels(name)["sandboxctl.dev/managed"] == "true"
        assert survives(engine, bench, name, name) == "its labels were copied: they name another image"
    finally:
        engine.remove(name)
        engine.client("rmi", image)


def test_another_projects_sandbox_survives_an_apply(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, metadata={"project": "theirs"}))
    ref = engine.id(name)
    for project, word in ((None, "no project"), ("ours", "project ours")):
        plan = bench.plan(bench.spec(name, metadata={"project": project} if project else None))
        assert plan.actions == ()
        assert [each.reason for each in plan.foreign] == [f"it belongs to project theirs, this spec to {word}"]
    assert engine.id(name) == ref


def test_delete_takes_a_sandbox_of_any_project(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, metadata={"project": "theirs"}))
    (action,) = observe.prepare_delete([name], bench.backend).actions
    assert (action.kind, action.project) == (Kind.DELETE, "theirs")
    bench.delete(name)
    assert name not in engine.containers()


def test_one_that_was_renamed_is_not_known_by_its_new_name(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(f"{name}-a"))
    engine.client("rename", f"{name}-a", name)
    reason = survives(engine, bench, name, name)
    assert reason == f"its labels are those of {name}-a"


def test_a_name_that_is_taken_after_the_plan_is_a_conflict(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    plan = bench.plan(bench.spec(name))
    ref = engine.run_stranger(name, engine.images.busybox, "sleep", "1000")
    (result,) = bench.carry_out(plan)
    assert (result.code, result.outcome) == (5, "failed")
    assert engine.id(name) == ref
    assert {each for each in engine.containers() if each.startswith(name)} == {name}


def test_one_that_is_made_anew_after_the_plan_is_not_deleted(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name))
    plan = observe.prepare_delete([name], bench.backend)
    engine.remove(name)
    ref = engine.run_stranger(name, engine.images.busybox, "sleep", "1000")
    bench.carry_out(plan)
    assert engine.id(name) == ref


def test_deleting_twice_is_deleting_once(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    plan = observe.prepare_delete([name], bench.backend)
    assert [result.outcome for result in bench.carry_out(plan)] == ["deleted"]
    assert [result.outcome for result in bench.carry_out(plan)] == ["deleted"]
    assert bench.delete(name) == ()
