"""Units of systemd's: one line for each text, quoted where words are read, and no value is anything but itself."""

from __future__ import annotations

import pytest

from sandboxctl import unit_text
from sandboxctl.backends.base import Json
from sandboxctl.errors import InvalidError


def lines(key: str, value: Json) -> list[str]:
    text = unit_text.dump({"file": "a.container", "Container": {key: value}})
    return text.splitlines()[4:]


def test_a_file_says_its_name_and_its_sections_in_their_order() -> None:
    document: dict[str, Json] = {
        "file": "a.b.network",
        "Unit": {},
        "Network": {"NetworkName": "n", "Label": ["x=1", "y=2"]},
    }
    assert unit_text.dump(document) == (
        "# a.b.network\n# FileName=a.b\n\n[Unit]\n\n[Network]\nNetworkName=n\nLabel=x=1\nLabel=y=2\n"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("A=b", "A=b"),
        ("A=", "A="),
        ("A=b c", '"A=b c"'),
        ("A=100%", "A=100%%"),
        ("A=$HOME", "A=$$HOME"),
        ("A=${X} 'y'", "\"A=$${X} 'y'\""),
        ('A="\\', '"A=\\"\\\\"'),
        ("A=\n\t\r", '"A=\\n\\t\\r"'),
        ("A=\x01\x7f", '"A=\\u0001\\u007f"'),
        ("A=\U000e0001", '"A=\\U000e0001"'),
        ("A=é", '"A=é"'),
        ("A=;#", '"A=;#"'),
    ],
)
def test_a_word_is_quoted_where_it_has_to_be(text: str, written: str) -> None:
    assert lines("Environment", [text]) == [f"Environment={written}"]


def test_a_list_in_a_list_is_one_line_of_words() -> None:
    assert lines("Exec", [["a b", "", "c"]]) == ['Exec="a b" "" c']
    assert lines("DropCapability", [["A", "B"]]) == ["DropCapability=A B"]
    assert lines("AddCapability", [[]]) == []


def test_a_line_that_is_no_words_stays_as_it_is_but_for_what_systemd_expands() -> None:
    assert lines("WorkingDir", '/a b"c" $d %e') == ['WorkingDir=/a b"c" $$d %%e']


@pytest.mark.parametrize("text", ["/a\nb", "/a ", " /a", "/a\\", '"a"', "/a\x7f"])
def test_what_no_line_can_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="WorkingDir= of a unit cannot hold this value"):
        lines("WorkingDir", text)
