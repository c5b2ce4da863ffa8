"""What an image says of itself, kept by its id: an id is the digest of exactly that, so it holds for ever.

An entry that is not believed, or of another form, is asked for again (`cache`). No engine is known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from sandboxctl import cache
from sandboxctl.backends.base import ImageConfig
from sandboxctl.digest import hexadecimal

_ID = re.compile(r"sha256:[0-9a-f]{64}")
_LISTS = ("entrypoint", "command", "volumes")
_MAPS = ("env", "labels")
_TEXTS = ("user", "workdir")


def config(image: str, ask: Callable[[str], ImageConfig | None]) -> ImageConfig | None:
    """That of a whole image id, asked for once on this machine; of any other name each time."""
    if not _ID.fullmatch(image):
        return ask(image)
    key = hexadecimal(f"image {image}".encode())
    known = _read(image, cache.read(key, _unheard))
    if known is not None:
        return known
    found = ask(image)
    if found is not None and found.id == image:
        cache.write(key, _written(found), _unheard)
    return found


def _unheard(_: str) -> None:
    """Why a cache is not used is told where specs are read."""


def _written(found: ImageConfig) -> dict[str, object]:
    lists = {name: list(getattr(found, name)) for name in _LISTS}
    maps = {name: dict(getattr(found, name)) for name in _MAPS}
    return {"id": found.id, **{name: getattr(found, name) for name in _TEXTS}, **lists, **maps}


def _read(image: str, entry: object) -> ImageConfig | None:
    if not isinstance(entry, Mapping) or set(entry) != {"id", *_LISTS, *_MAPS, *_TEXTS} or entry["id"] != image:
        return None
    texts: dict[str, Any] = {name: entry[name] for name in ("id", *_TEXTS)}
    if not all(isinstance(value, str) for value in texts.values()):
        return None
    if not all(isinstance(entry[name], list) and _all_texts(entry[name]) for name in _LISTS):
        return None
    if not all(isinstance(entry[name], dict) and _all_texts(list(entry[name].values())) for name in _MAPS):
        return None
    lists: dict[str, Any] = {name: tuple(entry[name]) for name in _LISTS}
    maps: dict[str, Any] = {name: entry[name] for name in _MAPS}
    return ImageConfig(**texts, **lists, **maps)


def _all_texts(values: object) -> bool:
    return all(isinstance(value, str) for value in cast("list[object]", values))
