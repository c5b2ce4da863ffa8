"""The statuses, and the words in which the tables are written. No table and no lookup here."""

from __future__ import annotations

from enum import StrEnum

from sandboxctl.dataclass import dataclass


class Status(StrEnum):
    """The six, of which each field has exactly one on each backend (behaviour.md, "The promises")."""

    ENFORCED = "enforced"
    EMULATED = "emulated"
    DELEGATED = "delegated"
    INAPPLICABLE = "inapplicable"
    WEAKER = "weaker"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One field on one backend. `how` names the engine's own word; of a refusal it is the reason, `hint` the way out.

    `left` is what somebody has to do for it besides.
    """

    status: Status
    how: str
    hint: str | None = None
    left: str | None = None
    since: str | None = None


Row = tuple[Cell, Cell, Cell]
"""Docker, Podman, Kubernetes: the order of `spec.BACKENDS`."""


def does(how: str, *, since: str | None = None) -> Cell:
    """The engine does it."""
    return Cell(status=Status.ENFORCED, how=how, since=since)


def ours(how: str, *, left: str | None = None) -> Cell:
    """sandboxctl does it; what is `left` only when somebody has it done."""
    return Cell(status=Status.EMULATED, how=how, left=left)


def node(how: str) -> Cell:
    """A setting of the node or daemon does it: checked, not set."""
    return Cell(status=Status.DELEGATED, how=how)


def moot(how: str) -> Cell:
    """It has no meaning there, and does no harm."""
    return Cell(status=Status.INAPPLICABLE, how=how)


def weaker(how: str) -> Cell:
    """A default that cannot be had there; refused where the spec itself asks for it."""
    return Cell(status=Status.WEAKER, how=how)


def no(how: str, hint: str) -> Cell:
    """It cannot be applied there."""
    return Cell(status=Status.REFUSED, how=how, hint=hint)


def everywhere(cell: Cell) -> Row:
    """The same on every backend."""
    return cell, cell, cell
