"""Where schemas/ and templates/ are: inside the installed package, or beside it in a checkout. Nothing else is here."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def schemas() -> Path:
    """The directory of JSON schemas."""
    return _directory("schemas")


def templates() -> Path:
    """The directory of Jinja templates."""
    return _directory("templates")


def _directory(name: str) -> Path:
    packaged = _PACKAGE / name
    return packaged if packaged.is_dir() else _PACKAGE.parent / name
