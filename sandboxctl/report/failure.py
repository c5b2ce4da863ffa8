"""An error as the user is told it: one line and a hint, or the one JSON form for errors of every command."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sandboxctl.errors import SandboxctlError
from sandboxctl.problems import Problem
from sandboxctl.report import problems as report_problems
from sandboxctl.report.cells import PLAIN, Style, safe

_LINES = "\n"  # a brief may hold the last lines of a log


def to_json(error: SandboxctlError, problems: Sequence[Problem] = ()) -> str:
    """`{"error": …, "diagnostics": […]}` on one line."""
    whole = {
        "error": {
            "code": int(error.exit_code),
            "message": error.brief,
            "hint": error.hint,
            "sandbox": error.sandbox,
        },
        "diagnostics": report_problems.to_json(problems or error.places),
    }
    return json.dumps(whole, sort_keys=True) + "\n"


def to_text(error: SandboxctlError, style: Style = PLAIN) -> str:
    """`error: …`, and `hint: …` below it."""
    lines = [f"{style.paint('error:', 'red')} {safe(error.brief, keep=_LINES)}"]
    if error.hint:
        lines.append(f"hint: {safe(error.hint, keep=_LINES)}")
    lines += report_problems.causes(error.places, style)
    return "\n".join(lines) + "\n"
