"""What each backend makes of each field of the spec, and what a change of it takes. Pure: tables and their lookup.

`process` and `isolation` are the table, in the words of `cell`; `effects` the effects; `written` holds a spec against
them. Nothing here asks for a backend by its name.
"""

from __future__ import annotations

from sandboxctl.capabilities.cell import Cell, Status
from sandboxctl.capabilities.effects import Effect, effect, live_since
from sandboxctl.capabilities.table import Field, cell_of
from sandboxctl.capabilities.written import (
    cell_at,
    field_of,
    is_refused,
    left_to_do,
    refusals,
    way_out,
    weaker,
    weaker_cells,
)
from sandboxctl.dataclass import dataclass, replace
from sandboxctl.problems import Path
from sandboxctl.spec import Loaded

__all__ = [
    "Asked", "Capability", "Effect", "Field", "Status", "asked", "capability", "effect", "field_of", "left_to_do",
    "refusals", "weaker",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One field on one backend. `since` is the first engine version that can; `hint` the way out of a refusal.

    `effect` is what a change takes on every engine that we support; it is live from `live_since` on, None for never.
    `left` is what somebody has to do besides.
    """

    status: Status
    how: str
    since: str | None
    effect: Effect
    live_since: str | None = None
    hint: str | None = None
    left: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that a spec asks for, and what a backend makes of it. `path` is None for a default."""

    field: Field
    path: Path | None
    capability: Capability


def capability(field: Field, backend: str, *, variant: str | None = None) -> Capability:
    """The status of a field, or of the nearest one that holds it; of a `variant` where the value decides.

    Raises KeyError for what is no field.
    """
    return _of(cell_of(field, backend, variant), field, backend)


def asked(loaded: Loaded, backend: str) -> tuple[Asked, ...]:
    """Each value that a loaded spec writes, in its order, then the defaults that are weaker there.

    What is weaker and not accepted is refused, since the spec itself asks for it.
    """
    marks = list(loaded.source.marks)
    holders = {path[:length] for path in marks for length in range(len(path))}
    leaves = (path for path in marks if path not in holders and path[:1] in (("spec",), ("metadata",)))
    written = [_asked(loaded, path, backend) for path in dict.fromkeys(_whole_list(path) for path in leaves)]
    said = {each.field for each in written}
    defaults = [
        Asked(field=field, path=None, capability=_of(cell, field, backend))
        for field, cell in weaker_cells(loaded.sandbox, backend)
        if field not in said
    ]
    return (*written, *defaults)


def _whole_list(path: Path) -> Path:
    """A list of plain values is one thing."""
    return _whole_list(path[:-1]) if isinstance(path[-1], int) else path


def _asked(loaded: Loaded, path: Path, backend: str) -> Asked:
    """What decides is the first part of the path that is refused, else the narrowest that the table knows."""
    accepted = loaded.sandbox.section(backend).accept
    field, decisive = field_of(path, loaded.sandbox), None
    for length in range(2, len(path) + 1):
        holder, cell = cell_at(loaded, path[:length], backend)
        if cell is None:
            continue
        field, decisive = holder, cell
        if is_refused(cell, holder, accepted):
            decisive = replace(cell, status=Status.REFUSED, hint=way_out(cell, holder, backend))
            break
    if decisive is None:
        return Asked(field=field, path=path, capability=capability(field, backend))
    return Asked(field=field, path=path, capability=_of(decisive, field, backend))


def _of(cell: Cell, field: Field, backend: str) -> Capability:
    key = field[1:] if field[0] == "metadata" else field
    moot = cell.status is Status.INAPPLICABLE
    return Capability(
        status=cell.status,
        how=cell.how,
        since=cell.since,
        effect=Effect.NONE if moot else effect(key, backend),
        live_since=None if moot else live_since(key, backend),
        hint=cell.hint,
        left=cell.left,
    )
