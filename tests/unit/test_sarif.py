"""SARIF: what a code host needs of the 2.1.0 schema, and that it points at the same places as the other forms.

The schema below is the part of the published one (OASIS, sarif-schema-2.1.0) that such a log uses, every object closed.
"""

from __future__ import annotations

import json
import os
from typing import Any

import jsonschema

from sandboxctl import __version__
from sandboxctl.problems import Position, Problem, Range, Severity
from sandboxctl.report import sarif


def closed(required: list[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


TEXT = {"type": "string"}
MESSAGE = closed(["text"], text=TEXT)
AT = {"type": "integer", "minimum": 1}
REGION = closed(["startLine"], startLine=AT, startColumn=AT, endLine=AT, endColumn=AT)
PHYSICAL = closed(
    ["artifactLocation"],
    artifactLocation=closed(["uri"], uri={"type": "string", "format": "uri-reference"}),
    region=REGION,
)
RULE = closed(["id"], id=TEXT, shortDescription=MESSAGE, help=MESSAGE)
RESULT = closed(
    ["message"],
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["none", "note", "warning", "error"]},
    message=MESSAGE,
    locations={"type": "array", "items": closed([], physicalLocation=PHYSICAL)},
)
RUN = closed(
    ["tool"],
    tool=closed(["driver"], driver=closed(["name"], name=TEXT, version=TEXT, rules={"type": "array", "items": RULE, "uniqueItems": True})),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": RESULT},
)  # fmt: skip
LOG = closed(["version", "runs"], **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": {"type": "array", "items": RUN}})  # fmt: skip


def log(*problems: Problem) -> Any:
    found = json.loads(sarif.to_json(problems))
    jsonschema.Draft202012Validator(LOG).validate(found)
    return found


def at(filename: str) -> Range:
    return Range(filename=filename, start=Position(line=3, column=5), end=Position(line=3, column=9))


def test_a_problem_is_a_result_with_its_rule_its_place_and_its_fix() -> None:
    problem = Problem(
        code="unknown-key", message="`spec` has no key `x`", hint="did you mean `y`?", range=at("a b.yaml")
    )
    (run,) = log(problem)["runs"]
    assert run["tool"]["driver"]["version"] == __version__
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-key"]
    assert run["results"] == [
        {
            "ruleId": "unknown-key",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "`spec` has no key `x` (did you mean `y`?)"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "a%20b.yaml"},
                        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
                    }
                }
            ],
        }
    ]


def test_each_result_points_at_the_rule_of_its_code() -> None:
    one = Problem(code="wrong-type", message="a")
    two = Problem(code="image-latest", message="b", severity=Severity.WARNING)
    (run,) = log(one, two, one)["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [(rules[each["ruleIndex"]], each["level"]) for each in run["results"]] == [
        ("wrong-type", "error"),
        ("image-latest", "warning"),
        ("wrong-type", "error"),
    ]


def test_names_of_files_are_references_whatever_they_hold() -> None:
    names = ["./a.yaml", "/srv/a.yaml", "<stdin>", "ä#?.yaml", os.fsdecode(b"\xff.yaml")]
    (run,) = log(*(Problem(code="wrong-type", message="a", range=at(name)) for name in names))["runs"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert uris == ["a.yaml", "file:///srv/a.yaml", "%3Cstdin%3E", "%C3%A4%23%3F.yaml", "%FF.yaml"]


def test_nothing_wrong_is_a_log_without_results() -> None:
    assert log()["runs"][0]["results"] == []
