"""The tree that a YAML document is composed into: values with their places. No reading, no YAML words, no fields.

An alias is a node of its own that points at what it repeats, so a document costs memory for what is written, not for
what its aliases expand to; `Marks` answers for a path without listing all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, assert_never

from sandboxctl.ambiguity import Plain
from sandboxctl.dataclass import dataclass, replace
from sandboxctl.problems import Path, Position, Range

Place = tuple[int, int]
"""Line and column, from 1."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scalar:
    """One text or plain value. `plain`: written without quotes. `flawed`, on every node: a problem is reported.

    `file`, on every node: where it was written, "" for the file of its document.
    """

    value: Plain
    start: Place
    end: Place
    plain: bool = False
    flawed: bool = False
    file: str = ""
    size: ClassVar[int] = 1
    height: ClassVar[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Items:
    """A sequence. `size` counts nodes with aliases expanded, `height` the collections on the longest way down."""

    value: list[object]
    start: Place
    end: Place
    children: tuple[Node, ...]
    size: int
    height: int
    flawed: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entries:
    """A mapping; `keys` has the node of each key."""

    value: dict[str, object]
    start: Place
    end: Place
    keys: Mapping[str, Node]
    children: Mapping[str, Node]
    size: int
    height: int
    flawed: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alias:
    """A repetition of `target`, which is never itself an alias."""

    target: Scalar | Items | Entries
    start: Place
    end: Place
    file: str = ""

    @property
    def value(self) -> object:
        """That of the target, the same object."""
        return self.target.value

    @property
    def size(self) -> int:
        """That of the target."""
        return self.target.size

    @property
    def height(self) -> int:
        """That of the target."""
        return self.target.height

    @property
    def flawed(self) -> bool:
        """That of the target."""
        return self.target.flawed


Node = Scalar | Items | Entries | Alias


def child(node: Node, part: str | int) -> Node | None:
    """What lies under `part`, or None."""
    match node:
        case Entries():
            return node.children.get(part) if isinstance(part, str) else None
        case Items():
            return node.children[part] if isinstance(part, int) and 0 <= part < len(node.children) else None
        case Alias():
            return child(node.target, part)
        case Scalar():
            return None
        case _:
            assert_never(node)


def children(node: Node) -> Iterator[tuple[str | int, Node]]:
    """Each part with its node, one level down."""
    match node:
        case Entries():
            yield from node.children.items()
        case Items():
            yield from enumerate(node.children)
        case Alias():
            yield from children(node.target)
        case Scalar():
            return
        case _:
            assert_never(node)


def walk(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every path with its node, aliases expanded, parents first."""
    yield path, node
    for part, below in children(node):
        yield from walk(below, (*path, part))


def stamped(node: Node, file: str) -> Node:
    """The same tree, each node knowing that it was written in `file`."""
    match node:
        case Scalar():
            return replace(node, file=file)
        case Items(children=items):
            return replace(node, file=file, children=tuple(stamped(each, file) for each in items))
        case Entries():
            keys = {name: stamped(key, file) for name, key in node.keys.items()}
            children = {name: stamped(each, file) for name, each in node.children.items()}
            return replace(node, file=file, keys=keys, children=children)
        case Alias():
            target = stamped(node.target, file)
            assert not isinstance(target, Alias)  # the kind stays
            return replace(node, file=file, target=target)
        case _:
            assert_never(node)


def place(filename: str, start: Place, end: Place) -> Range:
    """Two places as a range."""
    return Range(
        filename=filename,
        start=Position(line=start[0], column=start[1]),
        end=Position(line=end[0], column=end[1]),
    )


class Marks(Mapping[Path, Range]):
    """Path → the range of its value or, with `of_keys`, of its key; found by walking the tree when asked."""

    __slots__ = ("_filename", "_of_keys", "_root")

    def __init__(self, root: Node, *, filename: str, of_keys: bool = False) -> None:
        self._root = root
        self._filename = filename
        self._of_keys = of_keys

    def __getitem__(self, path: Path) -> Range:
        node = self._find(path)
        if node is None:
            raise KeyError(path)
        return place(node.file or self._filename, node.start, node.end)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self._find(path) is not None

    def __iter__(self) -> Iterator[Path]:
        return (path for path, _ in walk(self._root) if not self._of_keys or self._find(path) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _find(self, path: Path) -> Node | None:
        node: Node | None = self._root
        above = None
        for part in path:
            above = node
            node = child(node, part) if node is not None else None
        if not self._of_keys or node is None:
            return node
        holder = above.target if isinstance(above, Alias) else above
        return holder.keys.get(str(path[-1])) if isinstance(holder, Entries) else None
