"""What one plain scalar is: read by YAML 1.1 and by the YAML 1.2 core schema, and refused where the two differ.

Pure text → value; knows no places and no fields. YAML 1.1 is its type repository with `y` and `n`, as far as a
parser could follow it (the repository's own pattern for floats takes `1.2.3`, which nobody reads as a number).
"""

from __future__ import annotations

import re
from decimal import Decimal

from sandboxctl.dataclass import dataclass

Plain = None | bool | int | Decimal | str
"""What a plain scalar may be; `Decimal` keeps the digits of the text exactly."""

_LONGEST_NUMBER = 64  # characters; far above any quantity, far below where conversions get slow

_NULL_WORDS = ("", "~", "null", "Null", "NULL")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(_NULL_WORDS, None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WORDS_1_1: dict[str, bool] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
}
_FIRST_OF_SPECIAL = frozenset("0123456789+-.~=<yYnNtTfFoO")

_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_INT_1_1 = re.compile(
    r"[-+]?(?:0b(?P<bin>[01_]+)|0x(?P<hex>[0-9a-fA-F_]+)|0(?P<oct>[0-7_]+)"
    r"|(?P<dec>0|[1-9][0-9_]*)|(?P<sixty>[1-9][0-9_]*(?::[0-5]?[0-9])+))"
)
_FLOAT_1_1 = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?"
    r"|(?P<sixty>[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)"
)
_DATE_1_1 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
)
_INT_1_2 = re.compile(r"(?P<dec>[-+]?[0-9]+)|0o(?P<oct>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)")
_FLOAT_1_2 = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"bin": 2, "oct": 8, "dec": 10, "hex": 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A plain scalar that cannot be taken as it stands, in the words of a `Problem`."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Oddity:
    """A reading that is no value of ours, in words: `a date`."""

    words: str


_Reading = Plain | _Oddity
_TOO_LONG = _Oddity(words="a number too long to keep exactly")


def resolve(text: str) -> Plain | Refusal:
    """The value of the plain scalar `text`, or why it has to be quoted."""
    if text and text[0] not in _FIRST_OF_SPECIAL:
        return text
    if text in _WORDS:
        return _WORDS[text]
    old, new = _read_1_1(text), _read_1_2(text)
    if type(old) is not type(new) or old != new:
        return _ambiguous(text, old, new)
    if isinstance(new, _Oddity):
        return Refusal(
            code="unsupported-number",
            message=f"`{_short(text)}` is {new.words}, which no field takes",
            hint=f'quote it if it is text: "{_short(text)}"',
        )
    return new


def _read_1_1(text: str) -> _Reading:
    if text in _WORDS_1_1:
        return _WORDS_1_1[text]
    if match := _INT_1_1.fullmatch(text):
        return _integer(match, negative=text[0] == "-")
    if match := _FLOAT_1_1.fullmatch(text):
        return _Oddity(words="a number in base 60") if match["sixty"] else _decimal(text)
    if _DATE_1_1.fullmatch(text):
        return _Oddity(words="a date")
    if text in ("=", "<<"):
        return _Oddity(words="the default key" if text == "=" else "the merge key")
    return _infinite(text) or text


def _read_1_2(text: str) -> _Reading:
    if match := _INT_1_2.fullmatch(text):
        return _integer(match, negative=text[0] == "-")
    if _FLOAT_1_2.fullmatch(text):
        return _decimal(text)
    return _infinite(text) or text


def _infinite(text: str) -> _Oddity | None:
    return _Oddity(words="no finite number") if _INFINITE.fullmatch(text) else None


def _integer(match: re.Match[str], *, negative: bool) -> int | _Oddity:
    if len(match[0]) > _LONGEST_NUMBER:
        return _TOO_LONG
    kind = match.lastgroup or "dec"
    digits = match[kind].replace("_", "")
    if kind == "sixty":
        value = 0
        for part in digits.split(":"):
            value = value * 60 + int(part)
    else:
        value = int(digits.lstrip("+-") or "0", _BASES[kind])
    return -value if negative else value


def _decimal(text: str) -> Decimal | _Oddity:
    exponent = text.lower().partition("e")[2]
    if len(text) > _LONGEST_NUMBER or len(exponent) > 3:
        return _TOO_LONG
    return Decimal(text.replace("_", ""))


def _ambiguous(text: str, old: _Reading, new: _Reading) -> Refusal:
    shown = _short(text)
    return Refusal(
        code="ambiguous-scalar",
        message=f"`{shown}` is {_words(old)} in YAML 1.1 and {_words(new)} in YAML 1.2",
        hint=_hint(shown, old, new),
    )


def _hint(shown: str, old: _Reading, new: _Reading) -> str:
    quoted = f'"{shown}"'
    values = [_spelled(each) for each in (old, new) if isinstance(each, bool | int | Decimal)]
    if not values:
        return f"quote it: {quoted}"
    return f"quote it if it is text: {quoted}; else write {' or '.join(dict.fromkeys(values))}"


def _words(reading: _Reading) -> str:
    match reading:
        case None:
            return "null"
        case bool():
            return _spelled(reading)
        case int() | Decimal():
            return f"the number {_spelled(reading)}"
        case str():
            return "text"
        case _Oddity(words=words):
            return words


def _spelled(value: bool | int | Decimal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
