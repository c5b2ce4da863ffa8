"""What is done to a sandbox while something goes wrong: how it was before, the command, and what its spec then is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from sandboxctl.capabilities import Status, capability
from tests.contract.conftest import ENGINES
from tests.faults.lab import Lab

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


def on_each(cases: Iterable[str]) -> list[Any]:
    """Each engine with each of these cases that it has."""
    return [
        pytest.param(engine, case, marks=getattr(pytest.mark, engine), id=f"{engine}-{case}")
        for engine in ENGINES
        for case in cases
        if engine in CASES[case].engines
    ]
