"""plan, apply and delete on the engine in memory: what they print, ask and return."""

from __future__ import annotations

import os
import signal

import pytest

from sandboxctl.dataclass import replace
from sandboxctl.errors import EngineError, UnreachableError
from tests.cli.conftest import SPEC, Cli
from tests.memory_backend import PYTHON

TWO = SPEC + "---\n" + SPEC.replace("name: py", "name: web")
NOTHING = "Plan: 0 to create, 0 to update, 0 to replace, 0 to delete, 1 unchanged.\n"


def summary(**counts: int) -> dict[str, int]:
    names = ("create", "update", "replace", "delete", "start", "recover", "unchanged", "drifted")
    return {**dict.fromkeys(names, 0), **counts}


def test_a_plan_says_what_would_be_created_and_writes_nothing(cli: Cli) -> None:
    cli.write()
    ran = cli("plan")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "  + docker/py  docker.io/library/busybox:1  sha256:bbbbbbbbbbbb\n\n"
        "Plan: 1 to create, 0 to update, 0 to replace, 0 to delete, 0 unchanged.\n"
    )
    assert cli.engine.all == {}


def test_the_id_of_an_image_that_has_to_be_pulled_is_known_after_apply(cli: Cli) -> None:
    cli.write()
    cli.engine.local.clear()
    assert cli("plan").out.splitlines()[0] == "  + docker/py  docker.io/library/busybox:1  (known after apply)"


def test_after_apply_the_plan_is_empty(cli: Cli) -> None:
    cli.applied()
    ran = cli("plan", "--detailed-exitcode")
    assert (ran.code, ran.out, ran.err) == (0, NOTHING, "")


def test_diff_is_plan(cli: Cli) -> None:
    cli.applied()
    assert cli("diff").out == NOTHING


def test_a_live_change_is_one_line_with_its_place(cli: Cli) -> None:
    cli.applied()
    cli.replace("64Mi", "128Mi")
    ran = cli("plan", "--detailed-exitcode")
    assert ran.code == 2
    assert ran.out == (
        "  ~ docker/py  update  (the spec changed)\n"
        "      ~ resources.memory  64Mi → 128Mi  (live)  sandbox.yaml:8\n\n"
        "Plan: 0 to create, 1 to update, 0 to replace, 0 to delete, 0 unchanged.\n"
    )


def test_for_programs_a_change_has_its_path_values_cause_and_range(cli: Cli) -> None:
    cli.applied()
    cli.replace("64Mi", "128Mi")
    whole = cli("plan", "--output", "json").json
    (change,) = whole.pop("resource_changes")
    assert whole == {
        "format_version": "1.0", "tool_version": "0.1.0", "errored": False,
        "backends": [{"type": "docker", "endpoint": "memory://", "server_version": "1.0"}],
        "foreign": [], "recover": [], "diagnostics": [], "summary": summary(update=1),
    }  # fmt: skip
    live = cli.engine.named("py")
    before, after = change["change"].pop("before"), change["change"].pop("after")
    assert (before["resources"]["memory"], after["resources"]["memory"]) == (67108864, 134217728)
    assert change == {
        "address": "docker/py", "backend": "docker", "name": "py", "project": None,
        "source": {"filename": "sandbox.yaml", "document": 0},
        "change": {"actions": ["update"], "replace_paths": []},
        "action_reason": "update_because_spec_changed",
        "fields": [{
            "path": ["resources", "memory"], "before": 67108864, "after": 134217728, "effect": "live", "cause": "spec",
            "sensitive": False,
            "range": {"filename": "sandbox.yaml", "start": {"line": 8, "column": 13}, "end": {"line": 8, "column": 18}},
        }],
        "preconditions": {"id": live.ref, "spec_hash": live.labels["sandboxctl.dev/spec-hash"]},
    }  # fmt: skip


def test_the_same_plan_gives_the_same_bytes(cli: Cli) -> None:
    cli.applied(TWO)
    cli.replace("64Mi", "128Mi")
    assert cli("plan", "--output", "json").out == cli("plan", "--output", "json").out


