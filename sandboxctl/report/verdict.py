"""What `verify` found: per sandbox a table of its controls, and a line that counts them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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
    """Every control of every sandbox; what is not as it should be says why: on its next line, or below for several."""
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
    shared = _shared(verdict.controls)
    for control, line in zip(verdict.controls, body, strict=True):
        look = _LOOKS.get(control.status)
        lines.append(style.paint(line, look) if look else line)
        if control.detail and control.status != "proved" and control.detail not in shared:
            lines.append(f"  {safe(control.detail)}")
    lines += [f"  {safe(_all_or_names(names, verdict))}: {safe(detail)}" for detail, names in shared.items()]
    return [*lines, style.paint(tally(verdict), "bold" if verdict.ok else "red")]


def _shared(controls: Sequence[Control]) -> dict[str, list[str]]:
    """What is said of more than one control, with their names: it is read once."""
    said: dict[str, list[str]] = {}
    for control in controls:
        if control.detail and control.status != "proved":
            said.setdefault(control.detail, []).append(control.control)
    return {detail: names for detail, names in said.items() if len(names) > 1}


def _all_or_names(names: Sequence[str], verdict: Verdict) -> str:
    return "all of them" if len(names) == len(verdict.controls) else ", ".join(names)


def _row(control: Control) -> tuple[str, str, str, str, str]:
    expected, actual = control.expected, control.actual
    if control.status == "failed" and isinstance(expected, dict) and isinstance(actual, dict):
        expected, actual = _differing(expected, actual), _differing(actual, expected)
    return control.control, _value(control, expected), _value(control, actual), control.status, control.evidence or "-"


def _differing(one: Mapping[str, Json], other: Mapping[str, Json]) -> dict[str, Json]:
    """Of two maps the entries that only the first has in this way."""
    return {key: value for key, value in one.items() if key not in other or other[key] != value}


def _value(control: Control, value: Json) -> str:
    """By the name of the field that asks for the control, since that says the unit."""
    if value is None:
        return "-"
    if isinstance(value, dict) and control.control.startswith("mount:"):
        told = value.get("writable") == (value.get("readOnly") is False)  # then `ro` or `rw` says it
        return " ".join(_option(name, part) for name, part in value.items() if not (told and name == "writable"))
    key: Key = tuple(str(part) for part in control.path) or (control.control,)
    return shown(key, value)


def _option(name: str, value: Json) -> str:
    """A property of a mount as `mount` would write it: `ro`, `noexec`, `size=64Mi`."""
    match name, value:
        case "readOnly", bool():
            return "ro" if value else "rw"
        case "type", str():
            return safe(value)
        case _, bool():
            return name if value else f"no{name}"
        case "size", -1:
            return "size=unlimited"
        case _:
            return f"{name}={shown((name,), value)}"
