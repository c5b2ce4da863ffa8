"""Bytes of a file → documents (spec.md, "Reading it"). Knows text and YAML, no fields; reads no file itself."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence

from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.nodes import Entries, Marks, Node, place, walk
from sandboxctl.problems import Path, Problem
from sandboxctl.spec import API_VERSION, KIND, Source
from sandboxctl.text import MAX_BYTES as MAX_BYTES  # whoever reads a file for us asks for this too
from sandboxctl.text import lines, without_mark

_WIDE_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_BREAKS = {"\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P"}
_TAG_DIRECTIVE = re.compile(r"^%TAG\b.*", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file. `value` is dict, list, str, bool, int, Decimal (a float, exactly from its text) or None.

    `flawed` are the paths that a problem has been reported for: their value is a stand-in, and complaining about it
    once more would only confuse.
    """

    value: object
    source: Source
    root: Node = field(repr=False, compare=False)
    flawed: frozenset[Path] = frozenset()


def read(data: bytes, *, filename: str, kind: str = KIND) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Every document that can be read, and everything wrong with the text. Never raises for what `data` holds.

    `kind` is what is expected, for the message about an empty file.
    Documents before a syntax error are there, those after it are not.
    """
    text, problem = _decode(data, filename)
    if problem is not None:
        return (), (problem,)
    source = Source(filename=filename, lines=lines(text))
    problem = _bad_character(text, source) or _tag_directive(text, source)
    if problem is not None:
        return (), (problem,)
    from sandboxctl.compose import compose  # brings PyYAML

    roots, problems = compose(source, text)
    if not roots and not problems:
        return (), (
            _problem("empty-document", f"the file is empty: expected {_beginning(kind)}", source, (1, 1), (1, 1)),
        )
    documents = tuple(
        _document(root, index, source, checked=bool(problems))
        for index, root in enumerate(roots)
        if root.value is not None
    )
    return documents, (*problems, *_first_empty(roots, source, kind))


def _beginning(kind: str) -> str:
    return f"a document that starts with `apiVersion: {API_VERSION}` and `kind: {kind}`"


def _document(root: Node, index: int, source: Source, *, checked: bool) -> Document:
    flawed = _flawed(root) if checked else ()
    return Document(
        value=root.value,
        root=root,
        flawed=frozenset(flawed),
        source=Source(
            filename=source.filename,
            document=index,
            marks=Marks(root, filename=source.filename),
            key_marks=Marks(root, filename=source.filename, of_keys=True),
            lines=source.lines,
        ),
    )


def rebuilt(document: Document, root: Node, *, others: Mapping[str, tuple[str, ...]]) -> Document:
    """The document with another tree, of which parts were written in `others`: files by name, with their lines."""
    again = _document(root, document.source.document, document.source, checked=True)
    return replace(again, source=replace(again.source, others=others))


def _flawed(root: Node) -> Iterator[Path]:
    """The paths of values that a problem has been reported for, or for their key."""
    for path, node in walk(root):
        if node.flawed:
            yield path
        if isinstance(node, Entries):
            yield from ((*path, name) for name, key in node.keys.items() if key.flawed)


def _first_empty(roots: Sequence[Node], source: Source, kind: str) -> Iterator[Problem]:
    """One problem is enough for any number of empty documents."""
    root = next((root for root in roots if root.value is None), None)
    if root is None:
        return
    start, end = root.start, root.end
    for line in range(min(start[0], len(source.lines)), 0, -1):  # what is empty has no text: its `---` has
        if start == end and source.lines[line - 1].startswith("---"):
            start, end = (line, 1), (line, 4)
    message = f"the document is empty: expected {_beginning(kind)}"
    hint = "take the `---` away if nothing belongs here"
    yield _problem("empty-document", message, source, start, end, hint=hint)


def _decode(data: bytes, filename: str) -> tuple[str, Problem | None]:
    """The text without its BOM, or what is wrong with its bytes."""
    source = Source(filename=filename)
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes (1 MiB), the most that a spec may have"
        hint = "split it into several files; put large contents into a file of their own (`source`)"
        return "", _problem("too-large", message, source, (1, 1), (1, 1), hint=hint)
    if data.startswith(_WIDE_BOMS) or b"\0\0" in (data[0:4:2], data[1:4:2]):
        message = "the file is not UTF-8: it looks like UTF-16 or UTF-32"
        return "", _problem("not-utf8", message, source, (1, 1), (1, 1), hint="save it as UTF-8")
    try:
        return without_mark(data.decode("utf-8")), None
    except UnicodeDecodeError as error:
        return "", _not_utf8(data, error.start, filename)


def _not_utf8(data: bytes, index: int, filename: str) -> Problem:
    before = without_mark(data[:index].decode("utf-8"))
    after = data[index : index + 200].decode("utf-8", "replace")
    source = Source(filename=filename, lines=lines(before + after))
    if _SURROGATE.match(data, index):
        message = "this is half of a surrogate pair, which is no character in UTF-8"
        hint = "save the file as UTF-8 with an editor that knows characters beyond U+FFFF"
    else:
        message = f"the byte 0x{data[index]:02X} here is not UTF-8"
        hint = "the file is probably Latin-1 or Windows-1252: save it as UTF-8"
    return _problem("not-utf8", message, source, *_character(before), hint=hint)


def _bad_character(text: str, source: Source) -> Problem | None:
    match = _FORBIDDEN.search(text)
    if match is None:
        return None
    char, where = match[0], _character(text[: match.start()])
    if char in _LINE_BREAKS:
        message = f"U+{ord(char):04X} ends a line in YAML 1.1 and not in YAML 1.2"
        hint = f"write it as {_LINE_BREAKS[char]} inside double quotes, or use an ordinary line break"
        return _problem("control-character", message, source, *where, hint=hint)
    if char == "\0":
        return _problem("nul-character", "a NUL cannot stand in YAML text", source, *where, hint="leave it out")
    message = f"the character U+{ord(char):04X} cannot stand in YAML text"
    hint = f'inside double quotes it can be written as "{_escaped(char)}"'
    return _problem("control-character", message, source, *where, hint=hint)


def _escaped(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"


def _tag_directive(text: str, source: Source) -> Problem | None:
    """Refused before libyaml sees it, which needs seconds for a file full of them."""
    match = _TAG_DIRECTIVE.search(text)
    if match is None:
        return None
    (line, column), _ = _character(text[: match.start()])
    message = "%TAG declares tags, and tags are not supported"
    return _problem("custom-tag", message, source, (line, column), (line, column + len(match[0].rstrip())),
                    hint="take the line away")  # fmt: skip


def _character(before: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Start and end of the one character that follows `before`."""
    line = before.count("\n") + before.count("\r") - before.count("\r\n") + 1
    column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
    return (line, column), (line, column + 1)


def _problem(
    code: str, message: str, source: Source, start: tuple[int, int], end: tuple[int, int], *, hint: str | None = None
) -> Problem:
    where = place(source.filename, start, end)
    return Problem(code=code, message=message, hint=hint, range=where, line_text=source.line_text(where))
