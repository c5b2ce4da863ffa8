"""All edits over one document → one document. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from sandboxctl.dataclass import dataclass, replace
from sandboxctl.document import Document, rebuilt
from sandboxctl.nodes import Entries, Node
from sandboxctl.overlay import Assignment, Edits, Overlay, Removal
from sandboxctl.overlay.assignment import Setting
from sandboxctl.overlay.merge import Merge
from sandboxctl.problems import Path, Problem

NAME: Path = ("metadata", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The document with every edit done, what they took away, and what is wrong with them here."""

    document: Document
    removed: tuple[Removal, ...] = ()
    problems: tuple[Problem, ...] = ()


def merged(document: Document, edits: Edits) -> Merged:
    """Each edit that is for this document, in order. A `--set` is for every one, an overlay may name its own."""
    root: Node = document.root
    if not isinstance(root, Entries):
        return Merged(document=document)  # no spec, and told as that
    removed: list[Removal] = []
    problems: list[Problem] = []
    name = sandbox_name(document)
    for edit in edits.edits:
        match edit:
            case Overlay():
                merge = Merge()
                root = merge.over(root, edit.document.root) if edit.name in (None, name) else root
                removed.extend(merge.removed)
                problems.extend(merge.problems)
            case Assignment():
                setting = Setting(assignment=edit)
                root = setting.apply(root)
                removed.extend(setting.removed)
                problems.extend(setting.problems)
    return Merged(
        document=rebuilt(document, root, others=edits.lines),
        removed=tuple(removed),
        problems=tuple(_with_line(problem, edits) for problem in problems),
    )


def sandbox_name(document: Document) -> object:
    """The name as the spec writes it, by which an overlay finds it."""
    metadata = document.value.get("metadata") if isinstance(document.value, dict) else None
    return metadata.get("name") if isinstance(metadata, dict) else None


def unused(edits: Edits, names: Iterable[object]) -> tuple[Problem, ...]:
    """Overlays for a sandbox that is not there."""
    known = set(names)
    overlays = (edit for edit in edits.edits if isinstance(edit, Overlay))
    return tuple(
        _with_line(
            Problem(
                code="overlay-unused", message=f"there is no sandbox `{each.name}` that this could be for", path=NAME,
                hint="an overlay's metadata.name chooses the sandbox; --set metadata.name=NAME renames it",
                range=each.name_place,
            ),
            edits,
        )
        for each in overlays
        if each.name is not None and each.name not in known
    )  # fmt: skip


def _with_line(problem: Problem, edits: Edits) -> Problem:
    if problem.line_text is not None or problem.range is None:
        return problem
    lines = edits.lines.get(problem.range.filename, ())
    index = problem.range.start.line - 1
    return replace(problem, line_text=lines[index]) if index < len(lines) else problem
