"""What the documentation takes from the code is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import FIELDS, PAGES, README, counts


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_fresh_or_make_docs_makes_it_so(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path]()


def test_the_counts_are_on_both_pages() -> None:
    for path in (FIELDS, README):
        assert counts() in path.read_text(encoding="utf-8")
