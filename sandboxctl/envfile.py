"""The one dialect of `KEY=value` files: `envFiles` of a spec and `--var-file`. Text → values; reads no file itself.

A line is empty, a comment (`# …`), or `KEY=value` with an optional `export ` before it and no space around `=`.
- no quotes: the value as it stands, without a trailing ` # comment` and trailing spaces; it cannot begin with a space
- single quotes: the value as it stands
- double quotes: `\\n \\r \\t \\\\ \\" \\$` mean what they mean in a shell's `$'…'`; any other backslash is an error
A value ends on its line, names nothing else (`$NAME` is text), and a key stands once in a file. A value may be secret,
so no problem ever shows one: not in a message, and not as a source line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandboxctl.nodes import place
from sandboxctl.problems import Problem

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")

_LINE = re.compile(r"(?P<indent>\s*(?:export\s+)?)(?P<name>[^=]*?)=(?P<value>.*)", re.DOTALL)
_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$"}


class _Mistake(Exception):  # noqa: N818  (never leaves this module)
    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(code)
        self.code, self.message, self.hint = code, message, hint


def parse(text: str, *, filename: str) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Names and values in the order of the file, and everything wrong with it."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = raw.removesuffix("\r")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            name, value = _assignment(line)
            _check_new(name, lines)
        except _Mistake as mistake:
            where = place(filename, (number, 1), (number, 2))  # a longer range would tell how long the value is
            problems.append(Problem(code=mistake.code, message=mistake.message, hint=mistake.hint, range=where))
            continue
        values[name], lines[name] = value, number
    return values, tuple(problems)


def _check_new(name: str, lines: Mapping[str, int]) -> None:
    if name in lines:
        raise _Mistake("duplicate-key", f"`{name}` is already set on line {lines[name]}", "keep one of the two")


def _assignment(line: str) -> tuple[str, str]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise _Mistake("env-syntax", "this line has no `=`", "write KEY=value; a value cannot go on over several lines")
    name, value = match["name"], match["value"]
    if name != name.rstrip() or value[:1].isspace():
        raise _Mistake("env-syntax", "a space beside the `=`", "write KEY=value, and quote a value that has spaces")
    if NAME.fullmatch(name) is None:
        raise _Mistake("bad-name", "what stands before the `=` is no name of a variable",
                       "a name has letters, digits and _ . -, and begins with a letter or _")  # fmt: skip
    if "\0" in value:
        raise _Mistake("nul-character", f"the value of `{name}` holds a NUL", "leave it out")
    return name, _value(value)


def _value(text: str) -> str:
    if text.startswith('"'):
        return _ESCAPE.sub(_unescaped, _quoted(_DOUBLE, text))
    if text.startswith("'"):
        return _quoted(_SINGLE, text)
    return "" if text.startswith("#") else re.split(r"\s#", text, maxsplit=1)[0].rstrip()


def _quoted(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.fullmatch(text)
    if match is None:
        raise _Mistake("env-syntax", "the quote is not closed, or something follows the closing quote",
                       r'a line break inside double quotes is written \n, a quote \"')  # fmt: skip
    return match[1]


def _unescaped(match: re.Match[str]) -> str:
    char = _ESCAPES.get(match[1])
    if char is None:
        raise _Mistake("env-syntax", "a backslash that means nothing inside double quotes",
                       r"write \\ for a backslash, or use single quotes")  # fmt: skip
    return char
