"""Which sandboxes of some specs are one and the same. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator

from sandboxctl.findings import Findings
from sandboxctl.problems import Path, Problem
from sandboxctl.spec import Loaded


def same_identity(loaded: Iterable[Loaded], identity: Callable[[Loaded], Hashable]) -> Iterator[Problem]:
    """One sandbox for one engine, namespace and name; the second one is the error."""
    first: dict[Hashable, Loaded] = {}
    for each in loaded:
        other = first.setdefault(identity(each), each)
        if other is each:
            continue
        path: Path = ("metadata", "name")
        place = other.source.range(path)
        where = f"{place.filename}:{place.start.line}:{place.start.column}" if place else other.source.filename
        findings = Findings(each.source)
        message = f"a sandbox named `{each.sandbox.name}` is in {where} already"
        findings.error("same-identity", path, message, hint="give one of them another name")
        yield from findings.problems
