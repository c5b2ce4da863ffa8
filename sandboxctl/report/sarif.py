"""Problems as SARIF 2.1.0, the form in which code hosts take the findings of a tool."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from urllib.parse import quote

from sandboxctl import __version__, codes
from sandboxctl.problems import Problem, Range, Severity, brief

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def to_json(problems: Sequence[Problem]) -> str:
    """One run with a rule for each code in it. Columns are characters, ends are exclusive, as everywhere here."""
    names = sorted({problem.code for problem in problems})
    run = {
        "tool": {"driver": {"name": "sandboxctl", "version": __version__, "rules": [_rule(name) for name in names]}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, names) for problem in problems],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, sort_keys=True) + "\n"


def _rule(name: str) -> dict[str, object]:
    code = codes.find(name)
    if code is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": code.about},
        "help": {"text": f"Wrong:\n{code.wrong}\n\nRight:\n{code.right}\n"},
    }


def _result(problem: Problem, names: Sequence[str]) -> dict[str, object]:
    hint = f" ({problem.hint})" if problem.hint else ""
    result: dict[str, object] = {
        "ruleId": problem.code,
        "ruleIndex": names.index(problem.code),
        "level": _LEVELS[problem.severity],
        "message": {"text": brief(f"{problem.message}{hint}")},
    }
    if problem.range is not None:
        result["locations"] = [{"physicalLocation": _location(problem.range)}]
    return result


def _location(place: Range) -> dict[str, object]:
    start, end = place.start, place.end
    region = {"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column}
    return {"artifactLocation": {"uri": _uri(place.filename)}, "region": region}


def _uri(filename: str) -> str:
    """Relative to where the command ran, as code hosts want it; an absolute path with its scheme."""
    path = quote(os.fsencode(os.path.normpath(filename)))
    return f"file://{path}" if path.startswith("/") else path
