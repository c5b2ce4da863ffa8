"""A sandbox that the engine removes when it ends: what apply may still promise of it."""

from __future__ import annotations

import threading
import time

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

GOES = {"lifecycle": {"autoRemove": True}}


def test_apply_does_not_wait_for_the_end_of_its_life(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, GOES))
    waiting = [
        thread for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()
    ]
    assert waiting == []
    bench.delete(name)


def test_a_replace_lets_the_engine_take_the_old_one(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, GOES))
    changed = bench.spec(name, GOES, {"env": {"A": "b"}})
    assert bench.applied(changed) == "replaced"
    assert [each for each in engine.containers() if each.startswith(name)] == [name]
    assert [str(action.kind) for action in bench.plan(changed).actions] == ["no-op"]
    bench.delete(name)


def test_a_good_end_is_done_and_a_bad_one_fails_with_its_code(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    lasting = {"lifecycle": {"autoRemove": True, "ready": {"minSeconds": 5}}}
    began = time.monotonic()
    assert bench.applied(bench.spec(name, lasting, {"command": ["sh", "-c", "sleep 0.5; exit 0"]})) == "created"
    assert time.monotonic() - began < 5
    (result,) = bench.apply(bench.spec(name, lasting, {"command": ["sh", "-c", "sleep 0.5; exit 4"]}))
    assert (result.code, result.outcome, result.brief) == (6, "failed", f"{name} ended with code 4")
    assert [each for each in engine.containers() if each.startswith(name)] == []
