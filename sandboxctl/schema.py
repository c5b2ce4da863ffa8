"""A document against `schemas/*.v1.schema.json`: structure and types, every problem at its place and in words.

A schema is JSON Schema 2020-12, limited to the keywords of `_Walk`, and read by this module rather than by a general
validator: that one takes 90 ms to load, and its errors would have to be led back to what the user meant. The tests hold
the two against each other, and the schema against its metaschema. What values mean is for `decode` and `rules`.

Annotations of ours: `x-expect` says in words what is expected, `x-code` is the code of the problem, `x-also` are names
that other tools have for a key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, cast

from sandboxctl import expectation, habits, resources
from sandboxctl.dataclass import dataclass, field
from sandboxctl.document import Document
from sandboxctl.problems import Path, Problem, Range, ordered

Node = Mapping[str, Any]
"""One schema, as JSON says it."""

_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
}


SANDBOX = "sandbox.v1"
POLICY = "policy.v1"
CONFIG = "config.v1"


def load_schema(name: str = SANDBOX) -> dict[str, object]:
    """The schema of that name, as `sandboxctl schema` prints it."""
    text = (resources.schemas() / f"{name}.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, object]", json.loads(text))


def identity(document: Document) -> tuple[str | None, str | None]:
    """apiVersion and kind, each None where it is not there or no text."""
    value = document.value if isinstance(document.value, dict) else {}
    version, kind = value.get("apiVersion"), value.get("kind")
    return version if isinstance(version, str) else None, kind if isinstance(kind, str) else None


def check(document: Document, name: str = SANDBOX) -> tuple[Problem, ...]:
    """Everything that the schema does not allow, by position. What reading has complained about is left alone.

    Of a document that says to be something else only that is told: all the rest follows from it.
    """
    root = _schema(name)
    walk = _Walk(document=document, root=root)
    walk.visit(document.value, root, ())
    other = [problem for problem in walk.problems if problem.code in ("wrong-version", "wrong-kind")]
    return ordered(other or walk.problems)


@cache
def _schema(name: str) -> Node:
    return load_schema(name)


@dataclass(slots=True, kw_only=True)
class _Walk:
    """One walk over a value and the schemas it has to fit. `known` are all keys with their place, once asked for."""

    document: Document
    root: Node
    problems: list[Problem] = field(default_factory=list)
    known: dict[str | int, list[Path]] = field(default_factory=dict)

    def visit(self, value: object, node: Node, path: Path) -> None:
        """Reports what of `value` does not fit `node`."""
        if path in self.document.flawed:
            return
        if value is None:
            self._null(path)
            return
        if "$ref" in node:
            before = len(self.problems)
            self.visit(value, self._target(node), path)
            if len(self.problems) > before:
                return
        if not self._fits(value, node):
            self._unfit(expectation.wrong_type(value, node, path, self._written(path)), value, path)
            return
        self._choice(value, node, path)
        self._inside(value, node, path)

    def _inside(self, value: object, node: Node, path: Path) -> None:
        match value:
            case dict():
                self._mapping(value, node, path)
            case list() if self._is_flat(value, node):
                self._unfit(expectation.wrong_type(value, node, path, ""), value, path)
            case list() if "items" in node:
                for index, item in enumerate(value):
                    self.visit(item, node["items"], (*path, index))
            case str() if "pattern" in node and not expectation.matches(node["pattern"], value):
                self._report(path, *expectation.bad_name(value, node, path))
            case _:
                pass

    def _is_flat(self, value: list[object], node: Node) -> bool:
        """One list where there should be a list of lists: told once, not for each of its items."""
        items = node.get("items", {})
        nested = self._target(items).get("type") == "array" if "$ref" in items else False
        return nested and bool(value) and all(isinstance(each, str) for each in value)

    def _unfit(self, words: expectation.Words, value: object, path: Path) -> None:
        """A wrong value; somebody may have brought it along from another tool."""
        code, message, hint = words
        is_sandbox = self.root["title"] == "Sandbox"
        self._report(path, code, message, (habits.own_form(path, value) if is_sandbox else None) or hint)

    def _target(self, node: Node) -> Node:
        return cast("Node", self.root["$defs"][node["$ref"].removeprefix("#/$defs/")])

    @staticmethod
    def _fits(value: object, node: Node) -> bool:
        names = node.get("type")
        if names is None:
            return True
        return any(has_type(value, name) for name in ((names,) if isinstance(names, str) else names))

    def _choice(self, value: object, node: Node, path: Path) -> None:
        """`const`, `enum`, `if`, `oneOf`: which of several values or forms this is."""
        allowed = (node["const"],) if "const" in node else node.get("enum")
        if allowed is not None and not any(_same(value, each) for each in allowed):
            self._unfit(expectation.unknown_value(value, allowed, node, path), value, path)
        if "if" in node:
            branch = node.get("then" if self._fits(value, node["if"]) else "else", {})
            self.visit(value, {**branch, "x-expect": expectation.expected(node)}, path)
        if "oneOf" in node and isinstance(value, dict):
            self._one_of(value, node["oneOf"], path)

    def _one_of(self, value: Mapping[str, object], branches: list[Node], path: Path) -> None:
        """Forms told apart by their `type`, or by which one of several keys they have."""
        if "$ref" in branches[0]:
            forms = {target["properties"]["type"]["const"]: target for target in map(self._target, branches)}
            kind = value.get("type")
            if isinstance(kind, str) and kind in forms:
                self.visit(value, forms[kind], path)
            return
        keys = [key for branch in branches for key in branch["required"]]
        found = [key for key in keys if key in value]
        if not found:
            self._report(path, *expectation.missing_choice(keys, path), at_key=True)
        elif len(found) > 1:
            self._report((*path, found[1]), *expectation.exclusive(found, path), at_key=True)

    def _mapping(self, value: Mapping[str, object], node: Node, path: Path) -> None:
        properties: Node = node.get("properties", {})
        for key in node.get("required", ()):
            if key not in value:
                self._report(path, *expectation.missing(key, properties, path, self.root["title"], value), at_key=True)
        for key, needed in node.get("dependentRequired", {}).items():
            for other in needed if key in value else ():
                if other not in value:
                    self._report((*path, key), *expectation.missing_beside(other, key, path), at_key=True)
        excluded = node.get("not", {}).get("required", ())
        if excluded and all(key in value for key in excluded):
            self._report((*path, excluded[1]), *expectation.exclusive(excluded, path), at_key=True)
        self._entries(value, node, properties, path)

    def _entries(self, value: Mapping[str, object], node: Node, properties: Node, path: Path) -> None:
        others = node.get("additionalProperties", True)
        for key, part in value.items():
            below = (*path, key)
            if key in properties:
                self.visit(part, properties[key], below)
            elif isinstance(others, dict):
                self.visit(part, others, below)
            elif others is False and below not in self.document.flawed:
                meant = self._called(key)
                self._report(
                    below, *expectation.unknown_key(key, properties, meant, path, self.root["title"]), at_key=True
                )
            elif others is True and "properties" not in node:
                self._no_null(part, below)

    def _no_null(self, value: object, path: Path) -> None:
        """Inside what is open: anything but null."""
        if value is None:
            self._null(path)
        elif isinstance(value, dict | list):
            for key, part in value.items() if isinstance(value, dict) else enumerate(value):
                self._no_null(part, (*path, key))

    def _called(self, key: str) -> tuple[Path, ...]:
        """Where keys of this name are, or such as other tools call so: those nearest to the top."""
        if not self.known:
            for path, node in self._properties(self.root, ()):
                for name in (path[-1], *node.get("x-also", ())):
                    self.known.setdefault(name, []).append(path)
        found = self.known.get(key, [])
        least = min(map(len, found), default=0)
        return tuple(dict.fromkeys(path for path in found if len(path) == least))

    def _properties(self, node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
        """Every key that the schema knows, with its path; not below maps."""
        target = self._target(node) if "$ref" in node else node
        for branch in target.get("oneOf", ()):
            yield from self._properties(branch, path)
        for key, part in target.get("properties", {}).items():
            yield (*path, key), part
            yield from self._properties(part, (*path, key))
            yield from self._properties(part.get("items", {}), (*path, f"{key}[]"))

    def _null(self, path: Path) -> None:
        written = self._written(path)
        self._report(path, *expectation.null(path, written), at_key=not written)

    def _written(self, path: Path) -> str:
        """The text of a value on one line, as it stands in the file."""
        place = self.document.source.marks.get(path)
        if place is None or place.start.line != place.end.line:
            return ""
        line = self.document.source.line_text(place) or ""
        return line[place.start.column - 1 : place.end.column - 1]

    def _report(self, path: Path, code: str, message: str, hint: str | None, *, at_key: bool = False) -> None:
        place = self._key_place(path) if at_key else self.document.source.range(path)
        line = self.document.source.line_text(place)
        self.problems.append(Problem(code=code, message=message, hint=hint, range=place, path=path, line_text=line))

    def _key_place(self, path: Path) -> Range | None:
        """The key of `path`; of an item of a list, or the document, its first key."""
        source = self.document.source
        if path in source.key_marks:
            return source.key_marks[path]
        first = next(iter(_keys_below(self.document.value, path)), None)
        return source.range(path) if first is None else source.key_marks.get(first) or source.range(path)


def has_type(value: object, name: str) -> bool:
    """Whether `value` is what the schema calls `name`; a boolean is no number."""
    return isinstance(value, _TYPES[name]) and isinstance(value, bool) == (name == "boolean")


def _same(value: object, other: object) -> bool:
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _keys_below(value: object, path: Path) -> Iterable[Path]:
    for part in path:
        match value:
            case dict() if part in value:
                value = value[part]
            case list() if isinstance(part, int) and part < len(value):
                value = value[part]
            case _:
                return ()
    return [(*path, key) for key in value] if isinstance(value, dict) else ()
