"""What is done to a sandbox while something goes wrong: how it was before, the command, and what its spec then is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest

from sandboxctl.capabilities import Status, capability
from tests.contract.conftest import ENGINES
from tests.faults.lab import Lab
from tests.faults.proxy import Request

LONG = os.environ.get("SANDBOXCTL_FAULTS") == "long"
"""Whether every case is run."""

_SETUP = ["sh", "-c", "echo done > /tmp/setup"]


def first(lab: Lab) -> dict[str, Any]:
    """The spec of most cases: a volume that stays, one that goes, and a setup, where the engine can do it."""
    volumes = [
        {"type": "volume", "source": f"{lab.name}-kept", "target": "/kept"},
        {"type": "volume", "source": f"{lab.name}-gone", "target": "/gone", "keep": False},
    ][: len(lab.volumes)]
    can = capability(("lifecycle", "setup"), lab.engine.backend).status in (Status.ENFORCED, Status.EMULATED)
    return {"mounts": volumes, **({"lifecycle": {"setup": [_SETUP]}} if can else {})}


def changed(lab: Lab) -> dict[str, Any]:
    """The same, to be replaced for."""
    return {"env": {"A": "1"}}


@dataclass(frozen=True, slots=True)
class Case:
    """`before` makes the state that `words` then change, on these engines."""

    words: Sequence[str]
    before: Callable[[Lab], None]
    engines: Sequence[str] = ENGINES


def _nothing(lab: Lab) -> None:
    lab.write(first(lab))


def _another(lab: Lab) -> None:
    lab.write(first(lab))
    lab.done("apply", "--yes")
    lab.write(first(lab), changed(lab))


def _smaller(lab: Lab) -> None:
    lab.write(first(lab), {"resources": {"memory": "256Mi"}})
    lab.done("apply", "--yes")
    lab.write(first(lab), {"resources": {"memory": "128Mi"}})


def _stopped(lab: Lab) -> None:
    lab.write(first(lab))
    lab.done("apply", "--yes")
    lab.engine.client("stop", "--time=0", lab.name)


def _running(lab: Lab) -> None:
    lab.write(first(lab))
    lab.done("apply", "--yes")


APPLY = ("apply", "--yes")
CASES = {
    "create": Case(APPLY, _nothing),
    "replace": Case(APPLY, _another),
    "update": Case(APPLY, _smaller),
    "start": Case(APPLY, _stopped, ("docker", "podman")),
    "delete": Case(("delete", "sandbox.yaml", "--yes"), _running),
}


_CONTAINER = "/containers/[^/?]+"
_POD = r"/pods/[^/?]+"

_STEPS: Mapping[str, Mapping[str, str]] = {
    "around": {"kubernetes": r"PATCH .*/(networkpolicies|secrets)/"},
    "create": {
        "docker": "POST /containers/create",
        "podman": "POST /containers/create",
        "kubernetes": rf"PATCH .*{_POD}\?fieldManager=sandboxctl&",
    },
    "start": {"docker": f"POST {_CONTAINER}/start", "podman": f"POST {_CONTAINER}/start"},
    "commit": {
        "docker": f"POST {_CONTAINER}/rename",
        "podman": f"POST {_CONTAINER}/rename",
        "kubernetes": rf"PATCH .*{_POD}\?fieldManager=sandboxctl-verified&",
    },
    "stop": {
        "docker": f"POST {_CONTAINER}/stop",
        "podman": f"POST {_CONTAINER}/stop",
        "kubernetes": f"DELETE .*{_POD}",
    },
    "remove": {"docker": "DELETE ", "podman": "DELETE ", "kubernetes": r"DELETE .*/(networkpolicies|secrets)/"},
    "exec": {
        "docker": "POST /exec/[^/]+/start",
        "podman": "POST /exec/[^/]+/start",
        "kubernetes": f"GET .*{_POD}/exec",
    },
}
"""Which request is meant, on each engine that has it: the beginning of its method and path. A pod starts by itself."""


def is_step(step: str, request: Request, lab: Lab) -> bool:
    """Whether a request is of that step, on the lab's engine."""
    return re.match(_STEPS[step][lab.engine.backend], f"{request.method} {request.path}") is not None


def begins(engine: str) -> str:
    """The step from which on the new sandbox runs."""
    return "start" if engine in _STEPS["start"] else "create"


def moments(requests: Iterable[Request]) -> list[int]:
    """The numbers of all requests; of a look that is repeated until something has happened, the first and the last."""
    runs = [[each.number for each in run] for _, run in groupby(requests, lambda each: (each.method, each.path))]
    return sorted({number for run in runs for number in (run[0], run[-1])})


def on_each(cases: Iterable[Any], *, sample: Iterable[Any] | None = None) -> list[Any]:
    """Each engine with each of these cases, or steps, that it has; a cluster in the short form with the `sample`.

    There each takes seconds.
    """
    has = {name: case.engines for name, case in CASES.items()} | {name: tuple(each) for name, each in _STEPS.items()}
    return [
        pytest.param(engine, case, marks=getattr(pytest.mark, engine), id=f"{engine}-{case}")
        for engine in ENGINES
        for case in (cases if LONG or engine != "kubernetes" or sample is None else sample)
        if engine in has.get(case, ENGINES)
    ]


NOT_IN_SHORT = pytest.mark.parametrize(
    "engine",
    [pytest.param(each, marks=getattr(pytest.mark, each)) for each in ENGINES if LONG or each != "kubernetes"],
    indirect=True,
)
"""For a test that a cluster runs in the long form alone."""
