"""`--set path=value` and `--set path-`: reading one, and doing it. Pure.

A path is as messages write it: `resources.memory`, `mounts[0].size`, `metadata.labels.team`; below `spec` unless it
begins with `metadata`. A dot in a key is written `\\.`. The value is read as it would be in a spec; what is there is
replaced, mappings too.
"""

from __future__ import annotations

import re

from sandboxctl.dataclass import dataclass, field
from sandboxctl.document import read
from sandboxctl.nodes import Alias, Entries, Items, Node, Scalar, place, stamped
from sandboxctl.overlay import Assignment, Removal
from sandboxctl.overlay.merge import Merge, entries, rebuilt, rebuilt_list
from sandboxctl.problems import Path, Problem, Range, dotted, suggestion
from sandboxctl.spec import Source

OPTION = "--set"
_SEGMENT = re.compile(r"(?P<key>(?:[^.\[\]\\]|\\.)*)(?P<indexes>(?:\[[0-9]+\])*)")
_ROOTS = ("metadata", "spec")


def parse(text: str) -> tuple[Assignment | None, tuple[Problem, ...]]:
    """One `--set`, and what is wrong with it."""
    left, equals, value = text.partition("=")
    if not equals and text.endswith("-"):
        left = text[:-1]
    name = f"{OPTION} {left}"
    shown = f"{OPTION} {text}"
    source = Source(filename=name, lines=tuple(shown.split("\n")))
    whole = place(name, (1, len(OPTION) + 2), (1, len(OPTION) + 2 + max(1, len(left))))
    path = parse_path(left)
    if path is None or (not equals and not text.endswith("-")):
        hint = "as in --set resources.memory=1Gi, --set mounts[0].size=8Mi, or --set security.seccomp- to take it away"
        message = "a value is set by `path=value`, and taken away by `path-`"
        return None, (Problem(code="set-syntax", message=message, hint=hint, range=whole, line_text=shown),)
    if not equals:
        return Assignment(text=text, path=path, place=whole, value=None), ()
    node, problems = _value(value, len(shown) - len(value), source)
    if problems or node is None:
        return None, problems
    return Assignment(text=text, path=path, place=whole, value=node), ()


def parse_path(text: str) -> Path | None:
    """`mounts[0].size` → `("spec", "mounts", 0, "size")`; None for what is no path."""
    path: list[str | int] = []
    for segment in re.split(r"(?<!\\)\.", text):
        match = _SEGMENT.fullmatch(segment)
        if match is None or not match["key"]:
            return None
        path.append(match["key"].replace("\\", ""))
        path.extend(int(index) for index in re.findall(r"\[([0-9]+)\]", match["indexes"]))
    return tuple(path) if path[0] in _ROOTS else ("spec", *path)


def _value(text: str, column: int, source: Source) -> tuple[Node | None, tuple[Problem, ...]]:
    """The node of a value, its places those in the option as it was typed."""
    documents, problems = read((" " * column + text).encode("utf-8", "surrogateescape"), filename=source.filename)
    if problems or len(documents) != 1:
        first = problems[0] if problems else None
        where = first.range if first and first.range else place(source.filename, (1, column + 1), (1, column + 2))
        if not text.strip() or first is None or first.code == "empty-document":
            message, hint = (
                f"`{source.filename}=` has no value",
                'write "" for an empty text, or `path-` to take it away',
            )
            at = place(source.filename, (1, column), (1, column + 1))
            return None, (Problem(code="set-syntax", message=message, hint=hint, range=at,
                                  line_text=source.line_text(at)),)  # fmt: skip
        return None, (Problem(code=first.code, message=first.message, hint=first.hint, range=where,
                              line_text=source.line_text(where)),)  # fmt: skip
    return stamped(documents[0].root, source.filename), ()


@dataclass(slots=True, kw_only=True)
class Setting:
    """One assignment to one document; collects what it takes away, and what is wrong with it."""

    assignment: Assignment
    removed: list[Removal] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def apply(self, root: Node) -> Node:
        """The tree with the value at its path."""
        return self._at(root, self.assignment.path, ())

    def _at(self, node: Node, rest: Path, above: Path) -> Node:
        own = node.target if isinstance(node, Alias) else node
        match rest:
            case (int(index), *more):
                return self._item(own, index, tuple(more), above)
            case (str(name), *more):
                return self._entry(own, name, tuple(more), above)
            case _:
                return node

    def _item(self, own: Node, index: int, more: Path, above: Path) -> Node:
        path = (*above, index)
        if not isinstance(own, Items) or index >= len(own.children):
            length = len(own.children) if isinstance(own, Items) else 0
            self._report(path, f"there is no `{dotted(path)}`: the list has {length}", "items of a list count from 0")
            return own
        children = list(own.children)
        if more or self.assignment.value is not None:
            children[index] = self._below(children[index], more, path)
        else:
            del children[index]
            self.removed.append(Removal(path=path, place=self.assignment.place))
        return rebuilt_list(own, children)

    def _entry(self, own: Node, name: str, more: Path, above: Path) -> Node:
        path = (*above, name)
        mapping = own if isinstance(own, Entries) else self._as_mapping(own, above)
        if not more and self.assignment.value is None:
            return self._without(mapping, name, path)
        key = mapping.keys.get(name) or _key(name, self.assignment.place)
        below = mapping.children.get(name)
        if below is None and more and isinstance(more[0], int):
            self._item(key, more[0], more[1:], path)  # only to say that it is not there
            return mapping
        if below is None:
            below = entries({}, key)
        value = self._below(below, more, path)
        return rebuilt(mapping, {**mapping.keys, name: key}, {**mapping.children, name: value})

    def _below(self, node: Node, more: Path, path: Path) -> Node:
        if more:
            return self._at(node, more, path)
        assert self.assignment.value is not None  # what goes was taken by its holder
        merge = Merge()
        merge.replace(node, self.assignment.value, path)
        self.removed.extend(merge.removed)
        return self.assignment.value

    def _as_mapping(self, own: Node, above: Path) -> Entries:
        """A short form as its long one; anything else gives way to a mapping."""
        merge = Merge()
        return merge.mapping(own, above, _key("", self.assignment.place))

    def _without(self, mapping: Entries, name: str, path: Path) -> Node:
        if name not in mapping.children:
            near = suggestion(name, mapping.children)
            hint = f"did you mean `{near}`?" if near else "the spec does not say it"
            self._report(path, f"there is no `{dotted(path)}` to take away", hint)
            return mapping
        self.removed.append(Removal(path=path, place=self.assignment.place))
        keys = {key: node for key, node in mapping.keys.items() if key != name}
        return rebuilt(mapping, keys, {key: node for key, node in mapping.children.items() if key != name})

    def _report(self, path: Path, message: str, hint: str) -> None:
        place = self.assignment.place
        line = f"{OPTION} {self.assignment.text}"
        self.problems.append(
            Problem(code="set-path", message=message, hint=hint, range=place, path=path, line_text=line)
        )


def _key(name: str, where: Range) -> Scalar:
    start, end = (where.start.line, where.start.column), (where.end.line, where.end.column)
    return Scalar(value=name, start=start, end=end, file=where.filename)
