"""A rule about each backend's `accept`: what it names is a field. What accepting one does is for `capabilities`."""

from __future__ import annotations

from functools import cache

from sandboxctl.problems import Path, dotted, suggestion
from sandboxctl.rules.case import Case, rule
from sandboxctl.spec import BACKENDS


def accepted_names(case: Case) -> None:
    """A name that is none accepts nothing, and its writer believes that it does."""
    for backend in BACKENDS:
        for index, name in enumerate(case.sandbox.section(backend).accept):
            path: Path = ("spec", backend, "accept", index)
            if case.sound(path) and name not in _known():
                message = f"{dotted(path)}: `{name}` is no field"
                hint = _hint(name, backend) if index < _HINTED else None
                case.findings.error("accept-unknown", path, message, hint=hint)


_HINTED = 50
"""Of a longer list the rest is told without a search for what was meant."""


@cache
def _known() -> frozenset[str]:
    from sandboxctl.capabilities.table import ROWS  # 2 ms, and few specs accept anything

    fields = (row.partition("/")[0].split(".") for row in ROWS)
    return frozenset(".".join(parts[:length]) for parts in fields for length in range(1, len(parts) + 1))


def _hint(name: str, backend: str) -> str:
    """The field that has such an end, the one spelt most alike, or all that could be meant."""
    from sandboxctl.capabilities import Status
    from sandboxctl.capabilities.table import ROWS

    position = BACKENDS.index(backend)
    weaker = [row.partition("/")[0] for row, cells in ROWS.items() if cells[position].status is Status.WEAKER]
    ends = [known for known in (*weaker, *sorted(_known())) if known.endswith(f".{name}")]
    near = next(iter(ends), None) or suggestion(name, weaker) or suggestion(name, _known())
    if near is not None:
        return f"did you mean `{near}`?"
    return f"what is weaker on {backend}: {', '.join(weaker)}" if weaker else f"nothing is weaker on {backend}"


RULES = (rule(accepted_names),)
"""They need no other field."""
