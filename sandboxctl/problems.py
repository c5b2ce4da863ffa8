"""What is wrong with a user's files: a value with a place, never an exception. No I/O here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from sandboxctl.dataclass import dataclass

Path = tuple[str | int, ...]
"""Where in a document: keys and list indexes from its root, e.g. `("spec", "mounts", 0, "target")`."""


class Severity(StrEnum):
    """An error stops everything; a warning is only shown."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """Line and column from 1; columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Range:
    """A stretch of one file; `end` is exclusive."""

    filename: str
    start: Position
    end: Position

    def to_json(self) -> dict[str, object]:
        """The form that every `range` has in our JSON."""
        return {
            "filename": self.filename,
            "start": {"line": self.start.line, "column": self.start.column},
            "end": {"line": self.end.line, "column": self.end.column},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong, with what was meant.

    `code` is a short kebab-case name of the rule; `message` never holds a sensitive value; `path` is from the root of
    the document (see `public_path`); `line_text` is the source line the range starts on, for the caret.
    """

    code: str
    message: str
    range: Range | None = None
    path: Path = ()
    hint: str | None = None
    severity: Severity = Severity.ERROR
    line_text: str | None = None

    def to_json(self) -> dict[str, object]:
        """One entry of `diagnostics`."""
        return {
            "severity": str(self.severity),
            "code": self.code,
            "message": brief(self.message),
            "hint": self.hint and brief(self.hint),
            "path": list(public_path(self.path)),
            "range": self.range.to_json() if self.range else None,
        }


def brief(text: str) -> str:
    """A message that can be read at a glance, whatever a spec has written into it."""
    if len(text) <= _QUOTED:
        return text
    text = _LONG_QUOTATION.sub(lambda match: f"`{match[1]}…`", text)
    return text if len(text) <= _MESSAGE else f"{text[: _MESSAGE - _END]}…{text[-_END:]}"


_QUOTED = 200
_MESSAGE, _END = 1000, 200
_LONG_QUOTATION = re.compile(rf"`([^`]{{{_QUOTED // 2}}})[^`]{{{_QUOTED // 2},}}`")


def public_path(path: Path) -> Path:
    """The path that users see: from below `spec`, others as they are (behaviour.md, "Plan")."""
    return path[1:] if path[:1] == ("spec",) and len(path) > 1 else path


def dotted(path: Path) -> str:
    """`mounts[0].target`, for messages."""
    text = ""
    for part in public_path(path):
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems by file, position, then code; the same problem once."""

    def key(problem: Problem) -> tuple[str, int, int, str, str]:
        if problem.range is None:
            return ("", 0, 0, problem.code, problem.message)
        start = problem.range.start
        return (problem.range.filename, start.line, start.column, problem.code, problem.message)

    return tuple(sorted(dict.fromkeys(problems), key=key))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Only those that stop everything."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The known name nearest to `word`, or None where nothing is near enough to be meant."""
    from difflib import get_close_matches  # 7 ms, and only needed when something is wrong

    candidates = list(known)
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    if word.lower() in by_lower:
        return by_lower[word.lower()]
    near = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[near[0]] if near else None
