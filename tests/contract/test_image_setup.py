"""An image is prepared once, with a network that the sandbox never has; what fails leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandboxctl.errors import FailedError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


@pytest.fixture
def tidy(engine: EngineUnderTest, bench: Workbench) -> Iterator[None]:
    """The prepared images of this test, and no other's, are removed in the end."""
    yield
    names = {event.message for event in bench.events if event.step == "prepared"}
    for image in sorted(names & engine.image_names()):
        engine.client("image", "rm", "--force", image)


def prepared(engine: EngineUnderTest, name: str, *run: list[str], **more: Any) -> dict[str, Any]:
    """Of this test alone: the name of the sandbox is in the commands."""
    return {"image": {"ref": engine.images.busybox, "setup": {"run": [["true", name], *run], **more}}}


def sh(script: str) -> list[str]:
    return ["sh", "-c", script]


@pytest.mark.usefixtures("tidy")
def test_it_is_in_the_sandbox_which_is_as_closed_as_ever(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    look = sh(
        "id -u >/prepared; ls /sys/class/net | grep -vc '^lo$' >>/prepared; grep NoNewPrivs /proc/self/status >>/prepared"
    )
    spec = bench.spec(name, prepared(engine, name, ["mkdir", "-p", "/opt/tool"], look))
    assert bench.applied(spec) == "created"
    assert bench.sh(name, "cat /prepared").split() == ["0", "1", "NoNewPrivs:", "1"]
    assert bench.sh(name, "ls -d /opt/tool; id -u; ls /sys/class/net") == "/opt/tool\n10001\nlo"
    assert bench.plan(spec).pending == ()
    assert {each for each in engine.containers() if each.startswith(name)} == {name}


@pytest.mark.usefixtures("tidy")
def test_it_is_done_once_and_again_when_it_says_something_else(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    one = prepared(engine, name, sh("cat /proc/sys/kernel/random/uuid >/when"), network="none")
    bench.applied(bench.spec(name, one))
    when = bench.sh(name, "cat /when")
    bench.delete(name)
    bench.applied(bench.spec(name, one))
    assert bench.sh(name, "cat /when") == when
    other = bench.spec(
        name, prepared(engine, name, sh("cat /proc/sys/kernel/random/uuid >/when"), sh("true"), network="none")
    )
    assert bench.applied(other) == "replaced"
    assert bench.sh(name, "cat /when") != when


@pytest.mark.usefixtures("tidy")
def test_it_runs_what_its_base_runs(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(
        bench.spec(name, prepared(engine, name, ["true"], network="none"), {"run": "image", "tty": True, "stdin": True})
    )
    assert (engine.setting(name, "command"), engine.setting(name, "entrypoint") or None) == (["sh"], None)
    assert engine.state(name) == "running"


@pytest.mark.parametrize(
    ("run", "words"),
    [(sh("seq 1 30; exit 3"), "`sh` ended with code 3"), (["/no/such/program"], "/no/such/program")],
)
def test_a_command_that_fails_is_told_before_any_change(
    engine: EngineUnderTest, bench: Workbench, name: str, run: list[str], words: str
) -> None:
    spec = bench.spec(name, prepared(engine, name, run, network="none"))
    with pytest.raises(FailedError) as raised:
        bench.apply(spec)
    assert words in raised.value.brief
    assert "seq" not in words or "30" in raised.value.brief
    assert {each for each in engine.containers() if each.startswith(name)} == set()
    assert spec.sandbox.image.name not in engine.image_names()
