"""libyaml's complaints → problems in our words, at the place of the cause rather than where the parser gave up.

Only wording: `error` is what libyaml raised, `source` the text it was reading.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandboxctl.dataclass import dataclass
from sandboxctl.nodes import Place, place
from sandboxctl.problems import Problem

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

    from sandboxctl.spec import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """`said` about `at`, while reading what begins at `opened`; `line` is the text of the line of `at`."""

    said: str
    at: Place
    opened: Place | None
    line: str
    opened_line: str

    @property
    def before(self) -> str:
        """The line up to `at`."""
        return self.line[: self.at[1] - 1]

    @property
    def char(self) -> str:
        """The character at `at`, empty at the end of a line."""
        return self.line[self.at[1] - 1 : self.at[1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What the user is told. `start` and `end` None: the one character at `at`."""

    message: str
    hint: str | None = None
    start: Place | None = None
    end: Place | None = None
    code: str = "yaml-syntax"


def explain(error: MarkedYAMLError, source: Source) -> Problem:
    """The problem that `error` stands for."""
    failure = _failure(error, source)
    told = next((tell(failure) for fragment, tell in _TELLERS if fragment in failure.said), None)
    told = told or _Told(message="from here on this is not YAML", hint="look for a missing quote, bracket or colon")
    start = told.start or failure.at
    end = told.end or (start[0], start[1] + 1)
    where = place(source.filename, start, end)
    return Problem(code=told.code, message=told.message, hint=told.hint, range=where, line_text=source.line_text(where))


def _failure(error: MarkedYAMLError, source: Source) -> _Failure:
    mark, context = error.problem_mark or error.context_mark, error.context_mark
    at = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    opened = (context.line + 1, context.column + 1) if context is not None else None
    if at[0] > len(source.lines) > 0:  # past the last line break: point behind the last character instead
        at = (len(source.lines), len(source.lines[-1]) + 1)
    return _Failure(
        said=f"{error.context or ''}: {error.problem or ''}",
        at=at,
        opened=opened,
        line=_line(source, at),
        opened_line=_line(source, opened),
    )


def _line(source: Source, where: Place | None) -> str:
    return source.lines[where[0] - 1] if where is not None and where[0] <= len(source.lines) else ""


def _colon(failure: _Failure) -> _Told:
    """`mapping values are not allowed`: a second colon in a line, or a line indented below a text."""
    indent = len(failure.line) - len(failure.line.lstrip())
    if re.search(r":\s", failure.before):
        return _Told(
            message="a second `: ` in one line: what follows the first is text, and cannot be a key as well",
            hint='put the value in quotes, as in key: "a: b", or the inner key on a line of its own',
        )
    return _Told(
        message="this line cannot be a key here: the line before it is the beginning of a text, not of a mapping",
        hint="check its indentation, and that the line before ends with a colon",
        start=(failure.at[0], indent + 1),
        end=failure.at,
    )


def _start_of_token(failure: _Failure) -> _Told:
    """A character that nothing may begin with."""
    if failure.char == "\t":
        return _Told(message="a tab, where YAML wants spaces", hint="indent with spaces only")
    return _Told(
        message=f"a plain text cannot begin with `{failure.char}`",
        hint=f'put it in quotes: "{failure.line[failure.at[1] - 1 :].strip()}"',
    )


def _tab(_: _Failure) -> _Told:
    return _Told(message="a tab, where YAML wants spaces", hint="indent with spaces only")


def _open_quote(failure: _Failure) -> _Told:
    return _Told(
        message="the quote that opens here is never closed",
        hint='close it; inside single quotes a quote is written twice, inside double quotes as \\"',
        start=failure.opened,
    )


def _bracket(failure: _Failure) -> _Told:
    opened = failure.opened or failure.at
    bracket = failure.opened_line[opened[1] - 1 : opened[1]] or "["
    closing = "]" if bracket == "[" else "}"
    if failure.before.endswith("$") and failure.char == "{":
        return _Told(
            message="inside `[ ]` and `{ }` a reference has to be in quotes: its braces are YAML's here",
            hint='write "${NAME}", or put the value on a line of its own',
            start=(failure.at[0], failure.at[1] - 1),
        )
    if opened[0] != failure.at[0]:
        return _Told(message=f"the `{bracket}` that opens here is never closed", hint=f"close it with `{closing}`",
                     start=opened)  # fmt: skip
    return _Told(message=f"expected `,` or `{closing}` here", hint=f"separate with `,`, and close with `{closing}`")


def _item(failure: _Failure) -> _Told:
    line = (failure.opened or failure.at)[0]
    return _Told(
        message=f"expected the next `- ` of the list that begins on line {line}",
        hint="check the indentation: each item's `-` stands in the same column",
    )


