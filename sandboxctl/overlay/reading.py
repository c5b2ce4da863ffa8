"""Overlay files and `--set` options → `Edits`. What they do to a spec is for `merging`."""

from __future__ import annotations

from collections.abc import Sequence

from sandboxctl.dataclass import replace
from sandboxctl.document import MAX_BYTES, Document, read
from sandboxctl.errors import LocalFileError
from sandboxctl.host import read_regular
from sandboxctl.nodes import Entries, stamped
from sandboxctl.overlay import Edit, Edits, Overlay
from sandboxctl.overlay.assignment import OPTION, parse
from sandboxctl.problems import Problem


def edits(files: Sequence[str], assignments: Sequence[str]) -> Edits:
    """Every document of the overlays in their order, then every `--set` in theirs.

    Raises LocalFileError for an overlay that cannot be read.
    """
    found: list[Edit] = []
    problems: list[Problem] = []
    lines: dict[str, tuple[str, ...]] = {}
    for path in files:
        documents, wrong = read(_content(path), filename=path)
        problems.extend(wrong)
        for document in documents:
            lines[path] = document.source.lines
            overlay, problem = _overlay(document)
            found.extend([overlay] if overlay else [])
            problems.extend([problem] if problem else [])
    for text in assignments:
        assignment, faults = parse(text)
        problems.extend(faults)
        if assignment is not None:
            found.append(assignment)
            lines[assignment.place.filename] = (f"{OPTION} {text}",)
    return Edits(edits=tuple(found), problems=tuple(problems), lines=lines)


def _content(path: str) -> bytes:
    try:
        return read_regular(path, MAX_BYTES + 1)
    except FileNotFoundError:
        raise LocalFileError(f"the overlay {path} does not exist") from None
    except OSError as error:
        raise LocalFileError(f"the overlay {path}: {(error.strerror or str(error)).lower()}") from None


def _overlay(document: Document) -> tuple[Overlay | None, Problem | None]:
    """An overlay is a part of a spec: `metadata.name` says which sandbox it is for."""
    source = document.source
    if not isinstance(document.root, Entries):
        where = source.range(())
        return None, Problem(
            code="overlay-form", message="an overlay is a part of a spec: a mapping with `spec`, or `metadata`",
            hint="as in `spec: {resources: {memory: 1Gi}}`", range=where, line_text=source.line_text(where),
        )  # fmt: skip
    name_path = ("metadata", "name")
    metadata = document.value.get("metadata") if isinstance(document.value, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    root = stamped(document.root, source.filename)
    return Overlay(
        document=replace(document, root=root),
        name=name if isinstance(name, str) else None,
        name_place=source.range(name_path),
    ), None