COMMAND_TTL = SPEC.replace("  lifecycle:\n", "  command: [sleep, 2h]\n  lifecycle:\n    ttl: 1h\n")
ON_DOCKER = "`lifecycle.ttl` on docker: the engine does not end a command: it runs on until somebody runs `sandboxctl prune --expired`"


def test_a_time_that_nothing_on_this_engine_keeps_is_told_wherever_it_is_decided(cli: Cli) -> None:
    cli.write(COMMAND_TTL)
    told = f"sandbox.yaml:{COMMAND_TTL.splitlines().index('    ttl: 1h') + 1}:5: warning: {ON_DOCKER} [left-to-do]\n"
    for words in (("plan",), ("apply", "--yes"), ("verify",)):
        assert told in cli(*words).err, words
    assert told in cli("validate", "--for", "docker,podman").out
    line = f"  emulated  lifecycle.ttl  sandbox.yaml:{told.split(':')[1]}  {ON_DOCKER.partition(': ')[2]}\n"
    assert line in cli("explain", "sandbox.yaml").out
    (found,) = cli("plan", "--output", "json").json["diagnostics"]
    assert (found["code"], found["severity"], found["path"]) == ("left-to-do", "warning", ["lifecycle", "ttl"])
    assert told not in cli("validate", "--for", "podman,kubernetes").out
    assert "left-to-do" not in cli("drift").err
    cli.write(SPEC.replace("  lifecycle:\n", "  lifecycle:\n    ttl: 1h\n"))  # idle ends by itself
    assert "left-to-do" not in cli("plan").err


def test_one_that_runs_on_past_its_time_is_shown_so_and_verify_fails(cli: Cli) -> None:
    engine = cli.applied(COMMAND_TTL)
    engine.clock += 3601
    assert "  expired (runs on)  yes  " in cli("list").out
    assert "state    expired (runs on), ready\n" in cli("status", "py").out
    (row,) = cli("list", "--output", "json").json["sandboxes"]
    assert (row["state"], row["ready"], row["exit_code"]) == ("expired", True, None)
    for word in ("py", "./"):
        ran = cli("verify", word, "--output", "json")
        controls = {each["control"]: each for each in ran.json["sandboxes"][0]["controls"]}
        assert (ran.code, controls["state"]["actual"], controls["state"]["status"]) == (6, "expired", "failed")


def test_the_exit_code_of_what_has_ended_is_shown(cli: Cli) -> None:
    engine = cli.applied(SPEC.replace("  lifecycle:\n", "  command: [sleep, 2h]\n  lifecycle:\n"))
    found = engine.named("py")
    assert cli("status", "py", "--output", "json").json["sandboxes"][0]["exit_code"] is None
    found.status = replace(found.status, state="exited", exit_code=3)
    assert "  failed (3)  no  " in cli("list").out
    assert "exit code  3\n" in cli("status", "py").out
    assert cli("status", "py", "--output", "json").json["sandboxes"][0]["exit_code"] == 3
    found.status = replace(found.status, state="exited", exit_code=137, oom_killed=True)
    assert "exit code  137  (killed: out of memory)\n" in cli("status", "py").out
    found.status = replace(found.status, exit_code=0, oom_killed=False)
    assert "  complete  no  " in cli("list").out
    assert "exit code  0\n" in cli("status", "py").out


def test_a_limit_lifted_by_hand_is_drift(cli: Cli) -> None:
    cli.applied().named("py").fields[("resources", "pids")] = 4096
    assert "      ~ resources.pids  4096 → 256  (live, drift)  the default\n" in cli("plan").out
    assert cli("plan", "--output", "json").json["summary"] == summary(update=1, drifted=1)


