"""The one dialect of KEY=value files."""

from __future__ import annotations

import pytest

from sandboxctl.envfile import parse
from sandboxctl.problems import Position, Problem, Range


def test_every_form_of_a_line_is_read() -> None:
    text = '\ufeff# comment\n\nA=1\r\nexport B=two words # comment\nC=\'a $b \\n\'\nD="x\\n\\t\\"\\\\\\$" # c\nE=\nF=#none\nG=a#b\n  H.x-y=é\n'
    assert parse(text, filename="e") == (
        {"A": "1", "B": "two words", "C": "a $b \\n", "D": 'x\n\t"\\$', "E": "", "F": "", "G": "a#b", "H.x-y": "é"},
        (),
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("hunter2", "env-syntax"),
        ("A =hunter2", "env-syntax"),
        ("A= hunter2", "env-syntax"),
        ("2A=hunter2", "bad-name"),
        ("=hunter2", "bad-name"),
        ('A="hunter2', "env-syntax"),
        ("A='hunter2' hunter2", "env-syntax"),
        ('A="hunter2\\q"', "env-syntax"),
        ("A=hunter2\0", "nul-character"),
        ("OK=hunter2", "duplicate-key"),
    ],
)
def test_a_mistake_is_told_by_its_line_and_never_shows_a_value(line: str, code: str) -> None:
    values, problems = parse(f"OK=1\n{line}\n", filename="e")
    assert values == {"OK": "1"}
    assert [(each.code, each.range) for each in problems] == [
        (code, Range(filename="e", start=Position(line=2, column=1), end=Position(line=2, column=2)))
    ]
    assert "hunter2" not in repr(problems)


def test_every_mistake_of_a_file_is_told() -> None:
    problems = parse("A\nB\n", filename="e")[1]
    expected = Problem(
        code="env-syntax",
        message="this line has no `=`",
        hint="write KEY=value; a value cannot go on over several lines",
        range=Range(filename="e", start=Position(line=1, column=1), end=Position(line=1, column=2)),
    )
    assert (problems[0], len(problems)) == (expected, 2)
