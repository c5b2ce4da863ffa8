"""How a problem is shown: the place, the line, and carets under exactly what is meant."""

from __future__ import annotations

import pytest

from sandboxctl.dataclass import replace
from sandboxctl.problems import Position, Problem, Range, Severity
from sandboxctl.report import problems
from sandboxctl.report.cells import Style


def at(line_text: str, start: int, end: int, *, line: int = 12, end_line: int | None = None) -> Problem:
    place = Range(
        filename="sandbox.yaml",
        start=Position(line=line, column=start),
        end=Position(line=end_line or line, column=end),
    )
    return Problem(code="some-rule", message="this is wrong", range=place, line_text=line_text, hint="do that")


def test_the_line_is_shown_behind_its_number_with_carets_under_the_range() -> None:
    assert problems.to_text([at("  memory: 512m", 11, 15)]) == (
        "sandbox.yaml:12:11: error: this is wrong [some-rule]\n"
        "  12 |   memory: 512m\n"
        "     |           ^^^^\n"
        "  hint: do that\n"
        "1 error; `sandboxctl explain some-rule` says more\n"
    )


@pytest.mark.parametrize(
    ("text", "start", "end", "shown", "carets"),
    [
        ("\tkey: bad", 7, 10, "    key: bad", "         ^^^"),
        ("名前: 値", 5, 6, "名前: 値", "      ^^"),
        ("e\u0301t\u0301: x", 7, 8, "e\u0301t\u0301: x", "    ^"),
        ("a\x1b[31m: x", 9, 10, "a\\x1b[31m: x", "           ^"),
        ("\u202eabc: x", 7, 8, "\\u202eabc: x", "           ^"),
        ("key:", 5, 5, "key:", "    ^"),
        ("", 1, 1, "", "^"),
    ],
    ids=["a tab", "wide", "combining", "an escape sequence", "right to left", "nothing there", "an empty line"],
)
def test_carets_stand_where_the_eye_sees_the_range(text: str, start: int, end: int, shown: str, carets: str) -> None:
    lines = problems.to_text([at(text, start, end)]).splitlines()
    assert lines[1:3] == [f"  12 | {shown}".rstrip(), f"     | {carets}"]


def test_a_range_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    assert problems.to_text([at("  env: {A: 1,  ", 8, 4, end_line=14)]).splitlines()[2] == "     |        ^^^^^^"


def test_of_a_very_long_line_the_part_with_the_range_is_shown() -> None:
    lines = problems.to_text([at("x" * 5000 + "HERE" + "y" * 5000, 5001, 5005)]).splitlines()
    column = lines[2].index("^")
    assert lines[1][column : column + 4] == "HERE"
    assert lines[2].count("^") == 4
    assert max(len(line) for line in lines) < 200


def test_a_problem_without_a_place_is_its_message() -> None:
    problem = Problem(code="some-rule", message="this is\nwrong", severity=Severity.WARNING)
    assert (
        problems.to_text([problem])
        == "warning: this is\\nwrong [some-rule]\n1 warning; `sandboxctl explain some-rule` says more\n"
    )


def test_nothing_wrong_is_nothing_said() -> None:
    assert problems.to_text([]) == ""


def test_errors_and_warnings_are_counted_apart() -> None:
    warning = Problem(code="w", message="m", severity=Severity.WARNING)
    error = Problem(code="e", message="m")
    assert problems.tally([error, warning, error]) == "2 errors, 1 warning"


def test_colours_are_only_where_they_are_wanted() -> None:
    problem = at("  memory: 512m", 11, 15)
    assert "\x1b" not in problems.to_text([problem])
    assert "\x1b[31m^^^^\x1b[0m" in problems.to_text([problem], Style(colour=True))


def test_a_long_value_is_cut_in_its_message_and_the_message_goes_on() -> None:
    problem = at("  image: x", 10, 11)
    problem = replace(problem, message=f"`{'a' * 100_000}` is no image: `b` is", hint=f"not `{'c' * 150}`")
    said = f"`{'a' * 100}…` is no image: `b` is"
    assert problem.to_json()["message"] == said
    assert problem.to_json()["hint"] == f"not `{'c' * 150}`"
    assert said in problems.to_text([problem])


def test_a_long_message_keeps_its_end() -> None:
    text = Problem(code="x", message="a" * 100_000 + " is wrong").to_json()["message"]
    assert isinstance(text, str)
    assert (len(text), text[-9:]) == (1001, " is wrong")
