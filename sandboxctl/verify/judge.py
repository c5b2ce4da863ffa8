"""Promises against what the sources know: each control with its status and evidence. Pure.

The strongest source that knows a control decides it. A mismatch is a failure whoever says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from sandboxctl.backends.base import Json, Key
from sandboxctl.dataclass import dataclass
from sandboxctl.fields import Wanted, within_any
from sandboxctl.problems import Path, dotted
from sandboxctl.verify.controls import Promise
from sandboxctl.verify.readings import Answer, CannotTell, EngineKnows, Reading

Evidence = Literal["kernel", "probe", "inside", "engine"]
Status = Literal["proved", "reported", "weaker", "unprovable", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One control, judged. `path` is the field that asks for it, from below `spec`; () if none does."""

    control: str
    path: Path
    expected: Json
    actual: Json
    status: Status
    evidence: Evidence | None
    detail: str = ""

    def to_json(self) -> dict[str, Json]:
        """One entry of `controls` (behaviour.md, "Verify")."""
        return {
            "control": self.control,
            "path": list(self.path),
            "expected": self.expected,
            "actual": self.actual,
            "status": self.status,
            "evidence": self.evidence,
        }


Source = tuple[Evidence, Callable[[Promise], Answer]]


def judge(promise: Promise, sources: Iterable[Source], *, accepted: Sequence[str] = ()) -> Control:
    """Asks the sources in turn, strongest first. `accepted` are the fields that may be weaker, as in `accept`."""
    only_engine = False
    rest = iter(sources)
    for evidence, ask in rest:
        if only_engine and evidence != "engine":
            continue
        match ask(promise):
            case Reading() as reading:
                status = _status(promise, reading, evidence, accepted)
                denied = _denial(promise, rest) if promise.with_engine and status != "failed" else None
                if denied is not None:
                    return _control(promise, denied.actual, "failed", "engine", "the engine says otherwise")
                return _control(promise, reading.actual, status, evidence, reading.detail)
            case CannotTell(reason=reason):
                return _control(promise, None, "unprovable", None, reason)
            case EngineKnows():
                only_engine = True
            case None:
                continue
    return _control(promise, None, "unprovable", None, "nothing here can look at it")


def _denial(promise: Promise, rest: Iterable[Source]) -> Reading | None:
    """The engine's answer, where it is another than the promise."""
    said = next((ask(promise) for evidence, ask in rest if evidence == "engine"), None)
    return said if isinstance(said, Reading) and not said.matches else None


def _control(promise: Promise, actual: Json, status: Status, evidence: Evidence | None, detail: str) -> Control:
    return Control(
        control=promise.control,
        path=promise.path,
        expected=promise.expected,
        actual=actual,
        status=status,
        evidence=evidence,
        detail=detail,
    )


def _status(promise: Promise, reading: Reading, evidence: Evidence, accepted: Sequence[str]) -> Status:
    if not promise.promised:
        return "reported"
    if reading.matches:
        return "proved" if evidence in ("kernel", "probe") else "reported"
    field = dotted(promise.path)
    if reading.weaker or any(field == each or field.startswith((f"{each}.", f"{each}[")) for each in accepted if field):
        return "weaker"
    return "failed"


def from_engine(promise: Promise, wanted: Wanted, live: Mapping[Key, Json], hidden: frozenset[Key]) -> Answer:
    """What inspect says of a promise: the comparable fields of the spec against those of the object."""
    keys = [
        key for key in sorted({*wanted.fields, *live}) if within_any(key, promise.keys) and not within_any(key, hidden)
    ]
    if not keys:
        return None
    differing: dict[str, Json] = {
        ".".join(key): live.get(key) for key in keys if wanted.fields.get(key) != live.get(key)
    }
    return Reading(actual=differing or promise.expected, matches=not differing)
