"""What `verify` found: per sandbox a table of its controls, and a line that counts them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sandboxctl.backends.base import Json, Key
from sandboxctl.report.cells import PLAIN, Style, counted, safe, table
from sandboxctl.report.values import shown

if TYPE_CHECKING:
    from sandboxctl.verify import Control, Verdict

_HEADER = ("CONTROL", "EXPECTED", "ACTUAL", "STATUS", "EVIDENCE")
_ORDER = ("proved", "reported", "weaker", "unprovable", "failed")
_LOOKS = {"weaker": "yellow", "unprovable": "yellow", "failed": "red"}


def to_json(verdicts: Sequence[Verdict]) -> str:
    """`{"sandboxes": […]}`."""
    return json.dumps({"sandboxes": [verdict.to_json() for verdict in verdicts]}, indent=2, sort_keys=True) + "\n"


def to_text(verdicts: Sequence[Verdict], style: Style = PLAIN) -> str:
    """Every control of every sandbox; what is not as it should be says why on its next line."""
    return "\n".join("\n".join(_verdict(verdict, style)) + "\n" for verdict in verdicts)


def tally(verdict: Verdict) -> str:
    """`py: 31 controls: 30 proved, 1 reported`."""
    found = [control.status for control in verdict.controls]
    parts = ", ".join(f"{found.count(status)} {status}" for status in _ORDER if status in found)
    return f"{safe(verdict.name)}: {counted(len(found), 'control')}: {parts}"


def _verdict(verdict: Verdict, style: Style) -> list[str]:
    rows = [_HEADER, *(_row(control) for control in verdict.controls)]
    header, *body = table(rows)
    lines = [style.paint(header, "bold")]
    for control, line in zip(verdict.controls, body, strict=True):
        look = _LOOKS.get(control.status)
        lines.append(style.paint(line, look) if look else line)
        if control.detail and control.status != "proved":
            lines.append(f"  {safe(control.detail)}")
    return [*lines, style.paint(tally(verdict), "bold" if verdict.ok else "red")]


def _row(control: Control) -> tuple[str, str, str, str, str]:
    expected, actual = (_value(control, value) for value in (control.expected, control.actual))
    return control.control, expected, actual, control.status, control.evidence or "-"


def _value(control: Control, value: Json) -> str:
    """By the name of the field that asks for the control, since that says the unit."""
    key: Key = tuple(str(part) for part in control.path) or (control.control,)
    return "-" if value is None else shown(key, value)
