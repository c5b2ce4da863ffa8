"""`make docs`: writes what the documentation takes from the code. `tests/docs/test_docs.py` holds it fresh."""

from __future__ import annotations

from tests.docs.pages import PAGES

if __name__ == "__main__":
    for path, text in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(), encoding="utf-8")
