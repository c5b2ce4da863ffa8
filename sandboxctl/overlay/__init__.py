"""What is said over a spec, by `--overlay FILE` and `--set path=value`: read, merged into the spec's own tree, and held
against what the spec says alone.

A merged spec is a document like any other: schema, decode, rules, policy and hash see the result, and each value keeps
the place where it was written, in the spec, in an overlay, or on the command line. No fields are known here but those
that may be written as one word (`merge.LONG_FORMS`) and those that make a sandbox safe (`safety`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.dataclass import dataclass, field
from sandboxctl.document import Document
from sandboxctl.nodes import Node
from sandboxctl.problems import Path, Problem, Range


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """One document of an overlay file; `name` is the sandbox that it is for, None for every one."""

    document: Document
    name: str | None
    name_place: Range | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One `--set`: what `path` becomes, or with `value` None that it goes. `text` is the option as it was typed."""

    text: str
    path: Path
    place: Range
    value: Node | None


Edit = Overlay | Assignment


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """All that is said over the specs, in the order in which it is done; what is wrong with it by itself."""

    edits: tuple[Edit, ...] = ()
    problems: tuple[Problem, ...] = ()
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Something that the spec says and that is taken away, and where that is said."""

    path: Path
    place: Range
