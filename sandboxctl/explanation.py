"""The table of fields × backends as rows for people: the schema's fields with what `capabilities` says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandboxctl.capabilities import Capability, Status, capability
from sandboxctl.capabilities.table import ROWS
from sandboxctl.dataclass import dataclass
from sandboxctl.schema_fields import SchemaField, fields
from sandboxctl.spec import BACKENDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One field on every backend; `variant` names the kind of value that this row is about, None for the others."""

    field: SchemaField
    variant: str | None
    backends: Mapping[str, Capability]

    @property
    def name(self) -> str:
        """`network.mode`, or `network.mode (none)`."""
        return self.field.name if self.variant is None else f"{self.field.name} ({self.variant})"


def rows(schema: Mapping[str, Any], backends: Sequence[str] = BACKENDS) -> tuple[Row, ...]:
    """Every field of the schema, each followed by those of its values that are another matter."""
    return tuple(
        Row(
            field=field,
            variant=variant,
            backends={name: capability(field.field, name, variant=variant) for name in backends},
        )
        for field in fields(schema)
        for variant in (None, *_variants(field.name))
    )


def _variants(name: str) -> tuple[str, ...]:
    return tuple(key.partition("/")[2] for key in ROWS if key.partition("/")[0] == name and "/" in key)


def within(found: Sequence[Row], name: str) -> tuple[Row, ...]:
    """The rows of one field, or of all below it; none where there is no such field. `spec.` before it is allowed."""
    wanted = tuple(name.removeprefix("spec.").split("."))
    return tuple(row for row in found if row.field.field[: len(wanted)] == wanted)


def counts(found: Sequence[Row]) -> dict[str, dict[Status, int]]:
    """By backend, how many fields have which status; the variants of a field are not counted again."""
    counted: dict[str, dict[Status, int]] = {}
    for row in found:
        for backend, cell in row.backends.items() if row.variant is None else ():
            counted.setdefault(backend, dict.fromkeys(Status, 0))[cell.status] += 1
    return counted
