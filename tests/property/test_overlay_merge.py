"""The merge of overlays, on any trees: what laws it keeps, and that every value keeps its place."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandboxctl.document import Document, read, rebuilt
from sandboxctl.nodes import stamped, walk
from sandboxctl.overlay.merge import REMOVE, Merge
from tests.examples import examples

KEYS = st.sampled_from(["alpha", "beta", "gamma", "delta"])
SCALARS = st.one_of(st.integers(0, 9), st.booleans(), st.sampled_from(["text", "other text"]))
VALUES: Any = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
TREES = st.dictionaries(KEYS, VALUES, max_size=4)


def document(value: object, filename: str) -> Document:
    """A value as a file: JSON is YAML."""
    (found,), problems = read(json.dumps(value).encode(), filename=filename)
    assert problems == ()
    return found


def merge(base: Any, upper: Any) -> tuple[Any, Merge, Document]:
    lower, over = document(base, "base"), document(upper, "overlay")
    merging = Merge()
    root = merging.over(lower.root, stamped(over.root, "overlay"))
    result = rebuilt(lower, root, others={})
    return result.value, merging, result


def model(base: Any, upper: Any) -> Any:
    """The rules, written down a second time."""
    if not isinstance(upper, dict):
        return upper
    own = dict(base) if isinstance(base, dict) else {}
    for key in upper.get(REMOVE, ()):
        own.pop(key, None)
    return {**own, **{key: model(own.get(key, {}), value) for key, value in upper.items() if key != REMOVE}}


def at(value: Any, path: Any) -> Any:
    for part in path:
        value = value[part]
    return value


@given(TREES, TREES)
def test_it_is_what_the_rules_say(base: Any, upper: Any) -> None:
    assert merge(base, upper)[0] == model(base, upper)


@given(TREES)
def test_nothing_over_it_changes_nothing(base: Any) -> None:
    value, merging, _ = merge(base, {})
    assert (value, merging.removed, merging.problems) == (base, [], [])


@given(TREES, TREES)
def test_the_same_twice_is_the_same_once(base: Any, upper: Any) -> None:
    once = merge(base, upper)[0]
    assert merge(once, upper)[0] == once


@given(TREES, TREES, TREES)
def test_two_overlays_are_as_their_merge_where_neither_replaces_a_mapping(base: Any, first: Any, second: Any) -> None:
    one_by_one = merge(merge(base, first)[0], second)[0]
    together = merge(base, merge(first, second)[0])[0]
    if not any(_replaces_a_mapping(pair) for pair in ((base, first), (first, second), (base, second))):
        assert one_by_one == together


def _replaces_a_mapping(pair: tuple[Any, Any]) -> bool:
    """Whether somewhere a value lies over a mapping, or a mapping over a value."""
    lower, upper = pair
    if not (isinstance(lower, dict) and isinstance(upper, dict)):
        return isinstance(lower, dict) != isinstance(upper, dict)
    return any(_replaces_a_mapping((lower[key], upper[key])) for key in lower.keys() & upper.keys())


@given(TREES, TREES)
def test_every_value_keeps_the_place_of_the_file_that_says_it(base: Any, upper: Any) -> None:
    _, _, result = merge(base, upper)
    texts = {"base": json.dumps(base), "overlay": json.dumps(upper)}
    for path, node in walk(result.root):
        where = result.source.marks[path]
        if not isinstance(node.value, dict | list):
            written = texts[where.filename][where.start.column - 1 : where.end.column - 1]
            assert json.loads(written) == node.value == at(result.value, path)


@given(TREES, TREES)
def test_it_measures_as_if_it_had_been_read_as_a_whole(base: Any, upper: Any) -> None:
    """Reading bounds a document by its size and height."""
    value, _, result = merge(base, upper)
    whole = document(value, "whole").root
    assert (result.root.size, getattr(result.root, "height", 0)) == (whole.size, getattr(whole, "height", 0))


@given(TREES.filter(bool), st.data())
def test_a_key_can_be_taken_away_and_that_is_told(base: Any, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(base)))
    value, merging, _ = merge(base, {REMOVE: [key]})
    assert value == {name: each for name, each in base.items() if name != key}
    assert [removal.path for removal in merging.removed] == [(key,)]
    assert {removal.place.filename for removal in merging.removed} == {"overlay"}


@given(TREES)
def test_what_is_not_there_cannot_be_taken_away(base: Any) -> None:
    value, merging, _ = merge(base, {REMOVE: ["nowhere"]})
    assert value == base
    assert [problem.code for problem in merging.problems] == ["overlay-remove"]


@examples(50)
@given(TREES, TREES)
def test_neither_side_is_changed(base: Any, upper: Any) -> None:
    lower, over = document(base, "base"), document(upper, "overlay")
    Merge().over(lower.root, over.root)
    assert (lower.root.value, over.root.value) == (base, upper)
