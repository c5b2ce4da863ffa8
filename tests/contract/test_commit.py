"""A commit makes an image of the layer, at the time that the spec says, and what is started from it is a stranger."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandboxctl import ownership
from sandboxctl.apply.layer import commit_by_hand
from sandboxctl.errors import InvalidError
from sandboxctl.plan import Kind
from sandboxctl.spec import Loaded
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench, merged

WRITABLE = {"security": {"readOnlyRoot": False, "allow": ["writable-root"]}}
ENDS = {"command": ["sh", "-c", "echo kept >/workspace/kept"]}


@pytest.fixture
def target(engine: EngineUnderTest, name: str) -> Iterator[str]:
    """An image name that nobody has, removed in the end."""
    image = f"localhost:5000/sandboxctl-test/{name}:v1"
    yield image
    for each in engine.image_names():
        if name in each:
            engine.client("image", "rm", "--force", each)


def spec(bench: Workbench, name: str, target: str, *fragments: Any, **commit: Any) -> Loaded:
    return bench.spec(name, WRITABLE, {"commit": {"image": target, **commit}}, *fragments)


def says(engine: EngineUnderTest, image: str, path: str) -> str:
    words = ("run", "--rm", "--network=none", "--entrypoint=cat", image, path)
    return engine.client(*words, check=False).stdout.strip()


def test_by_hand_it_is_done_at_once_and_nothing_else_changes(
    engine: EngineUnderTest, bench: Workbench, name: str, target: str
) -> None:
    wanted = spec(bench, name, target, message="as it was", author="somebody")
    bench.applied(wanted)
    bench.sh(name, "echo of the layer >/workspace/here")
    ref = engine.id(name)
    image, made = commit_by_hand(name, None, bench.backend, emit=bench.events.append)
    assert (image, target in engine.image_names()) == (target, True)
    assert says(engine, target, "/workspace/here") == "of the layer"
    assert (engine.id(name), engine.state(name), bench.plan(wanted).actions[0].kind) == (ref, "running", Kind.NO_OP)
    assert made.removeprefix("sha256:")


def test_the_image_says_where_it_comes_from_and_what_is_started_from_it_is_a_stranger(
    engine: EngineUnderTest, bench: Workbench, name: str, target: str
) -> None:
    wanted = spec(bench, name, target)
    bench.applied(wanted)
    commit_by_hand(name, None, bench.backend, emit=bench.events.append)
    engine.run_stranger(f"{name}-2", target, "1000", options=("--entrypoint=sleep",))
    labels = engine.labels(f"{name}-2")
    blank = {key for key, text in labels.items() if key.startswith(ownership.PREFIX) and not text}
    assert {ownership.MANAGED, ownership.NAME, ownership.IMAGE_ID, ownership.APPLIED} <= blank
    assert labels["org.opencontainers.image.base.name"] == engine.images.busybox
    assert labels["org.opencontainers.image.base.digest"].removeprefix("sha256:")
    assert labels["sandboxctl.dev/commit-spec-hash"] == engine.labels(name)[ownership.SPEC_HASH]
    (stranger,) = [each for each in bench.backend.reader.containers() if each.name == f"{name}-2"]
    assert not ownership.is_ours(stranger)


@pytest.mark.parametrize("when", ["before-replace", "before-delete"])
def test_before_a_replace_or_a_delete_the_layer_is_kept(
    engine: EngineUnderTest, bench: Workbench, name: str, target: str, when: str
) -> None:
    bench.applied(spec(bench, name, target, when=when))
    bench.sh(name, "echo of the layer >/workspace/here")
    changed = spec(bench, name, target, {"env": {"NEW": "1"}}, when=when)
    assert any(target in note for note in bench.plan(changed).actions[0].notes) == (when == "before-replace")
    assert bench.applied(changed) == "replaced"
    assert (says(engine, target, "/workspace/here") == "of the layer") == (when == "before-replace")
    if when == "before-delete":
        bench.sh(name, "echo of the second >/workspace/here")
        assert [result.outcome for result in bench.delete(name)] == ["deleted"]
        assert says(engine, target, "/workspace/here") == "of the second"


def test_after_its_exit_the_next_apply_keeps_the_layer_once(
    engine: EngineUnderTest, bench: Workbench, name: str, target: str
) -> None:
    wanted = spec(bench, name, target, ENDS, when="on-exit")
    bench.applied(wanted)
    while engine.state(name) == "running":
        time.sleep(0.05)
    (action,) = bench.plan(wanted).pending
    assert (action.kind, action.notes) == (Kind.NO_OP, (f"its layer is kept first, as {target}",))
    assert bench.applied(wanted) == "unchanged"
    assert says(engine, target, "/workspace/kept") == "kept"
    assert bench.plan(wanted).pending == ()


def test_a_commit_that_fails_stops_the_replace_and_the_delete(
    engine: EngineUnderTest, bench: Workbench, name: str, target: str
) -> None:
    before = spec(bench, name, target, when="before-delete")
    bench.applied(before)
    ref = engine.id(name)
    plan = bench.plan(spec(bench, name, target, {"env": {"NEW": "1"}}, when="before-replace"))
    engine.client("rename", name, f"{name}-away")  # the id is the same; only the commit's failure is what we want
    engine.client("rename", f"{name}-away", name)
    bench.backend.writer.commit = _refuses  # type: ignore[attr-defined]
    results = (*bench.carry_out(plan), *bench.delete(name))
    assert [(each.outcome, each.code) for each in results] == [("failed", 6)] * 2
    assert (engine.id(name), engine.state(name)) == (ref, "running")


def _refuses(*_: Any, **__: Any) -> str:
    from sandboxctl.errors import EngineError

    raise EngineError("no space left on device", status=500)


def test_an_own_base_is_replaced_only_on_purpose_and_then_the_next_one_is_made_from_it(
    engine: EngineUnderTest, bench: Workbench, name: str, target: str
) -> None:
    engine.client("tag", engine.images.busybox, target)
    own = {"image": target}
    with pytest.raises(InvalidError, match="is the base image itself"):
        spec(bench, name, target, own, when="before-replace")
    first = spec(bench, name, target, own, when="before-replace", overwrite=True)
    bench.applied(first)
    bench.sh(name, "echo 1 >/workspace/here")
    second = spec(bench, name, target, merged(own, {"env": {"NEW": "1"}}), when="before-replace", overwrite=True)
    assert bench.applied(second) == "replaced"
    assert bench.sh(name, "cat /workspace/here") == "1"
    assert bench.plan(second).pending == ()


def test_what_may_not_be_committed_by_hand(bench: Workbench, name: str, engine: EngineUnderTest) -> None:
    bench.applied(bench.spec(name, WRITABLE, {"env": {"TOKEN": {"fromFile": _file(bench)}}}))
    for image in (f"localhost/x/{name}", engine.images.busybox, "localhost/sandboxctl-setup/x:1", "UPPER:1"):
        with pytest.raises(InvalidError):
            commit_by_hand(name, image, bench.backend, emit=bench.events.append)
    with pytest.raises(InvalidError, match="its spec has no `commit`"):
        commit_by_hand(name, None, bench.backend, emit=bench.events.append)


def _file(bench: Workbench) -> str:
    (bench.directory / "token").write_text("s3cret")
    return "./token"
