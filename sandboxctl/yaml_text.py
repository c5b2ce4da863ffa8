"""Prints plain data as YAML that every reader, 1.1 or 1.2, takes for the same. No domain logic here.

A string stays plain only where no version of YAML could read it as anything else; every other one is double-quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandboxctl.backends.base import Json

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 _./@:+,=()%^-]*")
_NOT_PLAIN = re.compile(r": |[: ]$|^(?:y|n|yes|no|true|false|on|off|null)$", re.IGNORECASE)
_LONGEST_KEY = 1000  # characters; readers give up at 1024
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def dump(value: Json) -> str:
    """One document, in block style, ending with a line break; the order of maps is kept."""
    return "".join(f"{line}\n" for line in _lines(value))


def scalar(value: None | bool | int | str) -> str:
    """One scalar on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            plain = _PLAIN.fullmatch(value) and not _NOT_PLAIN.search(value)
            return value if plain else _quoted(value)


def _lines(value: Json) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, part in value.items():
                yield from _entry(key, part)
        case list() if value:
            for part in value:
                first, *rest = _lines(part)
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
        case dict():
            yield "{}"
        case list():
            yield "[]"
        case _:
            yield scalar(value)


def _entry(key: str, value: Json) -> Iterator[str]:
    name = scalar(key)
    if len(name) > _LONGEST_KEY:
        yield f"? {name}"
        name = ""
    if isinstance(value, dict | list) and value:
        yield f"{name}:"
        yield from (f"  {line}" for line in _lines(value))
    else:
        yield f"{name}: {next(_lines(value))}"


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
