"""The marks between which a command with input runs are not part of what it says, however they come in pieces."""

from __future__ import annotations

import json

import pytest

from sandboxctl.backends.kubernetes.api import _encoded
from sandboxctl.backends.kubernetes.feeding import Feed


@pytest.mark.parametrize("size", [1, 3, 17, 18, 19, 1000])
def test_what_a_command_says_is_passed_on_without_the_marks(size: int) -> None:
    said: list[bytes] = []
    feed = Feed(("true",), said.append)
    mark = feed.command[3].encode()
    whole = mark + b"one \x01 two\x01" + mark + b"after"
    for start in range(0, len(whole), size):
        feed(whole[start : start + size])
    assert (b"".join(said), feed.has_begun, feed.has_ended) == (b"one \x01 two\x01after", True, True)


def test_nothing_waits_for_what_cannot_be_a_mark() -> None:
    said: list[bytes] = []
    feed = Feed(("true",), said.append)
    feed(feed.command[3].encode() + b"Password: ")
    assert (said, feed.has_ended) == ([b"Password: "], False)


@pytest.mark.parametrize("text", ["🦊", "\\ud83d\\ude00", "\\🦊", "a\x7f\u2028\x01\ufeff", "\U0010ffff\uffff"])
def test_a_document_for_an_apply_is_json_without_pairs_of_surrogates(text: str) -> None:
    encoded = _encoded({"a": text})
    assert json.loads(encoded) == {"a": text}
    assert b"\\ud83" not in encoded.replace(b"\\\\", b"")