def test_a_sensitive_value_is_shown_nowhere(cli: Cli) -> None:
    cli.monkeypatch.setenv("TOKEN", "hunter2")
    cli.applied(SPEC.replace("  image:", "  env: {TOKEN: {fromEnv: TOKEN}}\n  image:"))
    assert cli("plan").out == NOTHING
    cli.monkeypatch.setenv("TOKEN", "swordfish")
    text, json = cli("plan"), cli("plan", "--output", "json")
    assert "      ~ env.TOKEN  (sensitive, changed)  (replace)  sandbox.yaml:6\n" in text.out
    for word in ("hunter2", "swordfish"):
        assert word not in text.out + text.err + json.out + json.err
    (change,) = json.json["resource_changes"]
    assert (change["change"]["before"]["env"]["TOKEN"], change["change"]["after"]["env"]["TOKEN"]) == (None, None)


def test_what_is_live_and_not_known_to_be_plain_is_null(cli: Cli) -> None:
    cli.monkeypatch.setenv("TOKEN", "hunter2")
    cli.applied(SPEC.replace("  image:", "  env: {TOKEN: {fromEnv: TOKEN}}\n  image:"))
    cli.write()
    ran = cli("plan", "--output", "json")
    assert "hunter2" not in ran.out
    assert ran.json["resource_changes"][0]["change"]["before"]["env"]["TOKEN"] is None


def test_a_replace_asks_and_y_goes_on(cli: Cli) -> None:
    old = cli.applied().named("py").ref
    cli.replace("busybox:1", "python:3.12")
    ran = cli("apply", stdin="y\n", terminal=True)
    assert ran.code == 0
    assert ran.err.startswith("Go on? [y/N] ")
    assert ran.out.endswith("py  replaced\nDone: 1 replaced.\n")
    assert cli.engine.named("py").ref != old


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yess\n", "Y es\n"])
def test_all_but_yes_is_a_no(cli: Cli, answer: str) -> None:
    old = cli.applied().named("py").ref
    cli.replace("busybox:1", "python:3.12")
    ran = cli("apply", stdin=answer, terminal=True)
    assert (ran.code, ran.err) == (8, "Go on? [y/N] error: not approved: nothing was done\n")
    assert cli.engine.named("py").ref == old


@pytest.mark.parametrize("words", [("apply",), ("apply", "-"), ("apply", "--output", "json")])
def test_without_a_terminal_a_replace_needs_yes(cli: Cli, words: tuple[str, ...]) -> None:
    old = cli.applied().named("py").ref
    cli.replace("busybox:1", "python:3.12")
    spec = (cli.directory / "sandbox.yaml").read_text()
    ran = cli(*words, stdin=spec if "-" in words else "y\n", terminal="-" in words or "json" in words)
    assert ran.code == 8
    assert cli.engine.named("py").ref == old
    assert cli(*words, "--yes", stdin=spec).code == 0


def test_creates_and_live_changes_need_no_yes(cli: Cli) -> None:
    cli.write()
    assert cli("apply").code == 0
    cli.replace("64Mi", "128Mi")
    assert cli("apply").code == 0
    assert cli("plan").out == NOTHING


def test_apply_tells_programs_each_step_and_a_summary(cli: Cli) -> None:
    cli.write()
    ran = cli("apply", "--output", "json")
    assert (ran.code, ran.err) == (0, "")
    *steps, last = ran.events
    assert {(each["type"], each["name"]) for each in steps} == {("progress", "py")}
    assert last == {
        "type": "summary",
        "results": [{"name": "py", "code": 0, "outcome": "created", "rolled_back": False}],
    }


def test_a_missing_approval_still_ends_in_a_summary(cli: Cli) -> None:
    cli.applied()
    cli.replace("busybox:1", "python:3.12")
    ran = cli("apply", "--output", "json")
    assert ran.events == [
        {"type": "summary", "results": [{"name": "py", "code": 8, "outcome": "skipped", "rolled_back": False}]}
    ]


