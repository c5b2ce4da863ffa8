"""What an interrupted command leaves, who may be at work on it, prune, drift and the journal."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from sandboxctl import holder, journal, locks, ownership, pruning
from sandboxctl.apply import ApplyOptions, apply
from tests.cli.conftest import SPEC, Cli
from tests.memory_backend import BUSYBOX, Container

PROJECT = SPEC.replace("  name: py\n", "  name: py\n  project: lab\n")
ELSEWHERE = str(replace(holder.this_process(), host="elsewhere", host_id="0123456789ab"))


def left(cli: Cli, suffix: str, *, by: str = "", age: float = 0) -> Container:
    """A sandbox of ours under a staging name, made by somebody some seconds ago."""
    found = cli.applied().named("py")
    found.name = f"py{suffix}"
    if by:
        found.labels[ownership.HOLDER] = by
    found.status = replace(found.status, created=cli.engine.clock - age)
    return found


def test_what_this_process_left_is_recovered(cli: Cli) -> None:
    left(cli, ".new")
    assert "recover" in cli("plan").out
    assert cli("apply").code == 0
    assert [each.name for each in cli.engine.all.values()] == ["py"]


def test_what_a_dead_process_of_this_host_left_is_recovered_at_once(cli: Cli) -> None:
    dead = replace(holder.this_process(), pid=2**22 - 1)
    left(cli, ".new", by=str(dead))
    assert cli("apply").code == 0


def test_another_hosts_work_is_left_alone_for_15_minutes(cli: Cli) -> None:
    ref = left(cli, ".new", by=ELSEWHERE, age=899).ref
    planned, applied = cli("plan"), cli("apply", "--lock-timeout", "0s")
    assert (planned.code, applied.code) == (5, 5)
    assert f"in the hands of process {os.getpid()} on elsewhere, for 899 s" in planned.out
    assert list(cli.engine.all) == [ref]
    cli.engine.clock += 2
    assert cli("apply").code == 0


def test_break_lock_does_not_wait(cli: Cli) -> None:
    left(cli, ".new", by=ELSEWHERE)
    assert cli("apply", "--break-lock").code == 0
    assert [each.name for each in cli.engine.all.values()] == ["py"]


def test_a_delete_waits_for_another_host_too(cli: Cli) -> None:
    left(cli, ".new", by=ELSEWHERE)
    assert cli("delete", "py", "--yes", "--lock-timeout", "0s").code == 5
    assert cli("delete", "py", "--yes", "--break-lock").code == 0
    assert cli.engine.all == {}


def test_a_lock_that_another_process_holds_is_exit_5(cli: Cli) -> None:
    cli.applied()
    cli.replace("64Mi", "128Mi")
    path = locks.Identity(engine="docker memory", namespace="", name="py").path
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.write("process 4711")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        ran = cli("apply", "--lock-timeout", "0.1s")
        assert (ran.code, "py is held by process 4711" in ran.err) == (5, True)
        assert cli("apply", "--break-lock").code == 0


def test_a_locks_file_does_not_stay(cli: Cli) -> None:
    cli.applied()
    assert list((locks.state_directory() / "locks").iterdir()) == []


def test_a_start_that_was_cut_off_does_not_count_as_done(cli: Cli) -> None:
    """The mark stands: it is stopped and started again, through its gate."""
    found = cli.applied().named("py")
    labels = ownership.helper_labels("py", project=None, image_id=found.image_id, holder=str(holder.this_process()))
    cli.engine.stranger("py.helper", {**labels, **ownership.mark_labels("start")})
    planned = cli("plan").out
    assert "recover" in planned
    assert "start" in planned
    assert cli("apply").code == 0
    assert cli.engine.calls.count("start") == 1
    assert [each.name for each in cli.engine.all.values()] == ["py"]


def test_prune_takes_what_is_half_made(cli: Cli) -> None:
    left(cli, ".new")
    assert cli("prune", "--leftovers", "--all-projects").code == 8
    ran = cli("prune", "--leftovers", "--all-projects", "--yes")
    assert (ran.code, cli.engine.all) == (0, {})


def test_prune_takes_what_is_past_its_time_in_its_project_only(cli: Cli) -> None:
    cli.applied(PROJECT.replace("lifecycle:", "lifecycle:\n    ttl: 60s"))
    assert cli("prune", "--expired", "--project", "lab", "--yes").code == 0
    assert len(cli.engine.all) == 1
    cli.engine.clock += 61
    assert cli("prune", "--expired", "--project", "other", "--yes").code == 0
    assert len(cli.engine.all) == 1
    assert cli("prune", "--expired", "--project", "lab", "--yes").code == 0
    assert cli.engine.all == {}


def test_prune_takes_files_and_images_that_nothing_uses(cli: Cli) -> None:
    ours = {ownership.MANAGED: "true", ownership.NAME: "gone"}
    cli.engine.volumes |= {
        "sandboxctl-file.gone.0444.sha256-1": {**ours, ownership.PROJECT: "lab"},
        "sandboxctl-file.other.0444.sha256-1": {},
        "data": ours,
    }
    mine, written = f"localhost/sandboxctl-setup:{'a' * 32}", "localhost/sandboxctl-setup:by-hand"
    cli.engine.local |= {mine: "sha256:" + "a" * 64, written: "sha256:" + "9" * 64}
    cli.engine.prepared |= {mine: cli.engine.local[BUSYBOX], written: cli.engine.local[BUSYBOX]}
    assert "delete image" not in cli("prune", "--leftovers", "--project", "lab").out
    ran = cli("prune", "--leftovers", "--all-projects", "--yes")
    assert ran.code == 0, ran
    assert f"delete image {mine}" in ran.out
    assert "delete volume sandboxctl-file.gone.0444.sha256-1" in ran.out
    assert set(cli.engine.volumes) == {"sandboxctl-file.other.0444.sha256-1", "data"}
    assert {each for each in cli.engine.local if "setup" in each} == {written}
    assert cli("prune", "--leftovers", "--all-projects", "--yes").out.endswith("Nothing to do.\n")


@pytest.mark.parametrize("why", ["used", "new", "of a base that has lost its name"])
def test_prune_leaves_a_prepared_image_that_may_be_needed_or_would_take_its_base_along(cli: Cli, why: str) -> None:
    mine = f"localhost/sandboxctl-setup:{'a' * 32}"
    cli.engine.local[mine] = "sha256:" + "a" * 64
    cli.engine.prepared[mine] = cli.engine.local[BUSYBOX]
    match why:
        case "used":
            cli.engine.stranger("theirs").image_id = cli.engine.local[mine]
        case "new":
            cli.engine.made[mine] = cli.engine.clock - 60
        case _:
            cli.engine.prepared[mine] = cli.engine.nameless = "sha256:" + "7" * 64
    assert cli("prune", "--leftovers", "--all-projects", "--yes").out.endswith("Nothing to do.\n")
    assert mine in cli.engine.local


def test_prune_leaves_a_file_whose_sandbox_has_come_back_meanwhile(cli: Cli) -> None:
    file = "sandboxctl-file.gone.0444.sha256-1"
    ours = {ownership.MANAGED: "true", ownership.NAME: "gone"}
    cli.engine.volumes[file] = ours
    plan = pruning.prepare_prune(cli.engine, expired=False, project=None)
    cli.engine.stranger("gone", ours)
    (result,) = apply(plan, cli.engine, ApplyOptions(), emit=lambda _: None)
    assert (result.code, file in cli.engine.volumes) == (0, True)


def test_prune_leaves_strangers_alone(cli: Cli) -> None:
    cli.engine.stranger("py.new", {ownership.MANAGED: "true", ownership.NAME: "py"})
    assert cli("prune", "--leftovers", "--all-projects", "--yes").code == 0
    assert len(cli.engine.all) == 1


@pytest.mark.parametrize("words", [(), ("--expired",), ("--expired", "--leftovers", "--all-projects")])
def test_prune_wants_to_know_what_and_whose(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("prune", *words).code == 64


def test_apply_prune_deletes_what_the_project_has_besides(cli: Cli) -> None:
    cli.applied(PROJECT + "---\n" + PROJECT.replace("name: py", "name: surplus"))
    cli.write(PROJECT)
    assert cli("apply", "--prune", "--project", "lab").code == 8
    ran = cli("apply", "--prune", "--project", "lab", "--yes")
    assert (ran.code, [each.name for each in cli.engine.all.values()]) == (0, ["py"])
    assert cli("apply", "--prune", "--yes").code == 64


def test_drift_tells_what_the_spec_did_not_change(cli: Cli) -> None:
    cli.applied().named("py").fields[("resources", "pids")] = 4096
    ran = cli("drift")
    assert (ran.code, ran.out) == (2, "  ~ docker/py\n      resources.pids  256 → 4096  (changed)\n")


def test_what_only_the_spec_changed_is_no_drift(cli: Cli) -> None:
    cli.applied()
    cli.replace("64Mi", "128Mi")
    ran = cli("drift")
    assert (ran.code, ran.out) == (
        0,
        "No drift.\n1 sandbox differs because the spec changed: see `plan`.\n",
    )


def test_a_stopped_sandbox_is_drift(cli: Cli) -> None:
    found = cli.applied().named("py")
    found.status = replace(found.status, state="exited", exit_code=0)
    ran = cli("drift", "--output", "json")
    assert ran.code == 2
    assert ran.json == {
        "sandboxes": [{"address": "docker/py", "name": "py", "backend": "docker", "state": "stopped", "fields": []}],
        "foreign": [],
        "missing": [],
        "spec_changes": 0,
    }


def test_a_sandbox_that_went_behind_our_back_is_drift(cli: Cli) -> None:
    cli.applied().all.clear()
    ran = cli("drift")
    assert (ran.code, ran.out) == (2, "  ~ docker/py  missing\n")
    ran = cli("drift", "--output", "json")
    assert (ran.code, ran.json) == (2, {
        "sandboxes": [{"address": "docker/py", "name": "py", "backend": "docker", "state": "missing", "fields": []}],
        "foreign": [],
        "missing": [],
        "spec_changes": 0,
    })  # fmt: skip


def test_one_that_was_never_applied_is_not_there_and_no_drift(cli: Cli) -> None:
    cli.write()
    ran = cli("drift")
    assert (ran.code, ran.out) == (0, "1 sandbox is not there: see `plan`.\n")
    assert cli("drift", "--output", "json").json["missing"] == ["docker/py"]
    cli.applied(SPEC + "---\n" + SPEC.replace("name: py", "name: second"))
    cli.write(SPEC + "---\n" + SPEC.replace("name: py", "name: third"))
    ran = cli("drift")
    assert (ran.code, ran.out) == (0, "No drift in what is there.\n1 sandbox is not there: see `plan`.\n")


@pytest.mark.parametrize(
    "how",
    [
        lambda cli: cli("delete", "py", "--yes"),
        lambda cli: journal.path().unlink(),
        lambda cli: cli.replace("lifecycle:", "lifecycle:\n    ttl: 1h"),
    ],
    ids=["deleted", "no journal", "may have come to its end"],
)
def test_what_may_have_gone_rightly_is_no_drift(cli: Cli, how: Callable[[Cli], object]) -> None:
    cli.applied()
    how(cli)
    cli.engine.all.clear()
    ran = cli("drift")
    assert (ran.code, ran.out) == (0, "1 sandbox is not there: see `plan`.\n")


def test_the_journal_of_another_engine_says_nothing_of_this_one(cli: Cli) -> None:
    cli.applied().all.clear()
    text = journal.path().read_text()
    journal.path().write_text("no journal\n" + text.replace('"endpoint": "', '"endpoint": "other-'))
    assert cli("drift").code == 0
    journal.path().replace(journal.path().with_name("journal.1"))
    assert cli("drift").code == 0
    journal.path().write_text("[]\n" + text)
    assert cli("drift").code == 2


def test_the_journal_says_who_did_what_and_how_it_ended(cli: Cli) -> None:
    cli.applied()
    (entry,) = [json.loads(line) for line in journal.path().read_text().splitlines()]
    del entry["time"]
    assert entry == {
        "who": {"user": os.environ.get("USER", ""), "uid": os.getuid(), "host": holder.this_process().host,
                "pid": os.getpid()},
        "command": "apply",
        "plan": [{"address": "docker/py", "endpoint": cli.engine.reader.engine().endpoint, "action": "create",
                  "reason": None, "id": None}],
        "results": [{"name": "py", "code": 0, "outcome": "created"}],
    }  # fmt: skip


def test_no_plan_reads_the_journal(cli: Cli) -> None:
    cli.applied()
    journal.path().unlink()
    assert cli("plan", "--detailed-exitcode").code == 0
