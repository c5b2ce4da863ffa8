"""How much is asked of the engine for a replace: written down in docs/reliability.md, and no more than is needed."""

from __future__ import annotations

from itertools import groupby

from tests.faults.cases import APPLY, changed
from tests.faults.lab import Lab

MOST = {"docker": (16, 6), "podman": (18, 6), "kubernetes": (43, 7)}
"""Requests, and those of them that write. What is waited for is looked at again and again, which counts once."""


def test_a_replace_asks_no_more_than_is_written_down(lab: Lab) -> None:
    lab.write()
    lab.done(*APPLY)
    lab.write(changed(lab))
    requests = [
        (each.method, each.path, each.writes) for each in lab.requests(*APPLY)
        if "/events?" not in each.path  # why a pod takes long
    ]  # fmt: skip
    asked = [f"{method} {path.partition('?')[0]}" for (method, path, _), _ in groupby(requests)]
    most, writing = MOST[lab.engine.backend]
    assert len(asked) <= most, asked
    assert sum(writes for _, _, writes in requests) == writing, asked
