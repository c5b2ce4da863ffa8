"""A file of the spec is in the sandbox, read-only and with exactly its mode; nothing of it is left behind elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandboxctl import verify
from sandboxctl.plan import Kind
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

TEXT = "of the spec\nwith two lines, and ümlauts\n"
SECRET = "hunter2-and-more"


def file(target: str, **given: Any) -> dict[str, Any]:
    return {"mounts": [{"type": "file", "target": target, **given}]}


def volumes(engine: EngineUnderTest, name: str) -> list[str]:
    return engine.files(name)


@pytest.mark.parametrize("mode", ["0444", "0400", "0555"])
def test_it_has_its_content_its_mode_and_the_users_owner(
    engine: EngineUnderTest, bench: Workbench, name: str, mode: str
) -> None:
    spec = bench.spec(name, file("/etc/tool/conf", content=TEXT, mode=mode))
    bench.applied(spec)
    assert bench.sh(name, "cat /etc/tool/conf") == TEXT.rstrip("\n")
    assert bench.sh(name, "stat -c '%a %u:%g' /etc/tool/conf") == engine.file_mode(mode)
    assert bench.plan(spec).pending == ()


def test_nobody_can_write_it_or_put_another_in_its_place(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, file("/etc/conf", content=TEXT, mode="0666")))
    for script in ("echo x >/etc/conf", "rm -f /etc/conf && ! test -e /etc/conf", "mv /tmp /etc/conf"):
        assert bench.exec(name, "sh", "-c", script).code != 0
    if engine.users:
        assert bench.exec(name, "sh", "-c", "echo x >/etc/conf", user="0").code != 0
    assert bench.sh(name, "cat /etc/conf") == TEXT.rstrip("\n")


def test_it_is_proved(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, file("/etc/conf", content=TEXT, mode="0640"))
    bench.applied(spec)
    verdict = verify.verify(
        spec.sandbox, bench.observed(name), engine=bench.backend.reader.identify(), backend=bench.backend,
        image=None, probe_image=None,
    )  # fmt: skip
    (control,) = [each for each in verdict.controls if each.control == "mount:/etc/conf"]
    assert (control.status, control.expected) == ("proved", {"readOnly": True, "mode": "0640"})


def test_changed_content_is_a_replace_for_that_reason_and_the_old_file_goes(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    bench.applied(bench.spec(name, file("/etc/conf", content="one")))
    (first,) = volumes(engine, name)
    changed = bench.spec(name, file("/etc/conf", content="two"))
    (action,) = bench.plan(changed).actions
    assert (action.kind, action.cause, [change.path for change in action.changes]) == (
        Kind.REPLACE,
        "spec_changed",
        [("spec", "mounts", 0, "content")],
    )
    assert bench.applied(changed) == "replaced"
    assert bench.sh(name, "cat /etc/conf") == "two"
    (second,) = volumes(engine, name)
    assert first != second
    bench.delete(name)
    assert volumes(engine, name) == []


def test_a_changed_mode_is_a_replace(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, file("/etc/conf", content="one")))
    (action,) = bench.plan(bench.spec(name, file("/etc/conf", content="one", mode="0400"))).actions
    assert [(change.path, change.before, change.after) for change in action.changes] == [
        (("spec", "mounts", 0, "mode"), "0444", "0400")
    ]


def test_a_replace_for_another_reason_keeps_the_file(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, file("/etc/conf", content=TEXT)))
    kept = volumes(engine, name)
    assert bench.applied(bench.spec(name, file("/etc/conf", content=TEXT), {"env": {"NEW": "1"}})) == "replaced"
    assert volumes(engine, name) == kept
    assert bench.sh(name, "cat /etc/conf") == TEXT.rstrip("\n")


def test_a_secret_is_only_where_it_belongs(
    engine: EngineUnderTest, bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", SECRET)
    spec = bench.spec(name, file("/run/token", fromEnv="TOKEN", mode="0400"))
    bench.applied(spec)
    assert bench.sh(name, "cat /run/token") == SECRET
    assert SECRET not in str(engine.inspect(name))
    assert SECRET not in " ".join(event.message for event in bench.events)
    assert bench.plan(spec).pending == ()

    monkeypatch.setenv("TOKEN", SECRET + "!")
    changed = bench.spec(name, file("/run/token", fromEnv="TOKEN", mode="0400"))
    (action,) = bench.plan(changed).actions
    (change,) = action.changes
    assert (action.kind, change.sensitive, change.before, change.after, str(change.cause)) == (
        Kind.REPLACE, True, None, None, "spec",
    )  # fmt: skip
    assert bench.applied(changed) == "replaced"
    assert bench.sh(name, "cat /run/token") == SECRET + "!"
    assert len(volumes(engine, name)) == 1


def test_a_failed_create_leaves_no_file(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    broken = {"command": ["/no/such/program"], "lifecycle": {"init": False}}
    (result,) = bench.apply(bench.spec(name, file("/etc/conf", content=TEXT), broken))
    assert (result.code, volumes(engine, name)) == (6, [])


def test_a_commit_does_not_hold_it(engine: EngineUnderTest, bench: Workbench, name: str, tmp_path: Path) -> None:
    from sandboxctl.apply.layer import commit_by_hand

    writable = {"security": {"readOnlyRoot": False, "allow": ["writable-root"]}}
    image = f"localhost/sandboxctl-test/{name}:v1"
    bench.applied(bench.spec(name, writable, file("/etc/conf", content=SECRET, sensitive=True)))
    try:
        commit_by_hand(name, image, bench.backend, emit=bench.events.append)
        words = ("run", "--rm", "--network=none", "--entrypoint=cat", image, "/etc/conf")
        assert engine.client(*words, check=False).stdout == ""
    finally:
        engine.client("image", "rm", "--force", image)


def test_one_whose_volume_was_pruned_while_it_was_stopped_has_its_file_again(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name, file("/etc/conf", content=TEXT))
    bench.applied(spec)
    engine.stop(name)
    engine.client("volume", "rm", *volumes(engine, name))
    assert bench.applied(spec) == "started"
    assert bench.sh(name, "cat /etc/conf") == TEXT.rstrip("\n")
