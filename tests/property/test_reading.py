"""Whatever the bytes: problems, never an exception; and what was written is what is read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sandboxctl import ambiguity, envfile, schema
from sandboxctl.document import read
from sandboxctl.nodes import walk
from sandboxctl.problems import Problem
from sandboxctl.variables import interpolate
from tests.examples import examples

EXAMPLES = examples(150)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
YAMLISH = st.lists(
    st.sampled_from(
        [*"[]{},:-?|>*&!%@#'\"\\ \n\t", "a", "é", "🎉", "a: ", "\n- ", "\n  ", "&x ", "*x", "no", "0777", "1_0", "2024-01-01",
         "---\n", "...\n", "!!str ", "!t ", "<<: ", "${A}", "${", "\ufeff", "\r\n", "\x85", "\u2028", '"\\u', "~", "null"]
    ),
    max_size=30,
).map("".join)  # fmt: skip
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


def check_places(data: bytes, problems: tuple[Problem, ...]) -> None:
    """Every problem is on a line of the file, and says which."""
    for problem in problems:
        assert problem.message
        assert problem.range is not None
        start, end = problem.range.start, problem.range.end
        assert (1, 1) <= (start.line, start.column) <= (end.line, end.column)
        assert start.line <= max(1, data.count(b"\n") + data.count(b"\r") + 1)
        if problem.line_text is not None:
            assert start.column <= len(problem.line_text) + 1


def everything(data: bytes) -> None:
    """All that reading does to a file."""
    documents, problems = read(data, filename="f")
    for document in documents:
        replaced, unset = interpolate(document, {"A": "no", "B": "1"})
        problems = (*problems, *unset, *schema.check(replaced))
        assert set(document.source.marks) == {path for path, _ in walk(document.root)}
        assert all(path in document.source.marks for path in document.source.key_marks)
    check_places(data, problems)
    if not documents:
        assert problems


@EXAMPLES
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_told_about(data: bytes) -> None:
    everything(data)


@EXAMPLES
@given(YAMLISH)
def test_anything_like_yaml_is_read_or_told_about(text: str) -> None:
    everything(text.encode())


@EXAMPLES
@given(YAMLISH)
def test_any_env_file_is_read_or_told_about(text: str) -> None:
    check_places(text.encode(), envfile.parse(text, filename="f")[1])


@EXAMPLES
@given(st.lists(JSON_VALUES, min_size=1, max_size=4))
def test_json_is_read_as_json_says(value: list[object]) -> None:
    text = json.dumps(value, ensure_ascii=False)
    documents, problems = read(text.encode(), filename="f")
    if any(problem.code == "control-character" for problem in problems):
        return  # JSON allows them raw, YAML does not, or reads them as line breaks
    assert problems == ()
    assert documents[0].value == value


@EXAMPLES
@given(st.lists(JSON_VALUES, min_size=1, max_size=4))
def test_what_pyyaml_writes_is_read_back(value: list[object]) -> None:
    # PyYAML leaves texts plain that only YAML 1.2 reads as something else; quoting all of them avoids that.
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    assert [document.value for document in read(_untagged(text).encode(), filename="f")[0]] == [value]


def _untagged(text: str) -> str:
    """With a default style PyYAML quotes numbers too and tags them: back to plain."""
    import re

    return re.sub(r'!!(?:int|bool|null) "([^"]*)"', r"\1", text)


@EXAMPLES
@given(st.from_regex(r"\A[-+]?[0-9._:xobEe+TZ~ynofYNtrue-]{0,8}\Z"))
def test_a_plain_scalar_that_is_taken_means_the_same_to_pyyaml(text: str) -> None:
    value = ambiguity.resolve(text)
    if isinstance(value, ambiguity.Refusal):
        return
    resolver = yaml.SafeLoader("")
    tag = resolver.resolve(yaml.ScalarNode, text, (True, False))
    theirs = resolver.construct_object(yaml.ScalarNode(tag, text))
    if isinstance(value, Decimal):
        assert theirs == float(value) or text[0] in "+-"  # PyYAML knows no sign before a bare point
    else:
        assert (type(theirs), theirs) == (type(value), value)


VALID: dict[str, Any] = {
    "apiVersion": "sandboxctl.dev/v1",
    "kind": "Sandbox",
    "metadata": {"name": "py", "labels": {"a": "b"}},
    "spec": {
        "image": {"ref": "a", "pull": "never"},
        "env": {"A": "b", "B": 1, "C": {"fromEnv": "X"}, "D": {"secret": "s", "key": "k"}},
        "resources": {"pids": 1, "cpu": "1", "ulimits": {"nofile": {"soft": 1, "hard": 2}}},
        "network": {"mode": "none", "ports": ["80:80", {"container": 80}], "egress": {"allow": [{"domain": "a"}]}},
        "mounts": [
            {"type": "bind", "source": "a", "target": "/a"},
            {"type": "tmpfs", "target": "/b", "exec": True},
            {"type": "file", "target": "/c", "content": "x"},
        ],
        "security": {"seccomp": "default", "capabilities": {"drop": ["ALL"]}, "groups": [1]},
        "lifecycle": {"restart": {"policy": "never"}, "setup": [["a"]]},
        "docker": {"host": "a", "options": {"x": [1]}},
    },
}


@st.composite
def changed(draw: st.DrawFn) -> Any:
    """A valid spec with one to three changes at random places."""
    value = json.loads(json.dumps(VALID))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                holder[key] = draw(st.sampled_from([1, True, "x", "default", [], ["a"], {}, {"a": 1}, "bind", "py-1"]))
            case "remove":
                del holder[key]
            case _:
                names = ["source", "fromEnv", "fromFile", "context", "key", "cidr", "file", "zzz", "name", "size"]
                target = holder[key] if isinstance(holder[key], dict) else holder
                if isinstance(target, dict):
                    target[draw(st.sampled_from(names))] = draw(st.sampled_from(["x", 1, False]))
    return value


def _places(value: Any) -> Any:
    for key, part in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(part, dict | list):
            yield from _places(part)


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema.load_schema())


@examples(400)
@given(value=changed())
def test_our_walk_and_jsonschema_agree_on_what_is_valid(validator: Draft202012Validator, value: Any) -> None:
    ((document,), problems) = read(json.dumps(value).encode(), filename="f")
    assert problems == ()
    assert (schema.check(document) == ()) == validator.is_valid(value)
