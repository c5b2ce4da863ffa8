"""What a killed apply left, and the steps that end it. A pure function of what exists and who holds it."""

from __future__ import annotations

from typing import Literal

from sandboxctl import ownership
from sandboxctl.backends.base import Listed
from sandboxctl.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverStep:
    """One step that ends what a killed apply began."""

    do: Literal["delete", "rename"]
    ref: str
    name: str
    to: str | None = None


def unmarked(current: Listed | None) -> tuple[tuple[RecoverStep, ...], Listed | None]:
    """Where a mark is written last, what has none has not passed its gate: it is nobody's yet, and goes."""
    if current is None or ownership.is_marked(current):
        return (), current
    return (RecoverStep(do="delete", ref=current.ref, name=current.name),), None


def recovery(
    name: str, *, current: Listed | None, new: Listed | None, old: Listed | None
) -> tuple[tuple[RecoverStep, ...], Listed | None]:
    """The one table of what is left by a kill at any point of create and replace.

    A replace renames NAME to NAME.old only when NAME.new has passed its gate, so NAME.old without NAME beside a
    NAME.new means that the new one is good; in every other case the one that holds NAME, or held it, is.
    """
    if current is not None:
        leftovers = [each for each in (new, old) if each is not None]
        return tuple(RecoverStep(do="delete", ref=each.ref, name=each.name) for each in leftovers), current
    if old is not None and new is not None:
        rename = RecoverStep(do="rename", ref=new.ref, name=new.name, to=name)
        return (rename, RecoverStep(do="delete", ref=old.ref, name=old.name)), new
    if old is not None:
        return (RecoverStep(do="rename", ref=old.ref, name=old.name, to=name),), old
    if new is not None:
        return (RecoverStep(do="delete", ref=new.ref, name=new.name),), None
    return (), None
