"""Collects the problems of one document, each at its place. What is wrong is judged elsewhere (decode, rules)."""

from __future__ import annotations

from sandboxctl.dataclass import replace
from sandboxctl.problems import Path, Problem, Range, Severity
from sandboxctl.spec import Source


class Findings:
    """A growing list of problems that knows where each path of its document stands."""

    __slots__ = ("_problems", "_source")

    def __init__(self, source: Source) -> None:
        self._source = source
        self._problems: list[Problem] = []

    @property
    def source(self) -> Source:
        """Where the document was read."""
        return self._source

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All so far, in the order of their discovery."""
        return tuple(self._problems)

    def error(self, code: str, path: Path, message: str, *, hint: str | None = None, key: bool = False) -> None:
        """Notes what stops everything; with `key` the place is that of the key, not of its value."""
        self._add(Severity.ERROR, code, path, message, hint, key)

    def warning(self, code: str, path: Path, message: str, *, hint: str | None = None, key: bool = False) -> None:
        """Notes what is only shown."""
        self._add(Severity.WARNING, code, path, message, hint, key)

    def include(self, problems: tuple[Problem, ...], path: Path) -> None:
        """Takes over problems of another file, which the value at `path` names; they have their place already."""
        self._problems.extend(replace(problem, path=path) for problem in problems)

    def _add(self, severity: Severity, code: str, path: Path, message: str, hint: str | None, key: bool) -> None:
        place = self._place(path, key)
        self._problems.append(
            Problem(
                code=code,
                message=message,
                range=place,
                path=path,
                hint=hint,
                severity=severity,
                line_text=self._source.line_text(place),
            )
        )

    def _place(self, path: Path, key: bool) -> Range | None:
        if key and path in self._source.key_marks:
            return self._source.key_marks[path]
        return self._source.range(path)