def test_a_failed_create_leaves_nothing_and_is_exit_6(cli: Cli) -> None:
    cli.write(SPEC.replace("  image:", "  command: ['false']\n  image:"))
    ran = cli("apply")
    assert (ran.code, cli.engine.all) == (6, {})
    assert "py  failed: py ended with code 1\n" in ran.out
    assert ran.out.endswith("Done: 1 failed.\n")


def test_some_done_and_some_failed_is_exit_7_with_a_line_for_each(cli: Cli) -> None:
    cli.write(TWO.replace("name: web\nspec:", "name: web\nspec:\n  command: ['false']"))
    ran = cli("apply", "--output", "json")
    assert ran.code == 7
    assert ran.events[-1]["results"] == [
        {"name": "py", "code": 0, "outcome": "created", "rolled_back": False},
        {"name": "web", "code": 6, "outcome": "failed", "rolled_back": False},
    ]
    assert ran.events[-2]["message"].startswith("web ended with code 1")
    assert ran.events[-2]["exit_code"] == 1


def test_a_failed_replace_says_that_it_was_rolled_back(cli: Cli) -> None:
    old = cli.applied().named("py").ref
    cli.replace("  image:", "  command: ['false']\n  image:")
    ran = cli("apply", "--yes")
    assert ran.code == 6
    assert "py  failed, rolled back: " in ran.out
    assert cli("apply", "--yes", "--output", "json").events[-2]["exit_code"] == 1
    assert cli.engine.named("py").ref == old


def test_a_signal_lets_the_step_in_flight_end_and_begins_nothing_new(cli: Cli) -> None:
    cli.write()
    cli.engine.meanwhile["start"] = lambda: os.kill(os.getpid(), signal.SIGTERM)
    ran = cli("apply")
    assert (ran.code, [each.name for each in cli.engine.all.values()]) == (143, ["py"])
    assert "interrupted: finishing the step in flight; once more to leave at once\n" in ran.err
    assert ran.out.endswith("py  created\nDone: 1 created.\n")


def test_a_stranger_with_the_name_is_a_conflict_and_is_left_alone(cli: Cli) -> None:
    cli.engine.stranger("py")
    cli.write()
    plan = cli("plan")
    assert plan.code == 5
    assert plan.out.startswith("  ! docker/py  not ours: it was not made by sandboxctl\n")
    assert plan.err.startswith("error: py on docker is not ours: it was not made by sandboxctl\nhint: ")
    assert cli("apply", "--yes").code == 5
    assert cli("delete", "py", "--yes").code == 5
    assert [each.name for each in cli.engine.all.values()] == ["py"]


def test_for_programs_a_stranger_is_in_the_plan(cli: Cli) -> None:
    stranger = cli.engine.stranger("py")
    cli.write()
    ran = cli("plan", "--output", "json")
    assert ran.code == 5
    assert (ran.json["errored"], ran.json["foreign"]) == (
        True,
        [{"address": "docker/py", "backend": "docker", "name": "py", "id": stranger.ref,
          "reason": "it was not made by sandboxctl"}],
    )  # fmt: skip


def test_moving_to_another_project_is_a_conflict_that_says_how(cli: Cli) -> None:
    cli.applied()
    cli.replace("name: py", "name: py\n  project: lab")
    ran = cli("apply", "--yes")
    assert ran.code == 5
    assert "hint: moving a sandbox to another project is delete, then apply\n" in ran.err


def test_an_engine_that_does_not_answer_is_exit_4(cli: Cli) -> None:
    cli.engine.down = UnreachableError("docker at memory:// does not answer", hint="is it running?")
    cli.write()
    ran = cli("plan")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "error: docker at memory:// does not answer\nhint: is it running?\n"
    assert cli("apply", "--output", "json").json == {
        "error": {"code": 4, "message": "docker at memory:// does not answer", "hint": "is it running?", "sandbox": None},
        "diagnostics": [],
    }  # fmt: skip


