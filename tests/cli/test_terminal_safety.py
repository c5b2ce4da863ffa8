"""Whatever an engine, an image, a sandbox or a spec says: nothing of it reaches a terminal that would obey it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandboxctl.errors import EngineError, FailedError, UnreachableError
from tests.cli.conftest import SPEC, Cli

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\r\x08\x7f\u200bx"
OBEYED = set("\x1b\x07\x9b\u202e\u2066\r\x08\x7f")
ESCAPED = '"\\e]0;owned\\a\\e[2J\\u009b31m\\u202egnp.exe\\u2066\\r\\b\\x7f\\u200bx"'
SPEC_OF_EVIL = SPEC.replace("name: py", f"name: py\n  labels: {{team: {ESCAPED}}}\n  annotations: {{why: {ESCAPED}}}").replace(
    "  resources:", f"  env: {{A: {ESCAPED}}}\n  command: [sleep, {ESCAPED}]\n  resources:"
)  # fmt: skip
CHANGED = SPEC_OF_EVIL.replace("owned", "other")


def assert_harmless(*texts: str) -> None:
    for text in texts:
        found = OBEYED & set(text)
        assert not found, (found, text)


@pytest.mark.parametrize(
    "words",
    [
        ("plan",), ("plan", "-v"), ("drift",), ("list",), ("status", "py"), ("verify",), ("verify", "py"), ("explain",),
        ("explain", "sandbox.yaml"), ("validate",), ("validate", "--for", "docker,podman,kubernetes"), ("import", "py"),
        ("render", "--backend", "docker"), ("render", "--backend", "podman"), ("render", "--backend", "kubernetes"),
        ("apply",), ("delete", "--yes", "py"), ("plan", "--output", "json"), ("list", "--output", "json"),
        ("import", "py", "--output", "json"), ("plan", "--output", "markdown"), ("validate", "--output", "sarif"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_of_what_a_spec_and_a_live_object_say(cli: Cli, words: tuple[str, ...]) -> None:
    engine = cli.applied(SPEC_OF_EVIL)
    cli.write(CHANGED)
    found = engine.named("py")
    found.fields[("env", f"B{EVIL}")] = EVIL
    found.fields[("network", "mode")] = EVIL
    found.labels[f"stranger{EVIL}"] = EVIL
    found.status = replace(found.status, error=EVIL, waiting=EVIL)
    engine.stranger(
        f"strange{EVIL}",
        {"sandboxctl.dev/name": EVIL, "sandboxctl.dev/managed": "true", "sandboxctl.dev/project": EVIL},
    )
    ran = cli(*words)
    assert_harmless(ran.out, ran.err)


@pytest.mark.parametrize(
    "error",
    [
        EngineError(EVIL, status=500, hint=EVIL),
        FailedError(EVIL, hint=EVIL, sandbox=EVIL),
        UnreachableError(EVIL, hint=EVIL),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("call", ["containers", "create", "start", "identify", "images"])
@pytest.mark.parametrize("words", [("apply",), ("apply", "--output", "json"), ("doctor",), ("list",)], ids=" ".join)
def test_of_an_engines_errors(cli: Cli, error: Exception, call: str, words: tuple[str, ...]) -> None:
    cli.write()
    cli.engine.broken[call] = error  # type: ignore[assignment]
    ran = cli(*words)
    assert_harmless(ran.out, ran.err)


def test_of_last_words(cli: Cli) -> None:
    cli.write(SPEC.replace("  resources:", "  command: ['false']\n  resources:"))
    cli.engine.meanwhile["start"] = lambda: cli.engine.named("py.new").logs.append((2, EVIL.encode() + b"\nnext\n"))
    ran = cli("apply")
    assert ran.code == 6
    assert "owned" in ran.out
    assert_harmless(ran.out, ran.err)


@pytest.mark.parametrize(
    "words",
    [("status", EVIL), (EVIL,), ("plan", f"{EVIL}/x.yaml"), ("plan", "--var", f"{EVIL}=1"), ("plan", "--set", f"{EVIL}=1"),
     (f"--{EVIL}",), ("plan", "--backend", EVIL), ("plan", "--policy", EVIL), ("plan", "--overlay", EVIL), ("explain", "--field", EVIL),
     ("cp", EVIL, EVIL), ("cp", f"py:{EVIL}", "."), ("logs", "--tail", EVIL, "py"), ("exec", EVIL, "--", "x"),
     ("apply", "--plan", EVIL), ("explain", EVIL), ("plan", "--var-file", EVIL), ("plan", "--config", EVIL), ("plan", "--target", EVIL),
     ("commit", "py", "--image", EVIL), ("init", f"{EVIL}/a/b.yaml"), ("plan", "--timeout", EVIL)],
    ids=lambda words: words[0].replace(EVIL, "evil") + str(len(words)),
)  # fmt: skip
def test_of_the_command_line_itself(cli: Cli, words: tuple[str, ...]) -> None:
    cli.applied()
    ran = cli(*words)
    assert ran.code != 0
    assert_harmless(ran.out, ran.err)
