"""What is left out of a document that has errors, and what then hangs on it."""

from __future__ import annotations

from sandboxctl.broken import Broken

DOCUMENT = {"spec": {"env": {"A": True, "B": "b"}, "mounts": [{"target": 1}, {"target": "/b"}]}}


def test_an_entry_goes_and_an_item_keeps_its_place() -> None:
    broken = Broken([("spec", "env", "A"), ("spec", "mounts", 0)])
    assert broken.cut(DOCUMENT) == {"spec": {"env": {"B": "b"}, "mounts": [None, {"target": "/b"}]}}
    assert broken.cut(None) is None


def test_nothing_broken_leaves_the_document_itself() -> None:
    assert Broken().cut(DOCUMENT) == DOCUMENT
    assert not Broken()


def test_what_is_at_above_or_below_a_broken_path_hangs_on_it() -> None:
    broken = Broken([("spec", "mounts", 0, "target")])
    assert broken.touches(("spec", "mounts", 0, "target"))
    assert broken.touches(("spec", "mounts"))
    assert broken.touches(("mounts", 0, "target", "x"))
    assert not broken.touches(("spec", "mounts", 1, "target"))
    assert not broken.touches(("spec", "env"))