def test_a_field_that_the_engine_refuses_makes_no_call(cli: Cli) -> None:
    cli.write(SPEC.replace("64Mi", "64Mi\n  security: {userNamespace: auto}"))
    ran = cli("apply", "--yes")
    assert (ran.code, cli.engine.calls) == (3, [])
    assert ran.err.startswith("sandbox.yaml:9:14: error: ")


def test_an_image_that_may_not_be_pulled_and_is_not_there_is_exit_3(cli: Cli) -> None:
    cli.write(SPEC.replace("image: busybox:1", "image: {ref: 'python:3.12', pull: never}"))
    ran = cli("plan")
    assert ran.code == 3
    assert ran.err.startswith("sandbox.yaml:6:")
    assert ran.err.endswith("1 error; `sandboxctl explain image-not-found` says more\n")


def test_an_image_that_no_registry_has_is_exit_3_and_creates_nothing(cli: Cli) -> None:
    cli.write(SPEC.replace("busybox:1", "busybox:99"))
    ran = cli("apply")
    assert (ran.code, cli.engine.all) == (3, {})
    assert ran.err.endswith(
        "error: there is no image docker.io/library/busybox:99 in its registry\n"
        "  sandbox.yaml:6:10: [engine-refused]\n"
        "  6 |   image: busybox:99\n"
        "    |          ^^^^^^^^^^\n"
    )


def test_pull_always_pulls_before_the_plan_is_made(cli: Cli) -> None:
    cli.write(SPEC.replace("image: busybox:1", "image: {ref: 'python:3.12', pull: always}"))
    ran = cli("apply")
    assert (ran.code, cli.engine.local[PYTHON]) == (0, cli.engine.registry[PYTHON])
    assert cli.engine.calls.index("pull") < cli.engine.calls.index("containers")


def test_a_warning_does_not_stop_anything(cli: Cli) -> None:
    cli.engine.local["docker.io/library/busybox:latest"] = "sha256:" + "e" * 64
    cli.write(SPEC.replace("busybox:1", "busybox"))
    ran = cli("apply")
    assert ran.code == 0
    assert "warning:" in ran.err


def test_delete_by_name_asks_and_removes(cli: Cli) -> None:
    cli.applied()
    assert cli("delete", "py").code == 8
    ran = cli("delete", "py", "--yes")
    assert (ran.code, cli.engine.all) == (0, {})
    assert ran.out == (
        "  - docker/py  delete  (as asked)\n\n"
        "Plan: 0 to create, 0 to update, 0 to replace, 1 to delete, 0 unchanged.\n"
        "py  deleted\n"
        "Done: 1 deleted.\n"
    )


def test_deleting_what_is_not_there_is_done_already(cli: Cli) -> None:
    ran = cli("delete", "py", "--output", "json")
    assert (ran.code, ran.events) == (
        0,
        [{"type": "summary", "results": [{"name": "py", "code": 0, "outcome": "unchanged", "rolled_back": False}]}],
    )


def test_deleting_what_is_not_there_is_told_in_words(cli: Cli) -> None:
    ran = cli("delete", "py", "--yes")
    assert (ran.code, ran.out.splitlines()[1:]) == (
        0, ["py  unchanged: there is no such sandbox", "Done: 1 unchanged."]
    )  # fmt: skip


def test_a_delete_says_before_which_volumes_stay_and_which_go(cli: Cli) -> None:
    cli.engine.volumes["old"] = {}
    volumes = (("data", "true"), ("more", "true"), ("old", "false"), ("scratch", "false"))
    mounts = [f"{{type: volume, source: {name}, target: /{name}, keep: {keep}}}" for name, keep in volumes]
    cli.applied(f"{SPEC}  mounts: [{', '.join(mounts)}]\n")
    ran = cli("delete", "py", "--yes")
    assert [line.strip() for line in ran.out.splitlines() if "note:" in line] == [
        "note: the volumes data, more, old are kept", "note: the volume scratch is deleted with it",
    ]  # fmt: skip
    assert list(cli.engine.volumes) == ["old", "data", "more"]


