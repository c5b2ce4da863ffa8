"""References in a document."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest

from sandboxctl.document import read
from sandboxctl.errors import UsageError
from sandboxctl.problems import Problem
from sandboxctl.variables import interpolate, parse_assignment

GIVEN = {"NAME": "py", "CPUS": "0.5", "PIDS": "128", "OFF": "no", "EMPTY": "", "YES": "true"}


def replaced(text: str) -> tuple[object, tuple[Problem, ...]]:
    ((document,), problems) = read(text.encode(), filename="f.yaml")
    assert problems == ()
    result, found = interpolate(document, GIVEN)
    return result.value, found


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a-${NAME}-b", "a-py-b"),
        ("${NAME}", "py"),
        ("${CPUS}", Decimal("0.5")),
        ('"${CPUS}"', "0.5"),
        ("${PIDS}", 128),
        ("x${PIDS}", "x128"),
        ("${YES}", True),
        ("${EMPTY}", ""),
        ("${EMPTY:-d}", "d"),
        ("${NONE:-d e}", "d e"),
        ("${NONE:-5}", 5),
        ("${NONE:-}", ""),
        ("${NAME:-d}", "py"),
        ("${NAME:?needed}", "py"),
        ("$${NAME}", "${NAME}"),
        ("$NAME $$ $(x) $", "$NAME $$ $(x) $"),
        ("${NAME}$${NAME}${PIDS}", "py${NAME}128"),
    ],
)
def test_a_reference_is_replaced_by_its_value(written: str, value: object) -> None:
    result, problems = replaced(f"a: {written}\n")
    assert problems == ()
    assert isinstance(result, dict)
    assert (type(result["a"]), result["a"]) == (type(value), value)


def test_references_are_replaced_everywhere_but_in_keys_and_contents_of_files() -> None:
    text = "${NAME}: ['${NAME}', {b: &x '${NAME}', c: *x}]\nspec: {mounts: [{content: '${NAME}', source: '${NAME}'}]}\n"
    assert replaced(text.replace("${NAME}:", "'${NAME}':", 1)) == (
        {"${NAME}": ["py", {"b": "py", "c": "py"}], "spec": {"mounts": [{"content": "${NAME}", "source": "py"}]}},
        (),
    )


@pytest.mark.parametrize(
    ("text", "code", "where", "message", "hint"),
    [
        (
            "a: x ${NAMES} y",
            "unset-variable",
            (1, 6, 1, 14),
            "the variable `NAMES` is not set",
            "did you mean ${NAME}? ",
        ),
        ("a: ${ZZ}", "unset-variable", (1, 4, 1, 9), "the variable `ZZ` is not set", "set it with --var ZZ=VALUE"),
        ("a: ${ZZ:?say how}", "unset-variable", (1, 4, 1, 18), "the variable `ZZ` is not set: say how", "set it"),
        ("a: ${EMPTY:?say how}", "unset-variable", (1, 4, 1, 21), "the variable `EMPTY` is empty: say how", "set it"),
        ("a: |\n  ${ZZ}\n", "unset-variable", (1, 4, 2, 8), "the variable `ZZ` is not set", "set it"),
        ("a: '${b c}'", "bad-reference", (1, 5, 1, 11), "`${b c}` is no reference to a variable", "write ${NAME}, "),
        ("a: '${NAME-d}'", "bad-reference", (1, 5, 1, 14), "`${NAME-d}` is no reference to a variable", "write "),
        ("a: '${'", "bad-reference", (1, 5, 1, 7), "`${` is never closed by `}`", "write $${ for the text itself"),
        ("a: ${OFF}", "ambiguous-scalar", (1, 4, 1, 10), "the value of ${OFF}: `no` is false in YAML 1.1", "quote it"),
    ],
)
def test_a_reference_without_a_value_is_told_at_its_place(
    text: str, code: str, where: tuple[int, ...], message: str, hint: str
) -> None:
    (problem,) = replaced(text)[1]
    place = problem.range
    assert place is not None
    assert (problem.code, problem.path) == (code, ("a",))
    assert (place.start.line, place.start.column, place.end.line, place.end.column) == where
    assert problem.message.startswith(message)
    assert problem.hint is not None
    assert problem.hint.startswith(hint)


def test_the_second_of_two_equal_references_has_its_own_place() -> None:
    problems = replaced("a: ${Z} ${Z}")[1]
    assert [problem.range.start.column for problem in problems if problem.range] == [4, 9]


def test_a_value_that_could_not_be_made_is_marked_as_flawed() -> None:
    ((document,), _) = read(b"a: ${ZZ}\nb: no\n", filename="f.yaml")
    assert interpolate(document, {})[0].flawed == {("a",), ("b",)}


def test_an_assignment_is_a_name_and_everything_behind_the_first_equals_sign() -> None:
    assert parse_assignment("A_1=b=c") == ("A_1", "b=c")


@pytest.mark.parametrize("text", ["A", "=b", "1A=b", "A-B=c"])
def test_another_assignment_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_assignment(text)


@pytest.mark.parametrize(
    "text", ["${A" * 100_000, "${}" * 100_000, "${A}" * 100_000, "$${" * 100_000, "${" * 100_000 + "}"]
)
def test_a_value_of_a_hundred_thousand_references_is_read_in_one_pass(text: str) -> None:
    started = time.process_time()
    _, problems = replaced(f"a: '{text}'\n")
    assert time.process_time() - started < 2
    assert len(problems) <= 100
