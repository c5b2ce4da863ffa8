"""Problems of a user's files: one line with the place, the source line with a caret, the likely fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sandboxctl.problems import Problem, Range, Severity, brief, errors
from sandboxctl.report.cells import PLAIN, Style, counted, safe, width

SHOWN = 20
"""How many problems the text form shows."""

_TAB = 4
_LONGEST_LINE = 160  # columns of a source line, so that a one-line file does not fill the screen


def to_json(problems: Iterable[Problem]) -> list[dict[str, object]]:
    """The entries of `diagnostics`, all of them."""
    return [problem.to_json() for problem in problems]


def to_text(problems: Sequence[Problem], style: Style = PLAIN) -> str:
    """The first 20 with their source lines, and how many there are. Empty where there is none."""
    if not problems:
        return ""
    lines = [line for problem in problems[:SHOWN] for line in _problem(problem, style)]
    more = len(problems) - SHOWN
    if more > 0:
        lines.append(f"… and {counted(more, 'more problem')}")
    worst = next(iter(errors(problems)), problems[0])
    lines.append(f"{tally(problems)}; `sandboxctl explain {worst.code}` says more")
    return "\n".join(lines) + "\n"


def tally(problems: Sequence[Problem]) -> str:
    """`2 errors, 1 warning`."""
    wrong = sum(problem.severity is Severity.ERROR for problem in problems)
    parts = []
    if wrong:
        parts.append(counted(wrong, "error"))
    if len(problems) > wrong:
        parts.append(counted(len(problems) - wrong, "warning"))
    return ", ".join(parts) or "no problems"


def _problem(problem: Problem, style: Style) -> list[str]:
    look = "red" if problem.severity is Severity.ERROR else "yellow"
    where = f"{safe(place(problem.range))}: " if problem.range else ""
    severity = style.paint(f"{problem.severity}:", look)
    lines = [f"{style.paint(where, 'bold')}{severity} {safe(brief(problem.message))} [{problem.code}]"]
    if problem.range is not None and problem.line_text is not None:
        lines += _excerpt(problem.range, problem.line_text, style, look)
    if problem.hint:
        lines.append(f"  hint: {safe(brief(problem.hint))}")
    return lines


def causes(problems: Iterable[Problem], style: Style = PLAIN) -> list[str]:
    """Where in a spec an engine's complaint has its cause, below the message that tells of it."""
    lines = []
    for problem in problems:
        if problem.range is not None and problem.line_text is not None:
            lines.append(style.paint(f"  {safe(place(problem.range))}: [{problem.code}]", "bold"))
            lines += _excerpt(problem.range, problem.line_text, style, "red")
    return lines


def place(where: Range) -> str:
    """`sandbox.yaml:9:13`; what was said on the command line has no lines."""
    if where.filename.startswith("--"):
        return where.filename
    return f"{where.filename}:{where.start.line}:{where.start.column}"


def _excerpt(where: Range, line: str, style: Style, look: str) -> list[str]:
    """The source line behind its number, and carets under the range; of a range of several lines under its first."""
    number = str(where.start.line)
    gutter = " " * len(number)
    start = where.start.column - 1
    end = where.end.column - 1 if where.end.line == where.start.line else len(line.rstrip())
    line, start, end = _window(line, start, end)
    before = width(_printed(line[:start]))
    under = max(1, width(_printed(line[start:end])))
    shown = _printed(line).rstrip()
    carets = style.paint("^" * under, look)
    return [f"  {number} | {shown}".rstrip(), f"  {gutter} | {' ' * before}{carets}"]


def _window(line: str, start: int, end: int) -> tuple[str, int, int]:
    """The part of a long line that holds the range."""
    if len(line) <= _LONGEST_LINE:
        return line, start, max(end, start + 1)
    first = max(0, min(start - _LONGEST_LINE // 4, len(line) - _LONGEST_LINE))
    last = min(len(line), first + _LONGEST_LINE)
    head, tail = ("…" if first else ""), ("…" if last < len(line) else "")
    moved = len(head) - first
    return f"{head}{line[first:last]}{tail}", start + moved, max(min(end, last) + moved, start + moved + 1)


def _printed(text: str) -> str:
    """As it is shown: a tab as spaces, a control character as its escape."""
    return safe(text.replace("\t", " " * _TAB).rstrip("\r\n"))
