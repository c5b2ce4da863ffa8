"""The command line itself: help, versions, wrong words, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sandboxctl import __version__, resources
from sandboxctl.backends.base import Backend, Connection
from sandboxctl.cli import habits
from sandboxctl.cli.boundary import main
from sandboxctl.cli.program import VERBS, program
from tests.cli.conftest import Cli


def test_every_verb_is_listed_with_the_first_line_of_its_own_help() -> None:
    context = click.Context(program)
    helps = {verb: program.get_command(context, verb) for verb in VERBS}
    assert {verb: (command.help or "").splitlines()[0] for verb, command in helps.items() if command} == VERBS


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["plan", "--help"], ["exec", "-h"]])
def test_help_is_a_result(cli: Cli, words: list[str]) -> None:
    ran = cli(*words)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Usage: sandboxctl")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (["pln"], "there is no command `pln`", "did you mean `plan`?"),
        (["help"], "there is no command `help`", "see `sandboxctl --help`"),
        (["help", "plan"], "there is no command `help`", "see `sandboxctl plan --help`"),
        (["ps"], "there is no command `ps`", "did you mean `list`?"),
        (["up"], "there is no command `up`", "did you mean `apply`?"),
        (["start", "py"], "there is no command `start`", "did you mean `apply`?"),
        (["down"], "there is no command `down`", "did you mean `delete`?"),
        (["rm", "py"], "there is no command `rm`", "did you mean `delete`?"),
        (["inspect", "py"], "there is no command `inspect`", "did you mean `status`?"),
        (["run", "py"], "there is no command `run`", "`apply` makes what a spec says, `exec NAME -- CMD` runs a command in it"),
        (["stop", "py"], "there is no command `stop`", "`delete` removes it; `lifecycle.ttl` in the spec ends it by itself"),
        (["kill", "py"], "there is no command `kill`", "`delete` removes it; `lifecycle.ttl` in the spec ends it by itself"),
        (["apply", "-f", "x.yaml"], "there is no option `-f`", "files need no option: `sandboxctl apply FILE`"),
        (["plan", "--file", "x.yaml"], "there is no option `--file`", "files need no option: `sandboxctl plan FILE`"),
        (["list", "-o", "json"], "there is no option `-o`", "did you mean `--output`, as in `--output json`?"),
        (["list", "-n", "lab"], "there is no option `-n`", "did you mean `--namespace`?"),
        (["apply", "--name", "py"], "there is no option `--name`", "the name is `metadata.name` in the spec"),
        (["exec", "--name", "py", "--", "ls"], "there is no option `--name`", "a name needs no option: `sandboxctl exec NAME`"),
        (["exec", "-e", "A=1", "py", "--", "ls"], "there is no option `-e`", "write `sandboxctl exec NAME -- env A=1 CMD`; what every command has is `env` in the spec"),
        (["exec", "-e", "A=1", "py", "ls"], "there is no option `-e`", "write `sandboxctl exec NAME -- env A=1 CMD`; what every command has is `env` in the spec"),
        (["exec", "-u", "0", "py", "--", "id"], "there is no option `-u`", "did you mean `--user`?"),
        (["apply", "-p", "80:80"], "there is no option `-p`", "that is `network.ports` in the spec"),
        (["delete", "--force", "py"], "there is no option `--force`", "did you mean `--yes`?"),
        (["apply", "--dry-run"], "there is no option `--dry-run`", "`plan` shows what would be done"),
        (["frobnicate"], "there is no command `frobnicate`", "see `sandboxctl --help`"),
        (["plan", "--detailed-exitcodes"], "there is no option `--detailed-exitcodes`", "did you mean `--detailed-exitcode`?"),
        (["plan", "--deta"], "there is no option `--deta`", "did you mean `--detailed-exitcode`?"),
        (["plan", "--xyzzy"], "there is no option `--xyzzy`", "see `sandboxctl plan --help`"),
        (["plan", "--output", "xml"], "invalid value for '--output': 'xml' is not one of 'text', 'json'", "see `sandboxctl plan --help`"),
        (["plan", "--timeout", "soon"], "invalid value for '--timeout': `soon` is not a duration: write it as in 90s, 15m or 1h30m", "see `sandboxctl plan --help`"),
        (["plan", "--backend", "lxc"], "invalid value for '--backend': 'lxc' is none of docker, podman, kubernetes", "see `sandboxctl plan --help`"),
        (["exec", "py", "ls", "-l"], "there is no option `-l`", "put `--` before the command, as in `sandboxctl exec NAME -- ls -l`"),
        (["status"], "missing argument 'NAME'", "see `sandboxctl status --help`"),
        (["plan", "py"], "`py` is the name of a sandbox, and this takes files", "name a file: there is sandbox.yaml"),
        (["validate", "--var", "X"], "--var X: a variable is written NAME=VALUE", "write --var X=…"),
        (["cp", "a", "b"], "one of the two has to be NAME:PATH, and only one", "as in `sandboxctl cp report.txt py:/workspace`"),
        (["cp", "a:/x", "b:/x"], "one of the two has to be NAME:PATH, and only one", "as in `sandboxctl cp report.txt py:/workspace`"),
        (["delete"], "what is to be deleted?", "give files, names, or --project"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_one_line_with_a_hint_and_exit_64(
    cli: Cli, words: list[str], message: str, hint: str
) -> None:
    cli.write()
    ran = cli(*words)
    assert (ran.code, ran.out, ran.err) == (64, "", f"error: {message}\nhint: {hint}\n")


def test_every_verb_of_another_tool_leads_to_one_of_ours() -> None:
    assert not habits.VERBS.keys() & VERBS.keys()
    assert set(habits.VERBS.values()) <= VERBS.keys()


def test_with_json_a_wrong_command_line_is_the_error_form_on_standard_output(cli: Cli) -> None:
    ran = cli("plan", "--xyzzy", "--output", "json")
    assert (ran.code, ran.err) == (64, "")
    message, hint = "there is no option `--xyzzy`", "see `sandboxctl plan --help`"
    assert ran.json == {
        "error": {"code": 64, "message": message, "hint": hint, "sandbox": None},
        "diagnostics": [],
    }


def test_no_words_at_all_are_a_wrong_command_line_that_shows_the_help(cli: Cli) -> None:
    ran = cli()
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith("Usage: sandboxctl")


def test_standard_options_may_stand_before_the_verb(cli: Cli) -> None:
    cli.write()
    assert cli("--output", "json", "validate").json == {"diagnostics": []}


def test_an_option_after_the_verb_wins_over_one_before_it(cli: Cli) -> None:
    cli.write()
    assert cli("--output", "json", "validate", "--output", "text").out == "1 sandbox: valid\n"


def test_connections_come_from_flags_over_the_spec(cli: Cli) -> None:
    seen: list[tuple[str, Connection]] = []

    def connect(name: str, connection: Connection) -> Backend:
        seen.append((name, connection))
        return cli.engine

    cli.write()
    cli.replace("  image:", "  docker: {host: unix:///spec.sock}\n  image:")
    assert main(["plan"], connect=connect) == 0
    assert main(["plan", "--docker-host", "unix:///flag.sock", "--timeout", "1m"], connect=connect) == 0
    assert main(["plan", "--docker-context", "lab"], connect=connect) == 0
    assert seen == [
        ("docker", Connection(docker_host="unix:///spec.sock")),
        ("docker", Connection(docker_host="unix:///flag.sock", timeout=60.0)),
        ("docker", Connection(docker_context="lab")),
    ]


def test_k8s_is_kubernetes_everywhere(cli: Cli) -> None:
    ran = cli("schema", "--payload", "k8s")
    assert ran.out == (resources.schemas() / "payload" / "kubernetes.schema.json").read_text()


def test_the_schema_is_printed_as_it_is(cli: Cli) -> None:
    assert cli("schema").out == (resources.schemas() / "sandbox.v1.schema.json").read_text()


def test_the_version_has_a_form_for_programs(cli: Cli) -> None:
    assert cli("--version").out == f"sandboxctl {__version__}\n"
    assert cli("version", "--output", "json").json["version"] == __version__


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_call_us_back(cli: Cli, shell: str) -> None:
    ran = cli("completion", shell)
    assert (ran.code, f"_SANDBOXCTL_COMPLETE={shell}_complete" in ran.out) == (0, True)


def test_a_shell_that_asks_for_completions_gets_verbs(cli: Cli) -> None:
    cli.monkeypatch.setenv("_SANDBOXCTL_COMPLETE", "bash_complete")
    cli.monkeypatch.setenv("COMP_WORDS", "sandboxctl ver")
    cli.monkeypatch.setenv("COMP_CWORD", "1")
    assert cli().out.split() == ["plain,verify", "plain,version"]


class Bug(Exception):
    """What no code of ours expects."""


def _broken(_name: str, _connection: Connection) -> Backend:
    raise Bug("two lines\nof \x1b[31mnonsense")


def test_a_bug_is_one_line_that_asks_for_a_report(cli: Cli) -> None:
    cli.write()
    assert main(["plan"], connect=_broken) == 1
    line = r"bug: Bug: two lines\nof \x1b[31mnonsense; please report it, with -v for the traceback"
    assert cli.capsys.readouterr() == ("", f"sandboxctl: {line}\n")


def test_a_bug_in_exec_does_not_pass_for_the_commands_own_end(cli: Cli) -> None:
    cli.applied().broken["exec"] = ZeroDivisionError("oh")  # type: ignore[assignment]
    assert (cli("exec", "py", "--", "true").code, cli("list").code) == (125, 0)


@pytest.mark.parametrize(("word", "path"), [(".", "./"), ("..", "../"), ("My_Specs", "My_Specs/")])
def test_what_is_no_name_and_lies_here_is_led_to_its_path(cli: Cli, word: str, path: str) -> None:
    (cli.directory / "My_Specs").mkdir()
    for verb in ("verify", "delete"):
        assert cli(verb, word).err == f"error: `{word}` is no name of a sandbox\nhint: a path needs a `/`: `{path}`\n"


def test_a_bug_shows_its_traceback_with_v(cli: Cli) -> None:
    cli.write()
    assert main(["plan", "-v"], connect=_broken) == 1
    assert "Traceback (most recent call last)" in cli.capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["int", "term", "hup"]
)
def test_a_signal_ends_the_command_without_a_traceback(cli: Cli, number: int, code: int) -> None:
    def connect(_name: str, _connection: Connection) -> Backend:
        os.kill(os.getpid(), number)
        signal.sigtimedwait([], 1)
        raise AssertionError("the signal did not come")

    cli.write()
    assert main(["plan"], connect=connect) == code
    assert cli.capsys.readouterr() == ("", "")


def _process(*words: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "sandboxctl", *words], stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


def test_a_closed_pipe_is_141_and_silent() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = _process("schema", stdout=writing)
    os.close(writing)
    assert (process.communicate()[1], process.returncode) == (b"", 141)


def test_validate_and_render_load_no_engine_client(tmp_path: Path) -> None:
    (tmp_path / "sandbox.yaml").write_text("apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {name: py}\n"
                                           "spec: {image: 'busybox:1', backend: docker}\n")  # fmt: skip
    program = (
        "import sys; from sandboxctl.cli.boundary import main; codes = [main(['validate']), main(['render'])]; "
        "import json; print(json.dumps([codes, sorted({'docker', 'podman', 'kubernetes', 'requests', 'rich'} & set(sys.modules))]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [[0, 0], []]


@pytest.mark.parametrize(
    "words", [("verify", "."), ("delete", "..", "--yes"), ("status", "Py"), ("exec", "a_b", "--", "true")]
)
def test_what_can_be_no_name_is_a_wrong_command_line(cli: Cli, words: tuple[str, ...]) -> None:
    ran = cli(*words)
    assert (ran.code, ran.out) == (64, "")
    assert ran.err.startswith(f"error: `{words[1]}` is no name of a sandbox\n")


def test_a_timeout_of_ages_is_a_wrong_command_line(cli: Cli) -> None:
    ran = cli("list", "--timeout", "9999d")
    assert ran.code == 64
    assert "'9999d' is longer than 365d" in ran.err
