"""The closed list of what a template may say: each rendered document is checked against `schemas/payload/`.

Engines ignore what they do not know, so a misspelt safety option would be none. No domain logic here.

The schemas are JSON Schema 2020-12, limited to the keywords of `_KEYWORDS` and read by this module, since a general
validator takes a millisecond a document and 100 to load. The tests hold the two against each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

from sandboxctl import resources
from sandboxctl.backends.base import Json
from sandboxctl.template import TemplateError

_Schema = Mapping[str, Any]


def schema(backend: str) -> dict[str, Json]:
    """The payload schema of one backend (`sandboxctl schema --payload`)."""
    text = (resources.schemas() / "payload" / f"{backend}.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Json]", json.loads(text))


def check(document: dict[str, Json], backend: str) -> None:
    """Raises TemplateError for the first thing that the payload schema of `backend` does not allow. Shows no value."""
    root = _schema(backend)
    problem = _problem(document, root, root)
    if problem is not None:
        raise TemplateError(f"the {backend} template renders what its payload schema does not allow: {problem}")


_schema = cache(schema)


def _problem(value: Json, node: _Schema, root: _Schema) -> str | None:
    """Where `value` is not what `node` allows: `host_config/mem_limit (minimum)`. A keyword unknown here raises."""
    for keyword, argument in node.items():
        found = _KEYWORDS[keyword](value, argument, node, root)
        if found is not None:
            return found
    return None


def _reference(value: Json, argument: str, _: _Schema, root: _Schema) -> str | None:
    return _problem(value, root["$defs"][argument.removeprefix("#/$defs/")], root)


def _one_of(value: Json, argument: list[_Schema], _: _Schema, root: _Schema) -> str | None:
    problems = [_problem(value, each, root) for each in argument]
    return None if problems.count(None) == 1 else "; or ".join(filter(None, problems)) or "(oneOf)"


def _properties(value: Json, argument: Mapping[str, _Schema], _: _Schema, root: _Schema) -> str | None:
    if isinstance(value, dict):
        for name, part in value.items():
            if name in argument and (found := _problem(part, argument[name], root)) is not None:
                return _below(name, found)
    return None


def _additional(value: Json, argument: _Schema | bool, node: _Schema, root: _Schema) -> str | None:
    if not isinstance(value, dict):
        return None
    known = node.get("properties", {})
    for name, part in value.items():
        if name in known:
            continue
        if isinstance(argument, bool):
            return None if argument else _below(name, "(additionalProperties)")
        if (found := _problem(part, argument, root)) is not None:
            return _below(name, found)
    return None


def _names(value: Json, argument: _Schema, _: _Schema, root: _Schema) -> str | None:
    names = value if isinstance(value, dict) else {}
    return next((found for name in names if (found := _problem(name, argument, root)) is not None), None)


def _items(value: Json, argument: _Schema, _: _Schema, root: _Schema) -> str | None:
    for index, part in enumerate(value if isinstance(value, list) else ()):
        if (found := _problem(part, argument, root)) is not None:
            return _below(str(index), found)
    return None


def _below(name: str, found: str) -> str:
    return f"{name} {found}" if found.startswith("(") else f"{name}/{found}"


def _nothing(_value: Json, _argument: Json, _node: _Schema, _root: _Schema) -> None:
    """For annotations."""


_Keyword = Callable[[Any, Any, _Schema, _Schema], str | None]


def _simple(name: str, holds: Callable[[Any, Any], bool]) -> _Keyword:
    """A keyword that looks at the value alone."""

    def keyword(value: Json, argument: Json, _node: _Schema, _root: _Schema) -> str | None:
        return None if holds(value, argument) else f"({name})"

    return keyword


_TYPES: Mapping[str, type] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
_matches = cache(re.compile)


def _has_type(value: Json, name: str) -> bool:
    return isinstance(value, _TYPES[name]) and isinstance(value, bool) == (name == "boolean")


def _same(value: Json, other: Json) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _is_number(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_KEYWORDS: Mapping[str, _Keyword] = {
    **dict.fromkeys(("$schema", "$defs", "title", "description"), _nothing),
    "$ref": _reference,
    "oneOf": _one_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "type": _simple("type", _has_type),
    "const": _simple("const", _same),
    "enum": _simple("enum", lambda value, known: any(_same(value, each) for each in known)),
    "required": _simple("required", lambda value, names: not isinstance(value, dict) or value.keys() >= set(names)),
    "pattern": _simple("pattern", lambda value, text: not isinstance(value, str) or bool(_matches(text).search(value))),
    "minLength": _simple("minLength", lambda value, least: not isinstance(value, str) or len(value) >= least),
    "maxLength": _simple("maxLength", lambda value, most: not isinstance(value, str) or len(value) <= most),
    "minimum": _simple("minimum", lambda value, least: not _is_number(value) or value >= least),
    "maximum": _simple("maximum", lambda value, most: not _is_number(value) or value <= most),
    "minItems": _simple("minItems", lambda value, least: not isinstance(value, list) or len(value) >= least),
}
