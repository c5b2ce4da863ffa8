"""What each backend makes of each field of the spec, and what a change of it takes. Pure: tables and their lookup.

`process` and `isolation` are the table, in the words of `cell`; `effects` the effects; `written` holds a spec against
them. Nothing here asks for a backend by its name.
"""

from __future__ import annotations

from sandboxctl.capabilities.cell import Status
from sandboxctl.capabilities.effects import Effect, effect
from sandboxctl.capabilities.table import Field, cell_of
from sandboxctl.capabilities.written import field_of, refusals, weaker
from sandboxctl.dataclass import dataclass

__all__ = ["Capability", "Effect", "Field", "Status", "capability", "effect", "field_of", "refusals", "weaker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """One field on one backend. `since` is the first engine version that can; `hint` the way out of a refusal.

    `built` is false where only this version of sandboxctl refuses it.
    """

    status: Status
    how: str
    since: str | None
    effect: Effect
    hint: str | None = None
    built: bool = True


def capability(field: Field, backend: str, *, variant: str | None = None) -> Capability:
    """The status of a field, or of the nearest one that holds it; of a `variant` where the value decides.

    Raises KeyError for what is no field.
    """
    cell = cell_of(field, backend, variant)
    change = effect(field[1:] if field[0] == "metadata" else field, backend)
    return Capability(
        status=cell.status, how=cell.how, since=cell.since, effect=change, hint=cell.hint, built=cell.built
    )
