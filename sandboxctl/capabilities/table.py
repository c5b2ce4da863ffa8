"""The one table of fields × backends, put together, and the lookup of its cells."""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.capabilities import isolation, process, quadlet
from sandboxctl.capabilities.cell import Cell, Row
from sandboxctl.spec import BACKENDS

Field = tuple[str, ...]
"""A field without list indexes and the keys of free maps: `("mounts", "bind", "readOnly")`."""

ROWS: Mapping[str, Row] = {**process.ROWS, **isolation.ROWS}


_COLUMNS: Mapping[str, Mapping[str, Cell]] = {
    **{name: {key: row[place] for key, row in ROWS.items()} for place, name in enumerate(BACKENDS)},
    "quadlet": quadlet.CELLS,
}
"""By what a spec can be rendered as."""


def cell_of(field: Field, backend: str, variant: str | None = None) -> Cell:
    """The cell of a field, or of the nearest one that holds it. Raises KeyError for what is no field."""
    for length in range(len(field), 0, -1):
        cell = exact_cell(field[:length], backend, variant if length == len(field) else None)
        if cell is not None:
            return cell
    raise KeyError(".".join(field))


def exact_cell(field: Field, backend: str, variant: str | None = None) -> Cell | None:
    """The cell of a field that has a row of its own, of its variant where that has one."""
    name = ".".join(field)
    column = _COLUMNS[backend]
    return column.get(f"{name}/{variant}") or column.get(name)
