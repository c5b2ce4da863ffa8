"""Each state of a sandbox, and what a plan makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from sandboxctl import __version__, ownership
from sandboxctl.backends.base import Engine, Key, Listed, Observed, Status
from sandboxctl.capabilities import Effect
from sandboxctl.dataclass import replace
from sandboxctl.fields import wanted
from sandboxctl.plan import Action, Before, Desired, Plan, Snapshot, plan
from sandboxctl.removal import plan_delete
from sandboxctl.spec import Image, Lifecycle, Loaded, Restart, Sandbox, Source

IDLE = Sandbox(name="box", image=Image(ref="docker.io/library/busybox:1.36"))
COMMAND = replace(IDLE, run=None, command=("job",))
ALWAYS = replace(COMMAND, lifecycle=Lifecycle(restart=Restart(policy="always")))
ENGINE = Engine(backend="docker", endpoint="unix:///x", version="20.10.24")
RUNNING = Status(state="running", created=1000.0)
LIVE: frozenset[Key] = frozenset({("resources", "memory")})


def effect_of(key: Key) -> Effect:
    return Effect.LIVE if key in LIVE else Effect.REPLACE


def desired(sandbox: Sandbox, *, image_id: str | None = "sha256:1") -> Desired:
    loaded = Loaded(sandbox=sandbox, source=Source(filename="x.yaml"))
    return Desired(loaded=loaded, wanted=wanted(sandbox), spec_hash="", image_id=image_id)


def snapshot(
    sandbox: Sandbox,
    status: Status = RUNNING,
    *,
    labels: dict[str, str] | None = None,
    engine: Engine = ENGINE,
    **changed: Any,
) -> Snapshot:
    """An engine with this sandbox as it was made; `changed` are fields of its `resources`, by hand."""
    marks = {
        ownership.MANAGED: "true",
        ownership.NAME: "box",
        ownership.IMAGE_ID: "sha256:1",
        ownership.TOOL: __version__,
        **(labels or {}),
    }
    fields = {**wanted(sandbox).fields, **{("resources", name): value for name, value in changed.items()}}
    observed = Observed(ref="r", name="box", labels=marks, image_id="sha256:1", status=status, fields=fields)
    listed = Listed(ref="r", name="box", labels=marks, image_id="sha256:1", state=status.state)
    before = Before(wanted=wanted(sandbox), salt=b"")
    return Snapshot(engine=engine, containers=(listed,), observed={"r": observed}, applied={"r": before}, now=1010.0)


def made(sandbox: Sandbox, found: Snapshot, **options: Any) -> Plan:
    return plan([desired(sandbox, **options)], found, hidden=frozenset(), effect_of=effect_of)


def only(sandbox: Sandbox, found: Snapshot, **options: Any) -> Action:
    (action,) = made(sandbox, found, **options).actions
    return action


EXITED = {code: Status(state="exited", exit_code=code, created=1000.0) for code in (0, 1, 137)}
KILLED = Status(state="exited", exit_code=137, oom_killed=True, created=1000.0)
STATES: dict[str, tuple[Sandbox, Status, str | None, str]] = {
    "idle and running": (IDLE, RUNNING, None, "running"),
    "idle and created": (IDLE, replace(RUNNING, state="created"), "start_because_stopped", "stopped"),
    "idle and ended well": (IDLE, EXITED[0], "start_because_stopped", "stopped"),
    "idle and ended otherwise": (IDLE, EXITED[137], "start_because_stopped", "stopped"),
    "idle and killed for its memory": (IDLE, KILLED, "replace_because_failed", "failed"),
    "paused": (IDLE, replace(RUNNING, state="paused"), "start_because_paused", "paused"),
    "dead": (IDLE, replace(RUNNING, state="dead"), "replace_because_failed", "failed"),
    "restarting": (ALWAYS, replace(RUNNING, state="restarting"), None, "running"),
    "unhealthy": (IDLE, replace(RUNNING, health="unhealthy"), None, "running"),
    "a command that ended well": (COMMAND, EXITED[0], None, "complete"),
    "a command that failed": (COMMAND, EXITED[1], "replace_because_failed", "failed"),
    "a command that was killed for its memory": (COMMAND, KILLED, "replace_because_failed", "failed"),
    "one that always restarts, stopped by hand": (ALWAYS, EXITED[137], "start_because_stopped", "stopped"),
}


@pytest.mark.parametrize("title", STATES)
def test_the_run_state_decides(title: str) -> None:
    sandbox, status, reason, state = STATES[title]
    action = only(sandbox, snapshot(sandbox, status))
    assert (action.reason, action.state) == (reason, state)


def test_past_its_lifetime_it_is_replaced() -> None:
    for seconds, reason in ((9, "replace_because_expired"), (10, None), (3600, None)):
        found = snapshot(IDLE, labels={ownership.TTL: str(seconds)})
        assert only(IDLE, found).reason == reason


def test_where_what_has_ended_cannot_be_started_it_is_replaced() -> None:
    found = snapshot(IDLE, EXITED[0], engine=replace(ENGINE, restarts=False))
    assert only(IDLE, found).reason == "replace_because_stopped"


def test_a_live_change_of_a_stopped_one_starts_it_too() -> None:
    action = only(IDLE, snapshot(IDLE, EXITED[0], memory=1))
    assert (action.reason, action.starts, action.asks) == ("update_because_drift", True, False)


def test_one_change_that_needs_a_new_object_decides_for_all() -> None:
    action = only(IDLE, snapshot(IDLE, memory=1, shm=1))
    assert (action.reason, len(action.changes), action.asks) == ("replace_because_drift", 2, True)


def test_the_specs_change_is_named_before_anybody_elses() -> None:
    other = replace(IDLE, tty=True)
    assert only(other, snapshot(IDLE, memory=1)).reason == "replace_because_spec_changed"


def test_a_reference_that_names_another_image_now_is_a_replace() -> None:
    action = only(IDLE, snapshot(IDLE), image_id="sha256:2")
    (change,) = action.changes
    assert (action.reason, change.key, change.before, change.after) == (
        "replace_because_image_moved",
        ("image",),
        "sha256:1",
        "sha256:2",
    )


def test_start_first_is_for_engines_that_can_rename() -> None:
    sandbox = replace(IDLE, tty=True, lifecycle=Lifecycle(replace="start-first"))
    marked = {ownership.SPEC_HASH: "h", ownership.VERIFIED: "h"}
    assert only(sandbox, snapshot(IDLE)).start_first
    assert not only(sandbox, snapshot(IDLE, labels=marked, engine=replace(ENGINE, staging="marker"))).start_first


def test_what_a_replace_costs_is_said() -> None:
    gone = replace(IDLE, tty=True, lifecycle=Lifecycle(auto_remove=True))
    assert only(replace(IDLE, tty=True), snapshot(IDLE)).notes == (
        "what was written outside its volumes and bind mounts is lost",
    )
    assert "cannot be rolled back" in only(gone, snapshot(IDLE)).notes[1]


def test_one_that_a_newer_version_made_is_not_touched() -> None:
    found = made(IDLE, snapshot(IDLE, labels={ownership.TOOL: "99.0"}))
    assert (found.actions, [each.reason for each in found.foreign]) == (
        (),
        ["it was made by a newer sandboxctl (99.0)"],
    )


def test_one_that_an_older_version_made_otherwise_is_the_tools_change() -> None:
    assert only(IDLE, snapshot(IDLE, labels={ownership.TOOL: "0.0.0"}, memory=1)).reason == "update_because_tool"


def test_specs_that_are_not_named_are_left_alone() -> None:
    found = plan([], snapshot(IDLE), hidden=frozenset(), effect_of=effect_of)
    assert (found.actions, found.foreign) == ((), ())


def test_a_plan_says_what_it_relies_on() -> None:
    found = made(IDLE, snapshot(IDLE))
    assert (found.names, found.seen, found.pending, found.asks) == (
        ("box",),
        frozenset({("box", "r", "running")}),
        (),
        False,
    )


def test_a_delete_names_what_was_seen_and_asks() -> None:
    found = plan_delete(["box", "absent"], snapshot(IDLE))
    assert [(action.reason, action.ref, action.address) for action in found.actions] == [
        ("delete_because_requested", "r", "docker/box")
    ]
    assert found.asks
