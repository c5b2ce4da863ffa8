"""What the README shows is what the tool prints: its spec, its commands and their output, on the engine in memory."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.cli.conftest import Cli, Ran

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
IMAGE = "docker.io/library/python:3.12-slim"
BUILT_FOR_A_KERNEL = ("verify", "exec")
"""What these print comes from a kernel, and from a Python in the sandbox."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", README)


def shown() -> list[tuple[list[str], list[str]]]:
    """Every command with the lines of its output, in their order."""
    parts = [part for block in blocks("console") for part in re.split(r"(?m)^\$ sandboxctl ", block)[1:]]
    lines = [part.rstrip("\n").split("\n") for part in parts]
    return [(shlex.split(command), output) for command, *output in lines]


def is_as_shown(ran: Ran, output: list[str]) -> bool:
    """Whether both streams have these lines; between the two only a terminal knows the order."""
    out, err = ran.out.splitlines(), ran.err.splitlines()
    return sorted(output) == sorted([*out, *err]) and [line for line in output if line not in err] == out


def test_the_readme_shows_what_the_tool_prints(cli: Cli) -> None:
    cli.engine.registry[IMAGE] = "sha256:" + "e" * 64
    (spec,) = blocks("yaml")
    edits = {3: ("512Mi", "1Gi"), 4: ("memory: 1Gi", "memory: 64Mi, cpus: 2")}
    cli.write(spec)
    commands = [(words, output) for words, output in shown() if words[0] not in BUILT_FOR_A_KERNEL]
    assert [words for words, _ in commands] == [["plan"], ["apply"], ["plan"], ["validate"]]
    for number, (words, output) in enumerate(commands, start=1):
        if number in edits:
            cli.replace(*edits[number])
        ran = cli(*words)
        assert is_as_shown(ran, output), (words, ran)


def test_the_readme_names_every_verb_and_every_exit_code() -> None:
    from sandboxctl.cli.first_words import VERBS
    from sandboxctl.errors import ExitCode

    table = README.partition("## Commands")[2].partition("## ")[0]
    assert [verb for verb in VERBS if not re.search(rf"`{verb}\b", table)] == []
    codes = README.partition("## Exit codes")[2].partition("## ")[0]
    assert [int(code) for code in ExitCode if not re.search(rf"\b{int(code)}\b", codes)] == []
    assert "| 141 |" in codes
