"""YAML events → nodes, on a stack of our own that counts as it goes: nothing deep or wide is ever built.

Knows YAML, not the spec. What is wrong with one node is reported and reading goes on; what is too much, or is no YAML,
ends it, and the documents before it still count.

Decisions: tags are refused, except `!!str`, `!!map` and `!!seq` where they say what is written anyway. The merge key
`<<` is refused: YAML 1.1 merges, YAML 1.2 knows an ordinary key, so the ambiguity rule covers it (and an anchor cannot
be shared between documents, so one sandbox has little to merge); a whole value may be repeated by `*name`.
"""

from __future__ import annotations

from typing import NoReturn

import yaml

from sandboxctl import ambiguity
from sandboxctl.dataclass import dataclass, field
from sandboxctl.nodes import Alias, Entries, Items, Node, Place, Scalar, place
from sandboxctl.problems import Path, Problem, suggestion
from sandboxctl.spec import Source

MAX_NESTING = 64
MAX_NODES = 100_000
MAX_DOCUMENTS = 10_000  # no limit of the format, only so that a file of nothing but `---` ends soon

_LEAST_PER_NODE = 2
"""Characters: a node and what parts it from the next."""
_TAG_PREFIX = "tag:yaml.org,2002:"


def compose(source: Source, text: str) -> tuple[tuple[Node, ...], tuple[Problem, ...]]:
    """The root node of each document in `text`, the text of `source`."""
    composer = _Composer(source=source)
    try:
        if len(text) >= _LEAST_PER_NODE * MAX_NODES:
            composer.refuse_too_many(text)
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        from sandboxctl import syntax  # only needed when something is wrong

        composer.problems.append(syntax.explain(error, source))
    except _TooMuch as stop:
        composer.problems.append(stop.problem)
    return tuple(composer.roots), tuple(composer.problems)


class _TooMuch(Exception):  # noqa: N818  (it ends the reading; it is not the user's error class)
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(slots=True, kw_only=True)
class _Frame:
    """An open collection. In a mapping `key` is the node whose value comes next; `name` is what it is called."""

    start: Place
    anchor: str | None
    flow: bool
    mapping: bool
    flawed: bool
    key: Node | None = None
    name: str | None = None
    keys: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 0
    end: Place = (1, 1)


