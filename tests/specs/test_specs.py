"""Every file in invalid/ is wrong exactly as its first lines say; every look-alike in valid/ is right.

`# expect: CODE LINE:COLUMN part of the message` is one error, in the order of the file; `# warn: …` one warning. Errors
are always compared as a whole; warnings only where the file names one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandboxctl.load import load
from sandboxctl.problems import Problem, Severity

HERE = Path(__file__).parent
_EXPECTATION = re.compile(
    r"# (?P<kind>expect|warn): (?P<code>[a-z0-9-]+) (?P<line>\d+):(?P<column>\d+)(?: (?P<text>.*))?"
)
_VARIABLE_FOR_TESTS = ("SANDBOXCTL_TEST_VALUE", "a value from the environment")


@dataclass(frozen=True, slots=True)
class Expected:
    """One line at the top of a case."""

    code: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.line}:{self.column} {self.text}"


def expectations(path: Path, kind: str) -> list[Expected]:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    matches = (_EXPECTATION.fullmatch(line.rstrip()) for line in lines if line.startswith("#"))
    return [
        Expected(match["code"], int(match["line"]), int(match["column"]), match["text"] or "")
        for match in matches
        if match is not None and match["kind"] == kind
    ]


def found(problems: tuple[Problem, ...], expected: list[Expected], severity: Severity) -> list[Expected]:
    """What was found, its message cut down to the expected part where it holds it: a difference then shows it whole."""
    texts = [each.text for each in expected]
    result = []
    for index, problem in enumerate(problem for problem in problems if problem.severity is severity):
        assert problem.range is not None, problem
        wanted = texts[index] if index < len(texts) else ""
        said = f"{problem.message} ({problem.hint})"
        text = wanted if wanted in said and wanted else said
        result.append(Expected(problem.code, problem.range.start.line, problem.range.start.column, text))
    return result


def cases(directory: str) -> list[Path]:
    return sorted((HERE / directory).glob("*.yaml"))


def name(path: Path) -> str:
    return path.stem


@pytest.fixture(autouse=True)
def _in_the_directory_of_the_case(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "path" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("path").parent)
    monkeypatch.setenv(*_VARIABLE_FOR_TESTS)


@pytest.mark.parametrize("path", cases("invalid"), ids=name)
def test_a_wrong_spec_is_wrong_exactly_as_its_first_lines_say(path: Path) -> None:
    expected = expectations(path, "expect")
    assert expected, "the file does not say what is expected"
    result = load([path.name])
    assert found(result.problems, expected, Severity.ERROR) == expected


@pytest.mark.parametrize("path", cases("valid"), ids=name)
def test_a_look_alike_of_a_wrong_spec_is_right(path: Path) -> None:
    result = load([path.name])
    assert found(result.problems, [], Severity.ERROR) == []
    assert result.loaded


@pytest.mark.parametrize("path", [*cases("invalid"), *cases("valid")], ids=name)
def test_a_warning_is_given_where_the_file_names_one(path: Path) -> None:
    expected = expectations(path, "warn")
    if expected:
        assert found(load([path.name]).problems, expected, Severity.WARNING) == expected


@pytest.mark.parametrize("path", cases("invalid"), ids=name)
def test_every_error_shows_the_line_it_is_on(path: Path) -> None:
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    for problem in load([path.name]).problems:
        if problem.range is not None and problem.range.filename == path.name and problem.line_text is not None:
            assert problem.line_text in lines
