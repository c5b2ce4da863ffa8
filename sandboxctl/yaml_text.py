"""Prints plain data as YAML that every reader, 1.1 or 1.2, takes for the same. No domain logic here.

A string stays plain only where no version of YAML could read it as anything else; every other one is double-quoted.
"""

from __future__ import annotations

import re

from sandboxctl.backends.base import Json

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 _./@:+,=()%^-]*")
_NOT_PLAIN = re.compile(r": |[: ]$|^(?:y|n|yes|no|true|false|on|off|null)$", re.IGNORECASE)
_LONGEST_KEY = 1000  # characters; readers give up at 1024
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def dump(value: Json) -> str:
    """One document, in block style, ending with a line break; the order of maps is kept."""
    lines: list[str] = []
    _write(lines, value, first="", rest="")
    return "\n".join(lines) + "\n"


def scalar(value: bool | int | str | None) -> str:
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


def _write(lines: list[str], value: Json, *, first: str, rest: str) -> None:
    """Appends `value`; its first line begins with `first`, the others with `rest`."""
    match value:
        case dict() if value:
            for key, part in value.items():
                _write_entry(lines, key, part, first=first, rest=rest)
                first = rest
        case list() if value:
            for part in value:
                _write(lines, part, first=f"{first}- ", rest=f"{rest}  ")
                first = rest
        case dict() | list():
            lines.append(first + ("{}" if isinstance(value, dict) else "[]"))
        case _:
            lines.append(first + scalar(value))


def _write_entry(lines: list[str], key: str, value: Json, *, first: str, rest: str) -> None:
    name = scalar(key)
    if len(name) > _LONGEST_KEY:
        lines.append(f"{first}? {name}")
        first, name = rest, ""
    if isinstance(value, dict | list) and value:
        lines.append(f"{first}{name}:")
        _write(lines, value, first=f"{rest}  ", rest=f"{rest}  ")
    else:
        _write(lines, value, first=f"{first}{name}: ", rest=rest)


def _quoted(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
