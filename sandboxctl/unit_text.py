"""Prints plain data as the files of a Quadlet: systemd's units, in which no value can be taken for anything else.

A text is one line; a list is a line for each, and a list in it one line of words. No domain logic here.
"""

from __future__ import annotations

import re

from sandboxctl.backends.base import Json
from sandboxctl.errors import InvalidError

_WORDS = frozenset(
    {"Annotation", "Environment", "Exec", "ExecStartPost", "GlobalArgs", "Label", "Mount", "PodmanArgs", "Secret",
     "Sysctl"}
)  # fmt: skip
"""Keys whose lines are read as words: there blanks and quotes can be written. Of any other key a line is its value."""

_PLAIN = re.compile(r"[A-Za-z0-9_./:@,+=%$-]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LAST = re.compile(r"[\x00-\x1f\x7f]|^[\s\"']|[\s\\]$")


def dump(document: dict[str, Json]) -> str:
    """One file. The comment with its name is what `podman quadlet install` reads where several are in one file.

    Raises InvalidError for a value that no line of a unit can hold.
    """
    name = str(document["file"])
    lines = [f"# {name}", f"# FileName={name.rpartition('.')[0]}"]
    for section, entries in document.items():
        if isinstance(entries, dict):
            lines += ["", f"[{section}]"]
            lines += [f"{key}={text}" for key, value in entries.items() for text in _lines(key, value)]
    return "\n".join(lines) + "\n"


def _lines(key: str, value: Json) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [_line(key, each) for each in values if each != []]


def _line(key: str, value: Json) -> str:
    words = [str(word) for word in value] if isinstance(value, list) else [str(value)]
    if key in _WORDS:
        return " ".join(_word(word) for word in words)
    text = _undone(" ".join(words))
    if _LAST.search(text):
        raise InvalidError(f"{key}= of a unit cannot hold this value: {text!r}",
                           hint="it may not begin or end with a blank, and has no control characters")  # fmt: skip
    return text


def _word(text: str) -> str:
    """Quoted where it has to be, with escapes that Quadlet and systemd share."""
    undone = _undone(text)
    if _PLAIN.fullmatch(undone):
        return undone
    return '"' + "".join(_escaped(char) for char in undone) + '"'


def _undone(text: str) -> str:
    """`%` begins a specifier of systemd's, `$` a variable; each twice is itself."""
    return text.replace("%", "%%").replace("$", "$$")


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
