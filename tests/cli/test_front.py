"""The short way into the command understands only what click would understand in the same way, and answers the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxctl import remembered
from sandboxctl.cli import first_words, front, options
from sandboxctl.cli.program import NAME, program
from sandboxctl.cli.session import Session
from tests.cli.conftest import SPEC, Cli
from tests.examples import examples

ROOT = Path(__file__).parents[2]

WORDS = st.sampled_from([
    "plan", "diff", "apply", "drift", "list", "status", "render", "verify", "a.yaml", "b/", "-", "--", "py", "",
    "--yes", "-y", "--no-wait", "--fail-fast", "--detailed-exitcode", "-v", "--verbose", "-vy", "--help", "--no-cache",
    "--output", "--output=json", "--output=yaml", "json", "text", "--backend", "--backend=k8s", "docker", "podman",
    "--color=never", "--color", "always", "--project", "--project=lab", "--docker-host=unix:///a", "--context", "lab",
    "--var", "A=b", "--var=A=", "--namespace=", "--kubeconfig", "--timeout=3", "--set=a=b", "--out=x", "--prune",
    "--podman-uri", "--docker-context=x", "--yes=1", "-i", "--user=0", "--workdir", "-it", "--plan", "-o", "--unknown", "--var-file=x",
])  # fmt: skip
LINES = (
    st.lists(WORDS, max_size=6)
    | st.tuples(
        st.sampled_from(["plan", "diff", "apply", "drift", "list", "status", "exec"]), st.lists(WORDS, max_size=5)
    ).map(lambda both: [both[0], *both[1]])
    | st.tuples(st.lists(WORDS, max_size=2), st.lists(WORDS, max_size=3)).map(
        lambda both: ["exec", *both[0], "py", "--", *both[1]]
    )
)


def by_click(line: list[str]) -> tuple[str, Session, tuple[str, ...], dict[str, Any]]:
    """What click makes of a line: the verb, the session, its arguments, and the verb's own options but for defaults."""
    with program.make_context(NAME, [*line]) as context:
        words = [*getattr(context, "_protected_args", ()), *context.args]
        name, command, rest = program.resolve_command(context, words)
        assert command is not None
        with command.make_context(name, rest, parent=context) as below:
            values = below.params
            own = {key: value for key, value in values.items() if key not in options.TAKEN}
            arguments = own.pop("paths") if "paths" in own else (own.pop("name"), *own.pop("words", ()))
            usual = {"lock_timeout": 30_000}
            own = {key: value for key, value in own.items() if value not in (None, False, usual.get(key))}
            return str(command.name), options.as_session(below, values), arguments, own


@examples(1000)
@given(line=LINES)
def test_what_is_understood_is_what_click_understands(line: list[str]) -> None:
    work = front.understood(line, None)
    if work is not None:
        assert (work.verb, work.session, work.arguments, dict(work.own)) == by_click(line)


def test_the_lines_of_every_day_are_understood() -> None:
    lines = ("plan", "diff a.yaml", "plan --backend k8s --detailed-exitcode", "apply --yes a.yaml", "drift --output json",
             "list --project lab", "status py -v", "plan --var A=b --docker-host unix:///run/docker.sock -", "exec py -- ls -l",
             "exec --backend podman -i --user 0 py -- sh -c --")  # fmt: skip
    assert [line for line in lines if front.understood(line.split(), None) is None] == []


@pytest.mark.parametrize("line", [
    "", "frobnicate", "plan --out f", "plan --bogus", "plan --output xml", "plan --backend rkt", "status", "status a b",
    "plan --backend docker --backend podman", "plan --namespace -x", "plan --", "plan --set a=b", "--output json plan",
    "plan --no-cache", "plan --help", "plan --project", "apply --plan f", "plan --timeout 3s", "plan --policy f",
    "exec py ls", "exec py --", "exec -- py ls", "exec -it py -- sh", "exec py --policy f -- ls", "exec a b -- ls",
])  # fmt: skip
def test_all_else_is_for_click(line: str) -> None:
    assert front.understood(line.split(), None) is None


