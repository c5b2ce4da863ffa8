"""What apply and delete did: progress as it happens, and what became of each sandbox."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandboxctl.errors import ExitCode
from sandboxctl.report import problems as report_problems
from sandboxctl.report.cells import PLAIN, Style, safe, width

if TYPE_CHECKING:
    from sandboxctl.apply import Event, Result

_GOOD = ("created", "updated", "replaced", "started", "recovered", "deleted")
_BAD = ("failed", "skipped")
_LINES = "\n"  # a brief may hold the last lines of a log


def event_json(event: Event) -> str:
    """One NDJSON line of progress."""
    return _line({"type": "progress", "name": event.name, "step": event.step, "message": event.message})


def event_text(event: Event) -> str:
    """`py: pull docker.io/library/busybox:1`."""
    return f"{safe(event.name)}: {safe(' '.join(word for word in (event.step, event.message) if word))}\n"


def failure_json(result: Result) -> str:
    """The NDJSON line that says why a sandbox failed; the summary has only its code.

    `diagnostics` are there where something in the spec caused it, `exit_code` where its command ended.
    """
    message = result.brief if result.hint is None else f"{result.brief} ({result.hint})"
    line: dict[str, object] = {"type": "progress", "name": result.name, "step": str(result.outcome), "message": message}
    if result.ended_with is not None:
        line["exit_code"] = result.ended_with
    found = report_problems.to_json(result.problems)
    return _line({**line, "diagnostics": found} if found else line)


def summary_json(results: Sequence[Result]) -> str:
    """The last NDJSON line."""
    entries = [
        {"name": each.name, "code": int(each.code), "outcome": str(each.outcome), "rolled_back": each.rolled_back}
        for each in results
    ]
    return _line({"type": "summary", "results": entries})


def _line(entry: dict[str, object]) -> str:
    return json.dumps(entry, sort_keys=True) + "\n"


def to_text(results: Sequence[Result], style: Style = PLAIN) -> str:
    """A line for each sandbox, and the counts."""
    if not results:
        return "Nothing to do.\n"
    widest = max(width(safe(each.name)) for each in results)
    lines = [line for each in results for line in _result(each, widest, style)]
    return "\n".join([*lines, style.paint(tally(results), "bold")]) + "\n"


def tally(results: Sequence[Result]) -> str:
    """`Done: 2 created, 1 failed.`"""
    outcomes = [str(each.outcome) for each in results]
    parts = [f"{outcomes.count(each)} {each}" for each in (*_GOOD, "unchanged", *_BAD) if each in outcomes]
    return f"Done: {', '.join(parts)}."


def _result(result: Result, widest: int, style: Style) -> list[str]:
    name = safe(result.name)
    outcome = str(result.outcome)
    look = "red" if outcome in _BAD else "green" if outcome in _GOOD else "dim"
    rolled_back = ", rolled back" if result.rolled_back else ""
    brief = f": {safe(result.brief, keep=_LINES)}" if result.brief else ""
    lines = [f"{name}{' ' * (widest - width(name))}  {style.paint(outcome, look)}{rolled_back}{brief}"]
    if result.hint:
        lines.append(f"{' ' * widest}  hint: {safe(result.hint, keep=_LINES)}")
    return lines + report_problems.causes(result.problems, style)


def exit_code(results: Sequence[Result]) -> int:
    """Some done and some failed is 7; none done is their common code, else 6. What was as it should be is no doing."""
    codes = {int(each.code) for each in results if each.code}
    if not codes:
        return ExitCode.DONE
    if any(str(each.outcome) in _GOOD for each in results):
        return ExitCode.PARTIAL
    return codes.pop() if len(codes) == 1 else ExitCode.FAILED
