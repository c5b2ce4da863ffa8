"""What a killed command left, and the steps that end it. Pure: what exists is given, and who may be at work on it.

A mark is `NAME.helper`: while it stands, what its labels say is unfinished (`ownership.mark_labels`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from sandboxctl import ownership
from sandboxctl.backends.base import Listed, Observed
from sandboxctl.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverStep:
    """One step that ends what a killed command began; `ref` of a volume or an image is its name.

    These two go only if unused.
    """

    do: Literal["delete", "rename", "stop", "delete volume", "delete image"]
    ref: str
    name: str
    to: str | None = None


Steps = tuple[RecoverStep, ...]


def unfinished(
    name: str,
    by_name: Mapping[str, Listed],
    observed: Mapping[str, Observed],
    *,
    marker: bool,
    working: Mapping[str, str],
) -> tuple[Steps, Listed | None]:
    """The steps of one sandbox, and which object it then is. `marker`: a mark on the sandbox itself is written last.

    Renames come before deletes; what a mark speaks of comes last, and the mark after that.
    """
    current = by_name.get(name)
    if marker:
        return unmarked(current)
    new_name, old_name = ownership.staging_names(name)
    steps, survivor = recovery(name, current=current, new=by_name.get(new_name), old=by_name.get(old_name))
    helpers = [by_name[each] for each in ownership.helper_names(name) if each in by_name]
    deletions = _deletions([each for each in helpers if each.ref not in working])
    return (*steps, *deletions, *_undone(by_name.get(ownership.mark_name(name)), survivor, observed)), survivor


def unmarked(current: Listed | None) -> tuple[Steps, Listed | None]:
    """Where a mark is written last, what has none has not passed its gate: it is nobody's yet, and goes."""
    if current is None or ownership.is_marked(current):
        return (), current
    return _deletions([current]), None


def recovery(
    name: str, *, current: Listed | None, new: Listed | None, old: Listed | None
) -> tuple[Steps, Listed | None]:
    """The one table of what is left by a kill at any point of create and replace.

    A replace renames NAME to NAME.old only when NAME.new has passed its gate, so NAME.old without NAME beside a
    NAME.new means that the new one is good; in every other case the one that holds NAME, or held it, is.
    """
    if current is not None:
        return _deletions([each for each in (new, old) if each is not None]), current
    if old is not None and new is not None:
        return (RecoverStep(do="rename", ref=new.ref, name=new.name, to=name), *_deletions([old])), new
    if old is not None:
        return (RecoverStep(do="rename", ref=old.ref, name=old.name, to=name),), old
    if new is not None:
        return _deletions([new]), None
    return (), None


def _deletions(found: Sequence[Listed]) -> Steps:
    return tuple(RecoverStep(do="delete", ref=each.ref, name=each.name) for each in found)


def _undone(mark: Listed | None, survivor: Listed | None, observed: Mapping[str, Observed]) -> Steps:
    """What a mark speaks of is undone before the mark goes, so that a second kill changes nothing.

    What was started and has not passed its gate is stopped: then it is started again, with all that belongs to it.
    """
    if mark is None:
        return ()
    what = mark.labels.get(ownership.UNFINISHED)
    gone = ownership.marked_volumes(mark.labels) if what != "removal" or survivor is None else ()
    steps = (*(RecoverStep(do="delete volume", ref=each, name=each) for each in gone), *_deletions([mark]))
    live = observed.get(survivor.ref) if survivor is not None else None
    up = live is not None and live.status.state in ("running", "restarting")
    if live is None or not up or what != "start":
        return steps
    return (RecoverStep(do="stop", ref=live.ref, name=survivor.name if survivor else live.name), *steps)


def at_work(name: str, by_name: Mapping[str, Listed], *, marker: bool) -> list[Listed]:
    """The objects that say who is making, starting or deleting this sandbox.

    `NAME.old` is not among them: what it says is of its own making, long ago.
    """
    current = by_name.get(name)
    if marker:
        return [] if current is None or ownership.is_marked(current) else [current]
    candidates = (ownership.staging_names(name)[0], ownership.mark_name(name))
    return [by_name[each] for each in candidates if each in by_name]
