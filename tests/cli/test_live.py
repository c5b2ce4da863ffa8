"""list, status, verify, exec, logs on the engine in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sandboxctl.errors import ConflictError, UnreachableError
from sandboxctl.states import remedy
from tests.cli.conftest import SPEC, Cli

TWO = SPEC + "---\n" + SPEC.replace("name: py", "name: web\n  project: lab")


def test_a_list_is_a_table(cli: Cli) -> None:
    cli.applied(TWO)
    assert [line.split() for line in cli("list").out.splitlines()] == [
        ["NAME", "PROJECT", "BACKEND", "STATE", "READY", "AGE", "EXPIRES", "SPEC", "IMAGE"],
        ["py", "-", "docker", "running", "yes", "0s", "never", "in-sync", "docker.io/library/busybox:1"],
        ["web", "lab", "docker", "running", "yes", "0s", "never", "in-sync", "docker.io/library/busybox:1"],
    ]


def test_a_list_of_a_project_has_no_other(cli: Cli) -> None:
    cli.applied(TWO)
    ran = cli("list", "--project", "lab", "--output", "json")
    assert [each["name"] for each in ran.json["sandboxes"]] == ["web"]


def test_for_programs_a_row_has_every_key(cli: Cli) -> None:
    engine = cli.applied()
    assert cli("status", "py", "--output", "json").json == {
        "sandboxes": [{
            "name": "py", "project": None, "backend": "docker", "id": engine.named("py").ref,
            "image": "docker.io/library/busybox:1", "state": "running", "ready": True, "created": "2027-01-15T08:00:00Z",
            "expires": None, "spec": "in-sync", "exit_code": None,
        }]
    }  # fmt: skip


def test_no_sandboxes_are_an_empty_list(cli: Cli) -> None:
    assert cli("list", "--output", "json").json == {"sandboxes": []}
    ran = cli("list")
    assert (ran.code, ran.out, ran.err) == (0, "", "no sandboxes\n")


def test_a_list_compares_with_the_spec_at_hand(cli: Cli) -> None:
    cli.applied()
    cli.replace("64Mi", "128Mi")
    assert cli("list", "--output", "json").json["sandboxes"][0]["spec"] == "differs"
    (cli.directory / "sandbox.yaml").unlink()
    assert cli("list", "--output", "json").json["sandboxes"][0]["spec"] == "in-sync"


def test_a_spec_with_errors_does_not_stop_a_list(cli: Cli) -> None:
    cli.applied()
    cli.write("nonsense: true\n")
    ran = cli("list")
    assert ran.code == 0
    assert ran.err == "note: sandbox.yaml has errors, so sandboxes are compared with what was applied\n"


def test_a_status_names_the_fields_that_differ(cli: Cli) -> None:
    cli.applied().named("py").fields[("resources", "memory")] = 2**30
    assert "  resources.memory  1Gi, its spec says 64Mi\n" in cli("status", "py").out


@pytest.mark.parametrize(
    "words",
    [
        ("status", "py"),
        ("verify", "py"),
        ("verify", "sandbox.yaml"),
        ("exec", "py", "--", "echo"),
        ("logs", "py"),
        ("shell", "py"),
        ("cp", "py:/x", "x"),
    ],
)
def test_no_such_sandbox_is_exit_9(cli: Cli, words: tuple[str, ...]) -> None:
    cli.write()
    ran = cli(*words)
    assert (ran.code, ran.out) == (9, "")
    assert ran.err.startswith("error: there is no sandbox py")


def test_verify_by_file_counts_its_controls_on_the_last_line(cli: Cli) -> None:
    cli.applied()
    ran = cli("verify")
    assert ran.code == 0
    assert ran.out.splitlines()[0].split() == ["CONTROL", "EXPECTED", "ACTUAL", "STATUS", "EVIDENCE"]
    assert ran.out.splitlines()[-1].startswith("py: ")


def test_verify_by_file_does_not_speak_for_another_projects_sandbox(cli: Cli) -> None:
    cli.applied()
    cli.write(SPEC.replace("name: py", "name: py\n  project: lab"))
    ran = cli("verify")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == "error: py on docker is not ours: it belongs to no project, this spec to project lab\n"


def test_a_control_that_failed_is_exit_6_and_shows_what_differs(cli: Cli) -> None:
    cli.applied().named("py").fields[("resources", "memory")] = 2**30
    for words in (("verify",), ("verify", "py")):
        ran = cli(*words)
        assert ran.code == 6
        memory = next(line for line in ran.out.splitlines() if line.startswith("memory "))
        assert memory.split()[-2:] == ["failed", "engine"]


def test_strict_fails_for_what_cannot_be_proved(cli: Cli) -> None:
    cli.applied()
    verdict = cli("verify", "--output", "json").json["sandboxes"][0]
    statuses = {control["status"] for control in verdict["controls"]}
    assert (verdict["ok"], statuses) == (True, {"reported", "unprovable"})
    assert cli("verify", "--strict").code == 6


def test_exec_gives_the_output_and_the_code_of_the_command(cli: Cli) -> None:
    cli.applied()
    assert cli("exec", "py", "--", "echo", "-n", "hello").out == "-n hello\n"
    assert cli("exec", "py", "--", "exit", "42").code == 42
    assert cli("exec", "py", "--", "nonsense").code == 127


def test_exec_passes_standard_input_on_only_where_it_is_asked_to(cli: Cli) -> None:
    cli.applied()
    assert cli("exec", "-i", "py", "--", "cat", stdin="words").out == "words"
    assert cli("exec", "py", "--", "cat", stdin="words").out == ""


def test_exec_in_what_does_not_run_is_125(cli: Cli) -> None:
    engine = cli.applied()
    engine.stop(engine.named("py").ref, grace=0)
    ran = cli("exec", "py", "--", "echo")
    assert (ran.code, ran.out) == (125, "")
    assert ran.err == "error: py is not running: it is stopped\nhint: `sandboxctl apply` starts it\n"


JOB = SPEC.replace("  lifecycle:\n", "  command: [sleep, 2h]\n  lifecycle:\n    ttl: 3h\n")
REPLACES = "`sandboxctl apply` replaces it"


@pytest.mark.parametrize(
    ("status", "later", "state", "hint"),
    [
        ({"state": "exited", "exit_code": 0}, 0, "complete", remedy("complete")),
        ({"state": "exited", "exit_code": 3}, 0, "failed", REPLACES),
        ({"state": "exited", "exit_code": 0}, 4 * 3600, "expired", REPLACES),
        ({"state": "paused"}, 0, "paused", "`sandboxctl apply` starts it"),
        ({"state": "restarting"}, 0, "restarting", "`sandboxctl status` says when it runs"),
    ],
)
def test_what_does_not_run_is_named_by_its_state_with_what_apply_would_do(
    cli: Cli, status: dict[str, Any], later: int, state: str, hint: str
) -> None:
    engine = cli.applied(JOB)
    engine.named("py").status = replace(engine.named("py").status, **status)
    engine.clock += later
    for words in (("exec", "py", "--", "echo"), ("shell", "py"), ("cp", "py:/x", "x")):
        assert cli(*words).err == f"error: py is not running: it is {state}\nhint: {hint}\n"


def test_verify_names_a_state_as_list_does(cli: Cli) -> None:
    engine = cli.applied()
    engine.stop(engine.named("py").ref, grace=0)
    found = cli("verify", "py", "--output", "json").json["sandboxes"][0]["controls"]
    assert next(each["actual"] for each in found if each["control"] == "state") == "stopped"
    assert "  `sandboxctl apply` starts it\n" in cli("verify", "py").out


def test_what_is_said_of_every_control_is_said_once(cli: Cli) -> None:
    engine = cli.applied(JOB)
    engine.named("py").status = replace(engine.named("py").status, state="exited", exit_code=0)
    lines = cli("verify").out.splitlines()
    assert lines[-2] == "  all of them: it has ended: there is no process left to look at"
    assert sum("it has ended" in line for line in lines) == 1


def test_a_failure_of_ours_in_exec_is_125_and_a_silent_engine_4(cli: Cli) -> None:
    engine = cli.applied()
    engine.broken["exec"] = ConflictError("it is being removed")
    assert cli("exec", "py", "--", "echo").code == 125
    engine.broken["exec"] = UnreachableError("no answer")
    assert cli("exec", "py", "--", "echo").code == 4


def test_exec_in_a_strangers_container_is_refused(cli: Cli) -> None:
    cli.engine.stranger("py")
    assert cli("exec", "py", "--", "echo").code == 125


def test_logs_go_where_the_sandbox_wrote_them(cli: Cli) -> None:
    cli.applied().named("py").logs += [(1, b"one\n"), (2, b"two\n"), (1, b"three\x1b[31m\n")]
    ran = cli("logs", "py", "--tail", "2")
    assert (ran.code, ran.err) == (0, "two\n")
    assert ran.out == "three\x1b[31m\n"


def test_on_a_terminal_logs_cannot_drive_it(cli: Cli) -> None:
    cli.applied().named("py").logs += [(1, "caf\u00e9\r\n\x1b[31mred\r".encode())]
    cli.monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert cli("logs", "py").out == "caf\u00e9\n\\x1b[31mred"
    assert cli("logs", "py", "--raw").out == "caf\u00e9\r\n\x1b[31mred\r"


def test_a_lines_end_that_comes_in_two_parts_is_one(cli: Cli) -> None:
    cli.applied().named("py").logs += [(1, b"one\r"), (1, b"\ntwo\rthree\n")]
    cli.monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert cli("logs", "py").out == "one\ntwo\\rthree\n"


def test_on_a_terminal_a_command_without_one_cannot_drive_ours(cli: Cli) -> None:
    cli.applied()
    assert cli("exec", "py", "--", "echo", "\x1b[31mred").out == "\x1b[31mred\n"
    cli.monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert cli("exec", "py", "--", "echo", "\x1b[31mred").out == "\\x1b[31mred\n"
