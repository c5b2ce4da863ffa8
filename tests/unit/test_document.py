"""Bytes to documents: places, limits, and the wording of what is wrong."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from decimal import Decimal

import pytest

from sandboxctl.document import Document, read
from sandboxctl.problems import Position, Problem, Range

MEBIBYTE = 2**20


def reading(text: str | bytes) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    return read(text if isinstance(text, bytes) else text.encode(), filename="f.yaml")


def values(text: str | bytes) -> list[object]:
    documents, problems = reading(text)
    assert problems == ()
    return [document.value for document in documents]


def told(text: str | bytes) -> list[tuple[str, str, str]]:
    """Code, place and message of each problem."""
    return [(problem.code, span(problem.range), problem.message) for problem in reading(text)[1]]


def span(place: Range | None) -> str:
    assert place is not None
    return f"{place.start.line}:{place.start.column}-{place.end.line}:{place.end.column}"


def test_a_document_becomes_plain_values_with_exact_numbers() -> None:
    text = "a: [1, 0.50, true, x, '1']\nb: {c: |\n  text\n}\n"
    assert values("a: [1, 0.50, true, x, '1', \"é\\t\"]\nb:\n  c: |\n    text\n  d: ~\n") == [
        {"a": [1, Decimal("0.50"), True, "x", "1", "é\t"], "b": {"c": "text\n", "d": None}}
    ]
    assert told(text)[0][0] == "yaml-syntax"


def test_the_digits_of_a_float_are_kept() -> None:
    assert str(values("a: 3.10")[0]["a"]) == "3.10"  # type: ignore[index]


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    documents, problems = reading(b"\xef\xbb\xbfa: b")
    assert (documents[0].value, problems) == ({"a": "b"}, ())
    assert span(documents[0].source.key_marks[("a",)]) == "1:1-1:2"


def test_each_document_of_a_file_knows_its_number() -> None:
    documents, problems = reading("a: 1\n---\nb: 2\n...\n---\nc: 3\n")
    assert problems == ()
    assert [(document.source.document, document.value) for document in documents] == [
        (0, {"a": 1}),
        (1, {"b": 2}),
        (2, {"c": 3}),
    ]


def test_marks_say_where_each_value_and_each_key_is_in_characters() -> None:
    source = reading('é: "ü" # x\nk: [b, 🎉, {z: 1}]\nm:\n  n: |\n    t\n\n  o: p\nq: r\n')[0][0].source
    assert {path: span(place) for path, place in source.marks.items()} == {
        (): "1:1-8:5",
        ("é",): "1:4-1:7",
        ("k",): "2:4-2:18",
        ("k", 0): "2:5-2:6",
        ("k", 1): "2:8-2:9",
        ("k", 2): "2:11-2:17",
        ("k", 2, "z"): "2:15-2:16",
        ("m",): "4:3-7:7",
        ("m", "n"): "4:6-5:6",
        ("m", "o"): "7:6-7:7",
        ("q",): "8:4-8:5",
    }
    assert {path: span(place) for path, place in source.key_marks.items()} == {
        ("é",): "1:1-1:2",
        ("k",): "2:1-2:2",
        ("k", 2, "z"): "2:12-2:13",
        ("m",): "3:1-3:2",
        ("m", "n"): "4:3-4:4",
        ("m", "o"): "7:3-7:4",
        ("q",): "8:1-8:2",
    }
    assert source.written(("m", "n"))
    assert not source.written(("m", "x"))
    assert not source.written(("k", 3))
    assert source.range(("k", 9, "y")) == source.key_marks[("k",)]
    assert source.range(("q", "x")) == source.marks[("q",)]
    assert [source.says(path) for path in (("m", "n"), ("m", "x"), ("q", "x"))] == [True, False, True]


def test_an_alias_repeats_the_value_and_its_inside_stands_where_it_is_written() -> None:
    document = reading("a: &x {b: 1}\nc: *x\n")[0][0]
    assert document.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert span(document.source.marks[("c",)]) == "2:4-2:6"
    assert span(document.source.marks[("c", "b")]) == "1:11-1:12"
    assert span(document.source.key_marks[("c", "b")]) == "1:8-1:9"


def test_core_tags_that_say_what_is_written_anyway_are_fine() -> None:
    assert values("a: !!str 12\nb: !!map {}\nc: !!seq []\nd: !!str no") == [{"a": "12", "b": {}, "c": [], "d": "no"}]


def test_windows_line_ends_count_as_one() -> None:
    assert told("a: b\r\nc: no\r\n") == [
        ("ambiguous-scalar", "2:4-2:6", "`no` is false in YAML 1.1 and text in YAML 1.2")
    ]


NODES = [
    ("a: 1\nb: 2\na: 3", "duplicate-key", "3:1-3:2", "the key `a` is already on line 1"),
    ("1: a", "non-string-key", "1:1-1:2", "the key `1` is not text"),
    ("true: a", "non-string-key", "1:1-1:5", "the key `true` is not text"),
    ("~: a", "non-string-key", "1:1-1:2", "the key `~` is not text"),
    ("'': 1\n? \n: a", "non-string-key", "2:2-2:2", "a key is missing before this `:`"),
    ("? [a]\n: b", "non-string-key", "1:3-1:3", "a key has to be text, not a list or a mapping"),
    ("on: a", "ambiguous-scalar", "1:1-1:3", "`on` is true in YAML 1.1 and text in YAML 1.2"),
    ("<<: {a: 1}", "ambiguous-scalar", "1:1-1:3", "`<<` is the merge key in YAML 1.1 and text in YAML 1.2"),
    ("a: !foo b", "custom-tag", "1:4-1:10", "the tag `!foo` is not supported: "),
    ("a: !!python/name:os.system x", "custom-tag", "1:4-1:29", "the tag `!!python/name:os.system` is not supported: "),
    ("a: !!binary aGk=", "custom-tag", "1:4-1:17", "the tag `!!binary` is not supported: "),
    ("a: !!set {b}", "custom-tag", "1:4-1:11", "the tag `!!set` is not supported: "),
    ("a: !!timestamp '2024-01-01'", "custom-tag", "1:4-1:28", "the tag `!!timestamp` is not supported: "),
    ("%TAG ! tag:x,1:\n---\na: b", "custom-tag", "1:1-1:16", "%TAG declares tags, and tags are not supported"),
    ("a: &a [b, *a]", "recursive-alias", "1:11-1:13", "`*a` stands inside what `&a` names"),
    ("abc: &abc 1\nd: *abd", "unknown-alias", "2:4-2:8", "`*abd` repeats `&abd`, which is nowhere before it"),
    ("a: &x 1\n---\nb: *x", "unknown-alias", "3:4-3:6", "`*x` repeats `&x`, which is nowhere before it"),
    ("", "empty-document", "1:1-1:1", "the file is empty: expected a document that starts with "),
    ("# only this\n", "empty-document", "1:1-1:1", "the file is empty: expected a document that starts with "),
    ("a: 1\n---\n", "empty-document", "2:1-2:4", "the document is empty: expected a document that starts with "),
    ("null\n", "empty-document", "1:1-1:5", "the document is empty: expected a document that starts with "),
]


@pytest.mark.parametrize(("text", "code", "where", "message"), NODES, ids=[each[0][:20] for each in NODES])
def test_what_is_wrong_with_one_node_is_said_at_its_place(text: str, code: str, where: str, message: str) -> None:
    ((found, place, said),) = told(text)
    assert (found, place, said[: len(message)]) == (code, where, message)


def test_reading_goes_on_after_what_is_wrong_with_one_node() -> None:
    documents, problems = reading("a: no\nb: !x y\nc: 1\nc: 2\n---\nd: on\n")
    assert [problem.code for problem in problems] == [
        "ambiguous-scalar",
        "custom-tag",
        "duplicate-key",
        "ambiguous-scalar",
    ]
    assert [(document.value, document.flawed) for document in documents] == [
        ({"a": "no", "b": "y", "c": 1}, {("a",), ("b",)}),
        ({"d": "on"}, {("d",)}),
    ]


BYTES = [
    (b"a: \xe9", "not-utf8", "1:4-1:5", "the byte 0xE9 here is not UTF-8"),
    ("ok: é\nb: ".encode() + b"\xff", "not-utf8", "2:4-2:5", "the byte 0xFF here is not UTF-8"),
    (b"a: \xed\xa0\x80", "not-utf8", "1:4-1:5", "this is half of a surrogate pair, which is no character in UTF-8"),
    ("a: b".encode("utf-16"), "not-utf8", "1:1-1:1", "the file is not UTF-8: it looks like UTF-16 or UTF-32"),
    ("a: b".encode("utf-16-le"), "not-utf8", "1:1-1:1", "the file is not UTF-8: it looks like UTF-16 or UTF-32"),
    ("a: b".encode("utf-32"), "not-utf8", "1:1-1:1", "the file is not UTF-8: it looks like UTF-16 or UTF-32"),
    (b"a: b\nc: x\x00y", "nul-character", "2:5-2:6", "a NUL cannot stand in YAML text"),
    (b"a: \x1b[31m", "control-character", "1:4-1:5", "the character U+001B cannot stand in YAML text"),
    ("é: x\u2028".encode(), "control-character", "1:5-1:6", "U+2028 ends a line in YAML 1.1 and not in YAML 1.2"),
]


@pytest.mark.parametrize(("data", "code", "where", "message"), BYTES, ids=[str(each[0])[:24] for each in BYTES])
def test_text_that_is_no_text_is_said_at_its_place(data: bytes, code: str, where: str, message: str) -> None:
    assert told(data) == [(code, where, message)]


SYNTAX = [
    ("a: b: c", "1:5-1:6", "a second `: ` in one line"),
    ("a: b\n  c: d", "2:3-2:4", "this line cannot be a key here"),
    ("ab cd\ne: f", "2:1-2:2", "this line cannot be a key here"),
    ("a: 1\nbcd\ne: f", "2:1-2:4", "this line is neither `key: value` nor part of a text"),
    ("a:\n  \tb: 1", "2:3-2:4", "a tab, where YAML wants spaces"),
    ("a: |\n\tb", "2:1-2:2", "a tab, where YAML wants spaces"),
    ("a: @b", "1:4-1:5", "a plain text cannot begin with `@`"),
    ("a: `b`", "1:4-1:5", "a plain text cannot begin with ```"),
    ('a: "b\nc: d\n', "1:4-1:5", "the quote that opens here is never closed"),
    ("a: [b, c\nd: e\n", "1:4-1:5", "the `[` that opens here is never closed"),
    ("a: {b: c\nd: e\n", "1:4-1:5", "the `{` that opens here is never closed"),
    ("a: [b, {c: d]\n", "1:13-1:14", "expected `,` or `}` here"),
    ("a: {b: ${C}}", "1:8-1:9", "inside `[ ]` and `{ }` a reference has to be in quotes"),
    ("- a\nb: c", "2:1-2:2", "expected the next `- ` of the list that begins on line 1"),
    ("a:\n    b: 1\n  c: 2", "3:3-3:4", "this line stands in no column of the mapping that begins on line 1"),
    ("  a: b\n c: d", "2:2-2:3", "the document has ended before this"),
    ("a: 'it's'", "1:8-1:9", "the quoted text ends before this"),
    ('a: ["b"] c', "1:10-1:11", "the value ends before this"),
    ("a: b\n}", "2:1-2:2", "this `}` closes nothing"),
    ("a: }", "1:4-1:5", "expected a value, not `}`"),
    ('a: "C:\\path"', "1:7-1:9", "`\\p` means nothing inside double quotes"),
    ('a: "\\ud83c\\udf89"', "1:5-1:11", "half of a surrogate pair is no character"),
    ('a: "\\x1"', "1:5-1:7", "this escape is no character"),
    ("a: - b", "1:4-1:5", "a list cannot begin on the line of its key"),
    (": a", "1:1-1:2", "a key is missing before this `:`"),
    ("a: | b", "1:6-1:7", "the text of `|` or `>` begins on the next line"),
    ("a: *.py", "1:4-1:5", "`*` at the beginning of a value stands for an alias"),
    ("a: && b", "1:4-1:5", "`&` at the beginning of a value stands for an anchor"),
    ("%FOO\n---\na: b", "1:1-1:5", "a line that begins with `%` is a directive"),
]


@pytest.mark.parametrize(("text", "where", "message"), SYNTAX, ids=[each[0][:20] for each in SYNTAX])
def test_a_syntax_error_is_told_in_our_words_at_its_cause(text: str, where: str, message: str) -> None:
    ((code, place, said),) = told(text)
    assert (code, place, said[: len(message)]) == ("yaml-syntax", where, message)


def test_a_problem_has_the_line_it_is_on_and_a_hint() -> None:
    assert reading("ok: 1\nmode: 0644\n")[1] == (
        Problem(
            code="ambiguous-scalar",
            message="`0644` is the number 420 in YAML 1.1 and the number 644 in YAML 1.2",
            hint='quote it if it is text: "0644"; else write 420 or 644',
            range=Range(filename="f.yaml", start=Position(line=2, column=7), end=Position(line=2, column=11)),
            path=("mode",),
            line_text="mode: 0644",
        ),
    )


def test_documents_before_a_syntax_error_are_read() -> None:
    documents, problems = reading("a: 1\n---\nb: [\n---\nc: 3\n")
    assert [document.value for document in documents] == [{"a": 1}]
    assert [problem.code for problem in problems] == ["yaml-syntax"]


def bomb() -> str:
    names = "abcdefghijklmnopqrst"
    lines = [f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]" for before, name in itertools.pairwise(names)]
    return "\n".join(["a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]", *lines])


EXCESS = {
    "one byte too many": ("a: " + "b" * (MEBIBYTE - 2), "too-large"),
    "100,000 levels of [": ("[" * 100_000, "too-deep"),
    "a mebibyte of {": ("{" * MEBIBYTE, "too-deep"),
    "a mebibyte of -": ("- " * (MEBIBYTE // 2), "too-deep"),
    "65 levels": ("[" * 65 + "]" * 65, "too-deep"),
    "65 levels through an alias": ("a: &a " + "[" * 60 + "]" * 60 + "\nb: [[[[*a]]]]", "too-deep"),
    "an alias bomb": (bomb(), "too-many-nodes"),
    "a wide list": ("[" + "a," * 500_000 + "]", "too-many-nodes"),
    "a wide mapping": ("".join(f"k{i}: 1\n" for i in range(60_000)), "too-many-nodes"),
    "many documents": ("---\n" * 200_000, "too-many-documents"),
    "many tag directives": ("".join(f"%TAG !a{i}! b\n" for i in range(50_000)) + "---\na", "custom-tag"),
}


@pytest.mark.parametrize("name", EXCESS)
def test_an_excess_is_an_error_in_under_a_second(name: str) -> None:
    text, code = EXCESS[name]
    data = text.encode()
    began = time.process_time()
    problems = read(data, filename="f.yaml")[1]
    assert time.process_time() - began < 1
    assert problems[0].code == code


@pytest.mark.parametrize("name", ["a wide mapping", "an alias bomb", "a wide list"])
def test_an_excess_takes_less_than_200_megabytes(name: str) -> None:
    program = (
        "import sys; from sandboxctl.document import read; read(sys.stdin.buffer.read(), filename='f');"
        "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )  # not ru_maxrss, which begins with that of the process that started it
    data = EXCESS[name][0].encode()
    kibibytes = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True).stdout
    assert int(kibibytes) * 1024 < 200_000_000


def test_64_levels_and_a_mebibyte_are_fine() -> None:
    assert reading("[" * 64 + "]" * 64)[1] == ()
    assert reading("a: " + "b" * (MEBIBYTE - 3))[1] == ()
    assert reading("[" + "a," * 99_998 + "]")[1] == ()
