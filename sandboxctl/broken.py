"""Which paths of a document have an error already, so that nothing is said of what hangs on them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sandboxctl.problems import Path, public_path


class Broken:
    """A set of paths, asked whether one of them is at, above or below another. A question costs a path's depth."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.whole = frozenset(paths)
        self._holders = _holders(self.whole)
        self.paths = frozenset(public_path(path) for path in self.whole)
        self._public_holders = _holders(self.paths)

    def __bool__(self) -> bool:
        return bool(self.whole)

    def touches(self, path: Path) -> bool:
        """Whether something at, above or below `path` is broken."""
        public = public_path(path)
        return public in self._public_holders or any(public[:depth] in self.paths for depth in range(len(public)))

    def cut(self, value: object, path: Path = ()) -> object:
        """A document without what is broken: an entry is left out, an item becomes None.

        So every other item of a list keeps its index, and with it its path.
        """
        if path in self.whole:
            return None
        if path not in self._holders:
            return value
        if isinstance(value, dict):
            kept = ((key, self.cut(part, (*path, key))) for key, part in value.items())
            return {key: part for key, part in kept if part is not None}
        if isinstance(value, list):
            return [self.cut(item, (*path, index)) for index, item in enumerate(value)]
        return value


def _holders(paths: Iterable[Path]) -> frozenset[Path]:
    return frozenset(path[:depth] for path in paths for depth in range(len(path) + 1))