def _key(failure: _Failure) -> _Told:
    """`did not find expected key`: something behind a finished value, or a line in no column of a mapping."""
    before = failure.before.rstrip()
    if before.endswith(("'", '"')):
        return _Told(
            message="the quoted text ends before this, and nothing may follow it",
            hint="put the whole value in quotes; inside single quotes a quote is written twice",
        )
    if failure.char in ("]", "}"):
        return _Told(message=f"this `{failure.char}` closes nothing", hint="take it away, or open it before")
    if failure.char == ":" and not before:
        return _Told(message="a key is missing before this `:`", hint="write the key, or take the `:` away")
    if before:
        return _Told(message="the value ends before this, and nothing may follow it", hint="put the value in quotes")
    line = (failure.opened or failure.at)[0]
    return _Told(
        message=f"this line stands in no column of the mapping that begins on line {line}",
        hint="check its indentation: the keys of one mapping stand in the same column",
    )


def _no_colon(failure: _Failure) -> _Told:
    opened = failure.opened or failure.at
    end = (opened[0], max(len(failure.opened_line.rstrip()), opened[1]) + 1)
    return _Told(
        message="this line is neither `key: value` nor part of a text",
        hint="is the colon after the key missing?",
        start=opened,
        end=end,
    )


def _outdent(failure: _Failure) -> _Told:
    if failure.char in ("]", "}"):
        return _Told(message=f"this `{failure.char}` closes nothing", hint="take it away, or open it before")
    return _Told(
        message="the document has ended before this",
        hint="check the indentation: the first key of a document says where all the others begin",
    )


def _escape(failure: _Failure) -> _Told:
    shown = failure.line[failure.at[1] - 1 : failure.at[1] + 1]
    return _Told(
        message=f"`{shown}` means nothing inside double quotes",
        hint="write \\\\ for a backslash, or use single quotes, where it stands for itself",
        end=(failure.at[0], failure.at[1] + 2),
    )


def _code_point(failure: _Failure) -> _Told:
    """Hexadecimal escapes; libyaml points behind the `\\u`."""
    begin = failure.before.rfind("\\")
    start = (failure.at[0], begin + 1) if begin >= 0 else failure.at
    if re.match(r"\\u[dD][89a-fA-F]", failure.line[start[1] - 1 :]):
        return _Told(
            message="half of a surrogate pair is no character",
            hint="write the character itself, or its whole number, as in \\U0001F389",
            start=start,
            end=(start[0], start[1] + 6),
        )
    return _Told(
        message="this escape is no character",
        hint="write \\x and 2, \\u and 4, or \\U and 8 hexadecimal digits",
        start=start,
        end=(start[0], start[1] + 2),
    )


def _dash(_: _Failure) -> _Told:
    return _Told(
        message="a list cannot begin on the line of its key",
        hint='put each `- item` on a line of its own, or quote the text: "- a"',
    )


def _content(failure: _Failure) -> _Told:
    return _Told(message=f"expected a value, not `{failure.char}`" if failure.char else "expected a value here")


def _block_header(failure: _Failure) -> _Told:
    return _Told(
        message="the text of `|` or `>` begins on the next line",
        hint='put this on the next line, or quote the whole value: a plain text cannot begin with "|" or ">"',
        start=failure.at,
    )


def _name(failure: _Failure) -> _Told:
    opened = failure.opened or failure.at
    char = failure.opened_line[opened[1] - 1 : opened[1]]
    text = failure.opened_line[opened[1] - 1 :].strip()
    return _Told(
        message=f"`{char}` at the beginning of a value stands for {'an alias' if char == '*' else 'an anchor'}",
        hint=f'put the text in quotes: "{text}"',
        start=opened,
    )


def _tag(failure: _Failure) -> _Told:
    return _Told(
        code="custom-tag",
        message="`!` at the beginning of a value stands for a tag, and tags are not supported",
        hint="take it away, or put the text in quotes",
        start=failure.opened,
    )


def _directive(failure: _Failure) -> _Told:
    return _Told(
        message="a line that begins with `%` is a directive, and this one is not supported",
        hint="take the line away: a spec needs none",
        start=(failure.at[0], 1),
        end=(failure.at[0], len(failure.line) + 1),
    )


def _deep(failure: _Failure) -> _Told:
    return _Told(
        code="too-deep",
        message="this is nested more than 64 levels deep",
        hint="no field of a spec needs that: look for brackets that are never closed",
        start=failure.at,
    )


_TELLERS = (
    ("mapping values are not allowed", _colon),
    ("cannot start any token", _start_of_token),
    ("found a tab character", _tab),
    ("quoted scalar: found unexpected", _open_quote),
    ("expected ',' or", _bracket),
    ("expected '-' indicator", _item),
    ("did not find expected key", _key),
    ("could not find expected ':'", _no_colon),
    ("expected <document start>", _outdent),
    ("unknown escape character", _escape),
    ("Unicode character escape code", _code_point),
    ("hexdecimal number", _code_point),
    ("block sequence entries are not allowed", _dash),
    ("expected node content", _content),
    ("scanning a block scalar", _block_header),
    ("scanning an alias", _name),
    ("scanning an anchor", _name),
    ("while scanning a tag", _tag),
    ("while parsing a tag", _tag),
    ("undefined tag handle", _tag),
    ("irective", _directive),
    ("incompatible YAML document", _directive),
    ("maximum nesting depth", _deep),
)
