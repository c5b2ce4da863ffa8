"""lifecycle.setup: commands in the sandbox itself, before it counts as ready; and what a failure's last words may not say."""

from __future__ import annotations

import pytest

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def setup(*commands: str) -> dict[str, object]:
    return {"lifecycle": {"setup": [["sh", "-c", command] for command in commands]}}


def test_setup_runs_in_order_as_the_sandboxs_user(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, setup("id -u > first", "cat first > second; echo done >> second")))
    assert bench.exec(name, "cat", "/workspace/second").stdout == b"10001\ndone\n"


def test_setup_runs_again_after_a_start_by_us(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, setup("date > /workspace/made"))
    bench.applied(spec)
    engine.stop(name)
    assert bench.applied(spec) == "started"
    assert bench.exec(name, "test", "-s", "/workspace/made").code == 0


def test_a_setup_that_fails_leaves_nothing_and_its_last_words_hold_no_secret(
    engine: EngineUnderTest, bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SETUP_TOKEN", "s3cr3t-of-setup")
    secret = {"env": {"TOKEN": {"fromEnv": "SETUP_TOKEN"}}}
    (result,) = bench.apply(bench.spec(name, secret, setup("echo it is $TOKEN; exit 3")))
    assert (result.code, result.brief) == (6, f"{name}: setup command `sh` failed with code 3\n  it is (sensitive)")
    assert [each for each in engine.containers() if each.startswith(name)] == []


def test_a_changed_setup_is_a_replace_that_is_rolled_back_when_it_fails(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name, setup("echo one > it")))
    before = engine.id(name)
    (result,) = bench.apply(bench.spec(name, setup("echo two > it; echo sorry; exit 1")))
    assert (result.code, result.rolled_back) == (6, True)
    assert result.brief == f"{name}: setup command `sh` failed with code 1; rolled back\n  sorry"
    assert (engine.id(name) == before) == engine.starts_again  # where nothing is, it is made again
    assert bench.exec(name, "cat", "it").stdout == b"one\n"