def completions(shell: str, words: str, index: str, *, ordinary: bool) -> str:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COMP_WORDS": words, "COMP_CWORD": index,
               "_SANDBOXCTL_COMPLETE": shell}  # fmt: skip
    way = "from sandboxctl.cli.parsing import complete; sys.exit(complete('_SANDBOXCTL_COMPLETE'))"
    program = f"import sys; {way}" if ordinary else "from sandboxctl.cli.boundary import main; main([])"
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("shell", "words", "index"), [
    ("bash_complete", "sandboxctl ", "1"), ("bash_complete", "sandboxctl pl", "1"), ("bash_complete", "sandboxctl zz", "1"),
    ("zsh_complete", "sandboxctl ", "1"), ("zsh_complete", "sandboxctl co", "1"), ("fish_complete", "sandboxctl co", "co"),
    ("fish_complete", "sandboxctl", ""),
])  # fmt: skip
def test_a_first_word_is_completed_as_click_does_it(shell: str, words: str, index: str) -> None:
    assert first_words.completed(shell, words, index) == completions(shell, words, index, ordinary=True)
    assert completions(shell, words, index, ordinary=False) == completions(shell, words, index, ordinary=True)


@pytest.mark.parametrize(("shell", "words", "index"), [
    ("bash_complete", "sandboxctl --", "1"), ("bash_complete", "sandboxctl plan --de", "2"), ("bash_source", "", ""),
    ("bash_complete", "sandboxctl 'pl", "1"), ("fish_complete", "sandboxctl plan", ""), ("tcsh_complete", "x ", "1"),
])  # fmt: skip
def test_all_other_completions_are_clicks(shell: str, words: str, index: str) -> None:
    assert first_words.completed(shell, words, index) is None


@pytest.mark.parametrize("columns", ["79", "80", "200", "x", ""])
def test_help_is_the_one_that_click_lays_out(columns: str, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with program.make_context(NAME, [], resilient_parsing=True) as context:
        assert cli("--help").out == program.get_help(context) + "\n"


def test_the_version_is_the_one_that_click_prints(cli: Cli) -> None:
    short = cli("--version")
    assert (short.code, short.err) == (0, "")
    assert short.out == f"sandboxctl {__import__('sandboxctl').__version__}\n"


LOADED = """
import sys
from sandboxctl.cli.boundary import main
code = main(sys.argv[1:])
heavy = ("click", "yaml", "_yaml", "jsonschema", "jinja2", "docker", "podman", "kubernetes", "requests", "http.client")
print(sorted(name for name in heavy if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""


def heavy(cwd: Path, *words: str) -> str:
    """The last line of what a command line says: what it has loaded that costs more than its work."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(ROOT), "DOCKER_HOST": "unix:///nowhere"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words], capture_output=True, text=True, cwd=cwd, env=environ, timeout=60
    )
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", [("plan",), ("apply",), ("drift",), ("list",), ("--help",), ("--version",)])
def test_the_second_run_loads_nothing_that_costs_more_than_its_work(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "sandbox.yaml").write_text(SPEC + "  backend: docker\n")
    heavy(tmp_path, *words)
    assert heavy(tmp_path, *words) == "[]"


def test_without_its_cache_a_plan_is_the_same(cli: Cli) -> None:
    cli.applied()
    cli.replace("64Mi", "65Mi")
    first, second, plain = cli("plan"), cli("plan"), cli("plan", "--no-cache")
    assert first == second == plain
    assert "resources.memory" in plain.out


def test_a_cache_that_is_not_believed_is_a_note_for_who_asks(cli: Cli, clean_home: Path) -> None:
    if not remembered.is_ours(remembered.judges()):
        pytest.skip("somebody edits the code while it is tested: then nothing is remembered")
    cli.write()
    cli("plan")
    place = clean_home / ".cache" / "sandboxctl"
    place.chmod(0o755)
    quiet, told = cli("plan"), cli("plan", "-v")
    assert quiet.err == ""
    assert told.err == "".join(f"note: {each} {place}{why}: others may write to it, or read it\n"
                               for each, why in (("the cache in", " is not used"), ("nothing is kept in", "")))  # fmt: skip
    assert (told.code, told.out) == (quiet.code, quiet.out)


def test_a_run_without_the_cache_keeps_nothing(cli: Cli, clean_home: Path) -> None:
    cli.write()
    cli("plan", "--no-cache")
    assert list((clean_home / ".cache").iterdir()) == []