@dataclass(slots=True, kw_only=True)
class _Composer:
    """The state between two events."""

    source: Source
    roots: list[Node] = field(default_factory=list)
    root: Node | None = None
    problems: list[Problem] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    anchors: dict[str, Scalar | Items | Entries | None] = field(default_factory=dict)  # None: still open
    count: int = 0

    def refuse_too_many(self, text: str) -> None:
        """Counts what is written before any of it is composed, which costs five times as much."""
        written = documents = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            written += isinstance(event, yaml.NodeEvent)
            documents += isinstance(event, yaml.DocumentEndEvent)
            if documents > MAX_DOCUMENTS:
                return  # composing ends there too, and says that
            if written > MAX_NODES:
                self._count(written, _start(event), _end(event))

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
            case yaml.DocumentEndEvent():
                self._end_document()
            case _:
                pass  # the beginnings of documents and the ends of the stream say nothing new

    def _end_document(self) -> None:
        if self.root is not None:
            if len(self.roots) >= MAX_DOCUMENTS:
                self._stop("too-many-documents", f"the file has more than {MAX_DOCUMENTS:,} documents",
                           self.root.start, self.root.end, hint="split it into several files")  # fmt: skip
            self.roots.append(self.root)
        self.root = None
        self.anchors.clear()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        start, end = _start(event), _end(event)
        if event.style in ("|", ">"):
            end = self._end_of_block(start, end)
        self._count(1, start, end)
        plain = event.implicit[0]
        value = ambiguity.resolve(event.value) if plain else event.value
        flawed = event.tag is not None and self._tag_is_wrong(event.tag, "str", start, end)
        if isinstance(value, ambiguity.Refusal):
            hint = f'quote it: "{event.value}"' if self._at_key() else value.hint
            self._report(value.code, value.message, start, end, hint=hint)
            value, flawed = event.value, True
        node = Scalar(value=value, start=start, end=end, plain=plain, flawed=flawed)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._add(node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        start, end = _start(event), _end(event)
        name = event.anchor or ""
        target = self.anchors.get(name)
        if target is None:
            self._report_alias(name, start, end)
            self._count(1, start, end)
            self._add(Scalar(value=f"*{name}", start=start, end=end, flawed=True))
            return
        if len(self.frames) + target.height > MAX_NESTING:
            self._too_deep(start, end)
        self._count(target.size, start, end, name)
        self._add(Alias(target=target, start=start, end=end))

    def _report_alias(self, name: str, start: Place, end: Place) -> None:
        if name in self.anchors:
            self._report("recursive-alias", f"`*{name}` stands inside what `&{name}` names, so it would never end",
                         start, end, hint="write out what is meant here")  # fmt: skip
            return
        near = suggestion(name, self.anchors)
        hint = f"did you mean `*{near}`?" if near else 'a text that starts with `*` needs quotes, as in "*.py"'
        self._report("unknown-alias", f"`*{name}` repeats `&{name}`, which is nowhere before it", start, end, hint=hint)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        start = _start(event)
        self._count(1, start, _end(event))
        if len(self.frames) >= MAX_NESTING:
            self._too_deep(start, _end(event))
        mapping = isinstance(event, yaml.MappingStartEvent)
        flawed = self._tag_is_wrong(event.tag, "map" if mapping else "seq", start, _end(event))
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        frame = _Frame(start=start, anchor=event.anchor, flow=bool(event.flow_style), mapping=mapping, flawed=flawed)
        self.frames.append(frame)

    def _close(self, event: yaml.MappingEndEvent | yaml.SequenceEndEvent) -> None:
        frame = self.frames.pop()
        end = _end(event) if frame.flow else frame.end
        node: Items | Entries
        if frame.mapping:
            children = dict(zip(frame.keys, frame.items, strict=True))
            node = Entries(
                value={name: below.value for name, below in children.items()},
                start=frame.start,
                end=end,
                keys=frame.keys,
                children=children,
                size=frame.size,
                height=frame.height + 1,
                flawed=frame.flawed,
            )
        else:
            node = Items(
                value=[below.value for below in frame.items],
                start=frame.start,
                end=end,
                children=tuple(frame.items),
                size=frame.size,
                height=frame.height + 1,
                flawed=frame.flawed,
            )
        if frame.anchor is not None:
            self.anchors[frame.anchor] = node
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self.frames:
            self.root = node
            return
        frame = self.frames[-1]
        frame.size += node.size
        frame.height = max(frame.height, node.height)
        frame.end = node.end
        if not frame.mapping:
            frame.items.append(node)
        elif frame.key is None:
            frame.key, frame.name = node, self._key_name(node)
        else:
            key, name = frame.key, frame.name
            frame.key = frame.name = None
            if name is not None and self._is_new(frame, name, key):
                frame.keys[name] = key
                frame.items.append(node)

    def _at_key(self) -> bool:
        """Whether the next node is a key."""
        return bool(self.frames) and self.frames[-1].mapping and self.frames[-1].key is None

    def _key_name(self, node: Node) -> str | None:
        """What the key is called, or None if it cannot be one."""
        scalar = node.target if isinstance(node, Alias) else node
        if not isinstance(scalar, Scalar):
            self._report("non-string-key", "a key has to be text, not a list or a mapping", node.start, node.start)
            return None
        if isinstance(scalar.value, str):
            return scalar.value
        shown = self._written(scalar)
        message = f"the key `{shown}` is not text" if shown else "a key is missing before this `:`"
        hint = f'quote it: "{shown}"' if shown else "write the key, or take the `:` away"
        self._report("non-string-key", message, node.start, node.end, hint=hint)
        return None

    def _written(self, scalar: Scalar) -> str:
        line = self.source.lines[scalar.start[0] - 1] if scalar.start[0] <= len(self.source.lines) else ""
        return line[scalar.start[1] - 1 : scalar.end[1] - 1] if scalar.start[0] == scalar.end[0] else ""

    def _is_new(self, frame: _Frame, name: str, key: Node) -> bool:
        first = frame.keys.get(name)
        if first is not None:
            self._report("duplicate-key", f"the key `{name}` is already on line {first.start[0]}", key.start, key.end,
                         hint="keep one of the two", part=name)  # fmt: skip
        return first is None

    def _tag_is_wrong(self, tag: str | None, own: str, start: Place, end: Place) -> bool:
        """Whether `tag` says more than `own`, the tag of what is written."""
        if tag is None or tag == _TAG_PREFIX + own:
            return False
        shown = tag.replace(_TAG_PREFIX, "!!")
        self._report("custom-tag", f"the tag `{shown}` is not supported: a spec is plain text, numbers, lists and"
                     " mappings", start, end, hint=f"take `{shown}` away")  # fmt: skip
        return True

    def _count(self, size: int, start: Place, end: Place, alias: str | None = None) -> None:
        self.count += size
        if self.count > MAX_NODES:
            reason = f"`*{alias}` repeats so much that the file has" if alias else "the file has"
            self._stop("too-many-nodes", f"{reason} more than {MAX_NODES:,} values", start, end,
                       hint="split it into several files")  # fmt: skip

    def _too_deep(self, start: Place, end: Place) -> NoReturn:
        self._stop("too-deep", f"this is nested more than {MAX_NESTING} levels deep", start, end,
                   hint="no field of a spec needs that: look for brackets that are never closed")  # fmt: skip

    def _stop(self, code: str, message: str, start: Place, end: Place, *, hint: str) -> NoReturn:
        self._report(code, message, start, end, hint=hint)
        raise _TooMuch(self.problems.pop())

    def _report(
        self, code: str, message: str, start: Place, end: Place, *, hint: str | None = None, part: str | None = None
    ) -> None:
        where = place(self.source.filename, start, end)
        path = self._path() if part is None else (*self._path(), part)
        self.problems.append(
            Problem(
                code=code, message=message, hint=hint, range=where, path=path, line_text=self.source.line_text(where)
            )
        )

    def _path(self) -> Path:
        parts = (frame.name if frame.mapping else len(frame.items) for frame in self.frames)
        return tuple(part for part in parts if part is not None)

    def _end_of_block(self, start: Place, end: Place) -> Place:
        """A block text ends for the parser where the next thing starts; for people at its last line."""
        line = end[0] if end[1] > 1 else end[0] - 1
        while line > start[0] and not self.source.lines[line - 1].strip():
            line -= 1
        return line, len(self.source.lines[line - 1]) + 1


def _start(event: yaml.Event) -> Place:
    mark = event.start_mark
    assert mark is not None  # libyaml marks every event
    return mark.line + 1, mark.column + 1


def _end(event: yaml.Event) -> Place:
    mark = event.end_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1