def test_delete_by_file_removes_what_the_file_names(cli: Cli) -> None:
    cli.applied(TWO)
    cli.write(name="one.yaml")
    assert cli("delete", "one.yaml", "--yes").code == 0
    assert [each.name for each in cli.engine.all.values()] == ["web"]


def test_delete_by_file_leaves_a_sandbox_of_another_project_alone(cli: Cli) -> None:
    cli.write(SPEC.replace("name: py", "name: py\n  project: theirs"))
    assert cli("apply", "--yes").code == 0
    cli.write(SPEC)
    ran = cli("delete", "sandbox.yaml", "--yes")
    assert ran.code == 5
    assert "it belongs to project theirs, this spec to no project" in ran.err
    assert [each.name for each in cli.engine.all.values()] == ["py"]
    assert cli("delete", "py", "--yes").code == 0


def test_delete_by_project_removes_the_whole_project_and_no_more(cli: Cli) -> None:
    cli.applied(TWO.replace("name: py", "name: py\n  project: lab"))
    assert cli("delete", "--project", "lab", "--yes").code == 0
    assert [each.name for each in cli.engine.all.values()] == ["web"]


def test_names_and_a_project_exclude_each_other(cli: Cli) -> None:
    assert cli("delete", "py", "--project", "lab", "--yes").code == 64


def test_a_sandbox_is_deleted_by_its_file_though_its_bind_source_is_gone(cli: Cli) -> None:
    (cli.directory / "data").mkdir()
    cli.applied(SPEC + "  mounts: [{type: bind, source: ./data, target: /data}]\n")
    (cli.directory / "data").rmdir()
    assert cli("plan").code == 3
    assert cli("delete", "sandbox.yaml", "--yes").code == 0
    assert cli.engine.all == {}


def test_verify_of_one_that_is_there_and_one_that_is_not_tells_of_both(cli: Cli) -> None:
    cli.applied()
    ran = cli("verify", "py", "nope")
    assert ran.code == 9
    assert "py: " in ran.out
    assert "there is no sandbox nope" in ran.err


def test_plan_says_that_what_is_always_pulled_may_move(cli: Cli) -> None:
    cli.write(SPEC.replace("image: busybox:1", "image: {ref: busybox:1, pull: always}"))
    assert "note: py: pull is always, so apply pulls docker.io/library/busybox:1 before it plans" in cli("plan").err


def test_plan_says_what_a_workdir_hides(cli: Cli) -> None:
    cli.write(SPEC + "  workdir: /srv/app\n")
    assert "note: the workdir /srv/app is an empty tmpfs: it hides what the image has there" in cli("plan").out
    cli.write(SPEC)
    assert "note:" not in cli("plan").out


def complaint(cli: Cli) -> None:
    """An engine that will not start what has this much memory."""
    cli.write()
    cli.engine.broken["start"] = EngineError("minimum memory limit allowed is 6MB", status=500, hint="ask for more",
                                             field=("resources", "memory"))  # fmt: skip


def test_what_an_engine_complains_about_is_shown_in_the_spec(cli: Cli) -> None:
    complaint(cli)
    ran = cli("apply")
    assert ran.code == 6
    assert ran.out.endswith(
        "py  failed: py did not start: minimum memory limit allowed is 6MB\n"
        "    hint: ask for more\n"
        "  sandbox.yaml:8:13: [engine-refused]\n"
        "  8 |     memory: 64Mi\n"
        "    |             ^^^^\n"
        "Done: 1 failed.\n"
    )


def test_a_program_is_told_where_in_the_spec_it_is(cli: Cli) -> None:
    complaint(cli)
    ran = cli("apply", "--output", "json")
    (failed,) = [each for each in ran.events if each.get("step") == "failed"]
    (found,) = failed["diagnostics"]
    assert (found["code"], found["path"], found["range"]["start"]) == (
        "engine-refused", ["resources", "memory"], {"line": 8, "column": 13},
    )  # fmt: skip
