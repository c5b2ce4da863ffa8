"""The words for what a document should have said: (code, message, hint) for each way not to fit the schema. Pure.

Never a regular expression, never a type's name in another language; the likely fix where there is one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from sandboxctl import habits
from sandboxctl.problems import Path, dotted, suggestion

Words = tuple[str, str, str | None]

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}
_BOOLEANS = {"true": "true", "yes": "true", "on": "true", "y": "true", "1": "true",
             "false": "false", "no": "false", "off": "false", "n": "false", "0": "false"}  # fmt: skip
_LONGEST = 40
_CHOICES = 3  # of names that may have been meant


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.removeprefix("^").removesuffix("$"))


def matches(pattern: str, text: str) -> bool:
    """Whether all of `text` is what an anchored pattern of the schema says (Python's `$` would allow a line feed)."""
    return _compiled(pattern).fullmatch(text) is not None


def expected(node: Mapping[str, Any]) -> str:
    """What a schema asks for."""
    if "x-expect" in node:
        return str(node["x-expect"])
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return f"one of {', '.join(node['enum'])}"
    names = node.get("type", ())
    return " or ".join(_TYPES[name] for name in ((names,) if isinstance(names, str) else names))


def wrong_type(value: object, node: Mapping[str, Any], path: Path, written: str) -> Words:
    """Another kind of value than the schema's."""
    names = node.get("type", ())
    allowed = (names,) if isinstance(names, str) else tuple(names)
    message = f"{_field(path)} must be {expected(node)}, not {_found(value)}"
    return "wrong-type", message, _conversion(value, allowed, written)


def _conversion(value: object, allowed: Sequence[str], written: str) -> str | None:
    match value:
        case bool() if "number" in allowed:
            return None
        case bool() | int() | Decimal() if "string" in allowed:
            return f'quote it: "{written or value}"'
        case str() if "integer" in allowed and re.fullmatch(r"-?[0-9]+", value):
            return f"take the quotes away: {value}"
        case str() if "boolean" in allowed and value.lower() in _BOOLEANS:
            return f"write {_BOOLEANS[value.lower()]}"
        case str() if "array" in allowed:
            return f"write a list: {json.dumps(value.split(), ensure_ascii=False)}" if len(value) <= _LONGEST else None
        case dict() if "array" in allowed:
            return "begin each item with `- `"
        case _:
            return None


def null(path: Path, written: str) -> Words:
    """Nothing, written as such or by leaving the value out."""
    message = f"{_field(path)} is null, which means nothing in a spec" if written else f"{_field(path)} has no value"
    return "null-value", message, "write a value, or take the key away: then the default applies"


def unknown_value(value: object, allowed: Sequence[object], node: Mapping[str, Any], path: Path) -> Words:
    """None of the words there are."""
    shown = f"`{_short(value)}`" if isinstance(value, str) else _found(value)
    message = f"{_field(path)} must be {expected(node)}, not {shown}"
    near = suggestion(value, [each for each in allowed if isinstance(each, str)]) if isinstance(value, str) else None
    return node.get("x-code", "unknown-value"), message, f"did you mean `{near}`?" if near else None


def bad_name(value: str, node: Mapping[str, Any], path: Path) -> Words:
    """A text that a pattern does not allow."""
    message = f"{_field(path)} must be {expected(node)}, not `{_short(value)}`"
    near = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
    likely = near and matches(node["pattern"], near)
    return node.get("x-code", "bad-value"), message, f"did you mean `{near}`?" if likely else None


def missing(key: str, properties: Mapping[str, Any], path: Path, kind: str, beside: Mapping[str, object]) -> Words:
    """A key that has to be there; `kind` is what the whole document is, `beside` are the keys that are there."""
    message, about = f"{_inside(path, kind)} has no `{key}`", properties.get(key, {})
    likely = about.get("const") or (habits.mount_type(beside) if key == "type" else None)
    if likely is not None:
        return "missing-key", message, f"add `{key}: {likely}`"
    choice = f", one of {expected(about).removeprefix('one of ')}" if "enum" in about else ""
    return "missing-key", message, f"add `{key}`{choice}" + (f": {_about(about)}" if about else "")


def _about(node: Mapping[str, Any]) -> str:
    text = str(node.get("description", ""))
    return text[:1].lower() + text[1:].partition(". ")[0].rstrip(".")


def missing_beside(key: str, other: str, path: Path) -> Words:
    """A key that another one asks for."""
    return "missing-key", f"{_inside(path)} has `{other}` and so needs `{key}`", f"add `{key}`"


def missing_choice(keys: Sequence[str], path: Path) -> Words:
    """None of several keys, of which there has to be one."""
    return "missing-key", f"{_inside(path)} needs one of {', '.join(keys)}", None


def exclusive(keys: Sequence[str], path: Path) -> Words:
    """More than one of several keys."""
    listed = " and ".join(f"`{key}`" for key in keys)
    return "exclusive-keys", f"{_inside(path)} has {listed}, which exclude each other", "keep one of them"


def unknown_key(key: str, properties: Mapping[str, Any], meant: Sequence[Path], path: Path, kind: str) -> Words:
    """A key that is not there; `meant` is where keys of this name are, `kind` what the whole document is.

    Near the top whole names are put into the wrong place; further down they are misspelt.
    """
    known = list(properties)
    called = next((name for name, node in properties.items() if key in node.get("x-also", ())), None)
    near = called or suggestion(key, known)
    own = re.sub(r"\[[0-9]+\]", "[]", dotted(path))
    elsewhere = [name for name in (_from(path, each) for each in meant) if name.rpartition(".")[0] != own]
    here = [near] if near else []
    likely = elsewhere or here
    if called or len(path) > 1:
        likely = here or elsewhere
    hint = habits.moved(path, key) or (_did_you_mean(likely) if likely else f"the keys here are {', '.join(known)}")
    return "unknown-key", f"{_inside(path, kind)} has no key `{_short(key)}`", hint


def _did_you_mean(names: Sequence[str]) -> str:
    return f"did you mean {' or '.join(f'`{name}`' for name in names[:_CHOICES])}?"


def _from(path: Path, meant: Path) -> str:
    """A field as it is called inside `spec`; seen from outside of that with all of its path."""
    return dotted(meant) if path[:1] == ("spec",) else ".".join(str(part) for part in meant)


def _field(path: Path) -> str:
    return f"`{dotted(path)}`" if path else "the document"


def _inside(path: Path, kind: str = "document") -> str:
    return f"`{dotted(path)}`" if path else f"a {kind}"


def _found(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return f"the number {value}"
        case str():
            return "text" if value else "an empty text"
        case list():
            return "a list of texts" if value and all(isinstance(each, str) for each in value) else "a list"
        case dict():
            return "a mapping"
        case _:
            return "null"


def _short(value: object) -> str:
    text = "".join(char if char.isprintable() else "�" for char in str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
