"""What we print as YAML is read as the same by readers of YAML 1.1 (PyYAML) and looks the same to those of 1.2."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sandboxctl import yaml_text

SCALARS = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    SCALARS, lambda children: st.lists(children) | st.dictionaries(st.text(), children), max_leaves=30
)

# Every spelling that the core schema of YAML 1.2 reads as something else than a string (its section 10.3.2).
CORE_1_2 = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)

AWKWARD = [
    "", " ", "y", "Y", "n", "N", "yes", "No", "on", "OFF", "true", "False", "null", "NULL", "~", "=", "<<", "-", "- a",
    "?", "? a", ":", "a:", "a: b", ":a", "#", "a #b", "a#b", "@a", "`a`", "%a", "&a", "*a", "!a", "|", ">", "'a'", '"a"',
    "[a]", "{a}", "{{ 7*7 }}", "a, b", "12", "0", "-1", "+1", "1_000", "0o17", "017", "0x1F", "0b1", "1:30", "10001:10001",
    "12e03", "1e3", "1.5", ".5", ".inf", "-.INF", ".NaN", "2024-01-01", "2024-01-01T00:00:00Z", "---", "...", "--- a",
    " a", "a ", "a\n", "\na", "a\nb", "a\tb", "\t", "a\r\nb", "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\xa0", "\u2028",
    "\ufeff", "\u202e", "ü", "😀", "\U0010ffff", "\\", "\\n", '\\"', "$(HOME)", "a" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("text", AWKWARD, ids=ascii)
def test_an_awkward_text_reads_back_as_itself_as_value_and_as_key(text: str) -> None:
    value = {"value": text, "list": [text, [text]], "map": {text: text}}
    assert yaml.safe_load(yaml_text.dump(value)) == value


@given(VALUES)
def test_any_value_reads_back_as_itself(value: object) -> None:
    assert yaml.load(yaml_text.dump(value), Loader=yaml.CSafeLoader) == value  # type: ignore[arg-type]


@given(st.text() | st.from_regex(CORE_1_2, fullmatch=True))
def test_a_text_stays_plain_only_where_yaml_1_2_reads_it_as_a_text(text: str) -> None:
    shown = yaml_text.scalar(text)
    assert shown.startswith('"') or not CORE_1_2.fullmatch(shown)


def test_nothing_that_we_print_can_move_a_terminal() -> None:
    assert yaml_text.dump({"a": "\x1b[2J\x9b\u202e"}) == 'a: "\\u001b[2J\\u009b\\u202e"\n'


def test_lists_and_maps_are_printed_in_block_style_in_their_own_order() -> None:
    value = {"b": [{"x": 1, "a": [True, None]}, []], "a": {}, "name": "py"}
    assert yaml_text.dump(value) == ("b:\n  - x: 1\n    a:\n      - true\n      - null\n  - []\na: {}\nname: py\n")
