"""One tree of nodes over another. Pure.

The rules (docs/overlays.md): mappings merge, key by key; everything else replaces what was there, lists too.
`$remove: [key, …]` in a mapping takes keys of the spec away before the rest of the mapping is merged. A mapping over a
value in its short form merges into the long form (`image: {pull: always}` over `image: busybox:1`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sandboxctl.dataclass import dataclass, field
from sandboxctl.nodes import Alias, Entries, Items, Node, Place, Scalar, place
from sandboxctl.overlay import Removal
from sandboxctl.problems import Path, Problem, Range, dotted, suggestion

REMOVE = "$remove"
_MODES = ("none", "bridge", "host")

LONG_FORMS: Mapping[Path, Callable[[object], tuple[str, ...]]] = {
    ("spec", "image"): lambda _: ("ref",),
    ("spec", "network"): lambda word: ("mode",) if word in _MODES else ("name",),
    ("spec", "lifecycle", "restart"): lambda _: ("policy",),
    ("spec", "resources", "ulimits", "*"): lambda _: ("soft", "hard"),
}
"""Fields that may be written as one value: the keys that the value stands for."""


@dataclass(slots=True, kw_only=True)
class Merge:
    """One edit of one document; collects what it takes away, and what is wrong with it."""

    removed: list[Removal] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def over(self, base: Node, upper: Node, path: Path = ()) -> Node:
        """`upper` over `base`, both at `path`."""
        new = _target(upper)
        if not isinstance(new, Entries):
            self.replace(base, upper, path)
            return upper
        own = self.mapping(base, path, new)
        keys, children = dict(own.keys), dict(own.children)
        for name, removal in self._names(new, path):
            self._take(keys, children, name, removal, path)
        for name, child in new.children.items():
            if name == REMOVE:
                continue
            keys.setdefault(name, new.keys[name])
            children[name] = self.over(children.get(name) or empty(child), child, (*path, name))
        return rebuilt(own, keys, children)

    def _names(self, new: Entries, path: Path) -> Sequence[tuple[str, Node]]:
        """The keys that a mapping takes away, each with its place."""
        listed = new.children.get(REMOVE)
        if listed is None:
            return ()
        items = _target(listed)
        if isinstance(items, Items) and all(isinstance(each.value, str) for each in items.children):
            return [(str(each.value), each) for each in items.children]
        message = f"`{REMOVE}` must be a list of keys of `{dotted(path) or 'the spec'}`"
        self._report("overlay-remove", message, listed, path, hint=f"write {REMOVE}: [key]")
        return ()

    def _take(self, keys: dict[str, Node], children: dict[str, Node], name: str, removal: Node, path: Path) -> None:
        if name not in children:
            near = suggestion(name, children)
            self._report(
                "overlay-remove", f"there is no `{dotted((*path, name))}` to take away", removal, (*path, name),
                hint=f"did you mean `{near}`?" if near else "the spec does not say it",
            )  # fmt: skip
            return
        del children[name], keys[name]
        self.removed.append(Removal(path=(*path, name), place=_place(removal)))

    def replace(self, base: Node, upper: Node, path: Path) -> None:
        """Notes that a value over a collection takes away all that was in it."""
        own = _target(base)
        if isinstance(own, Entries | Items) and own.children:
            self.removed.append(Removal(path=path, place=_place(upper)))

    def mapping(self, base: Node, path: Path, where: Node) -> Entries:
        """What is merged into: the mapping itself, the long form of a value, else an empty one at `where`."""
        own = _target(base)
        if isinstance(own, Entries):
            return own
        long = _long_form(own, path)
        if long is None:
            self.replace(base, where, path)
        return long or empty(where)

    def _report(self, code: str, message: str, node: Node, path: Path, *, hint: str) -> None:
        self.problems.append(Problem(code=code, message=message, hint=hint, range=_place(node), path=path))


def rebuilt(own: Entries, keys: Mapping[str, Node], children: Mapping[str, Node]) -> Entries:
    """A mapping with other children, at its own place."""
    return Entries(
        value={name: child.value for name, child in children.items()},
        start=own.start,
        end=own.end,
        file=own.file,
        keys=keys,
        children=children,
        size=1 + len(children) + sum(child.size for child in children.values()),  # a key is a node, too
        height=1 + max((child.height for child in children.values()), default=0),
        flawed=own.flawed,
    )


def rebuilt_list(own: Items, children: Sequence[Node]) -> Items:
    """A list with other items, at its own place."""
    return Items(
        value=[child.value for child in children],
        start=own.start,
        end=own.end,
        file=own.file,
        children=tuple(children),
        size=1 + sum(child.size for child in children),
        height=1 + max((child.height for child in children), default=0),
        flawed=own.flawed,
    )


def empty(where: Node) -> Entries:
    """A mapping with nothing in it, at the place of `where`."""
    return entries({}, where)


def entries(children: Mapping[str, Node], where: Node) -> Entries:
    """A mapping that nobody wrote as such, at the place of `where`."""
    start: Place = where.start
    shell = Entries(value={}, start=start, end=where.end, file=where.file, keys={}, children={}, size=1, height=1)
    keys = {name: Scalar(value=name, start=start, end=where.end, file=where.file) for name in children}
    return rebuilt(shell, keys, children)


def _long_form(own: Node, path: Path) -> Entries | None:
    """The mapping that one value stands for; None where it stands for none."""
    match own:
        case Scalar(value=str() | int() as value):
            form = LONG_FORMS.get(path) or LONG_FORMS.get((*path[:-1], "*"))
            return None if form is None else entries(dict.fromkeys(form(value), own), own)
        case _:
            return None


def _target(node: Node) -> Scalar | Items | Entries:
    return node.target if isinstance(node, Alias) else node


def _place(node: Node) -> Range:
    return place(node.file, node.start, node.end)
