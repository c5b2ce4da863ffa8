"""The ambiguity rule, scalar by scalar, against both versions of YAML."""

from __future__ import annotations

from decimal import Decimal

import pytest
import yaml

from sandboxctl.ambiguity import Refusal, resolve

SAME_IN_BOTH = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "0": 0, "1": 1, "-0": 0, "+12": 12, "-7": -7, "00": 0, "07": 7, "0x1F": 31, "18446744073709551616": 2**64,
    "0.5": Decimal("0.5"), "3.10": Decimal("3.10"), "1.": Decimal("1."), ".5": Decimal("0.5"), "-.5": Decimal("-0.5"),
    "1.5e+3": Decimal("1500"),
    "text": "text", "nULL": "nULL", "tRue": "tRue", "None": "None", "yEs": "yEs", "of": "of", "-": "-", ".": ".",
    "..": "..", "./data": "./data", "500m": "500m", "512Mi": "512Mi", "1h30m": "1h30m", "1.2.3": "1.2.3",
    "127.0.0.1": "127.0.0.1", "8080:80": "8080:80", "0:0": "0:0", "0.0.0.0:8080:80": "0.0.0.0:8080:80", "::1": "::1",
    "fe80::1": "fe80::1", "3.12-slim": "3.12-slim", "0o8": "0o8", "0x": "0x", "0b2": "0b2", "_1": "_1", "e3": "e3",
    "2024-01": "2024-01", "2024-1-1": "2024-1-1", "10.0.0.0/8": "10.0.0.0/8", "443/tcp": "443/tcp", "+": "+",
    ".e3": ".e3", "0-3": "0-3", "0,2": "0,2", "é": "é", "<": "<", "a=b": "a=b", "1a": "1a", "0777a": "0777a",
}  # fmt: skip

DIFFERENT = (  # noqa: SIM905  (a list of 45 quoted words is harder to read)
    "y Y n N yes Yes YES no No NO on On ON off Off OFF 0777 017 08 09.5_0 0o17 0b11 1_000 1_ 0_ 0x1_F +0x1F -0x1F"
    " 22:22 1:2:3 8080:22 12:30:45.6 190:20:30. 2024-01-01 2024-01-01T00:00:00Z 1e3 1E3 1e+3 1.5e3 .5e3 12e03 1_0.5"
    " = <<"
).split()


@pytest.mark.parametrize("text", SAME_IN_BOTH)
def test_what_both_versions_read_alike_is_taken_as_it_stands(text: str) -> None:
    value = resolve(text)
    assert (type(value), value) == (type(SAME_IN_BOTH[text]), SAME_IN_BOTH[text])


@pytest.mark.parametrize("text", [*DIFFERENT, "2024-01-01 00:00:00"])
def test_what_the_versions_read_differently_has_to_be_quoted(text: str) -> None:
    refusal = resolve(text)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "ambiguous-scalar"
    assert f'"{text}"' in refusal.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (".inf", "no finite number"),
        ("-.Inf", "no finite number"),
        (".nan", "no finite number"),
        ("9" * 65, "a number too long to keep exactly"),
        ("9" * 5000, "a number too long to keep exactly"),
        ("1.0e+99999999999999999999", "a number too long to keep exactly"),
    ],
)
def test_a_number_that_no_field_takes_is_refused(text: str, words: str) -> None:
    refusal = resolve(text)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "unsupported-number"
    assert words in refusal.message


def test_the_message_says_both_readings_and_the_hint_both_ways_out() -> None:
    assert [resolve("no"), resolve("0777"), resolve("2024-01-01")] == [
        Refusal(
            code="ambiguous-scalar",
            message="`no` is false in YAML 1.1 and text in YAML 1.2",
            hint='quote it if it is text: "no"; else write false',
        ),
        Refusal(
            code="ambiguous-scalar",
            message="`0777` is the number 511 in YAML 1.1 and the number 777 in YAML 1.2",
            hint='quote it if it is text: "0777"; else write 511 or 777',
        ),
        Refusal(
            code="ambiguous-scalar",
            message="`2024-01-01` is a date in YAML 1.1 and text in YAML 1.2",
            hint='quote it: "2024-01-01"',
        ),
    ]


@pytest.mark.parametrize("text", [text for text in SAME_IN_BOTH if text != "-.5"])
def test_pyyaml_which_reads_yaml_1_1_agrees_on_the_type(text: str) -> None:
    # `-.5` is left out: PyYAML takes no sign there, the specification does
    resolver = yaml.SafeLoader("")
    theirs = resolver.construct_object(yaml.ScalarNode(resolver.resolve(yaml.ScalarNode, text, (True, False)), text))
    ours = resolve(text)
    assert type(theirs) is (float if isinstance(ours, Decimal) else type(ours))
