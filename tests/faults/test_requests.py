"""How much is asked of the engine for a replace: written down in docs/reliability.md, and no more than is needed."""

from __future__ import annotations

from collections import Counter

from tests.faults.cases import APPLY, changed
from tests.faults.lab import Lab

MOST = {"docker": 36, "podman": 36}


def test_a_replace_asks_no_more_than_is_written_down(lab: Lab) -> None:
    lab.write()
    lab.done(*APPLY)
    lab.write(changed(lab))
    requests = lab.requests(*APPLY)
    kinds = Counter(f"{each.method} {each.path.partition('?')[0]}" for each in requests)
    writes = [each for each in requests if each.writes and "/exec" not in each.path]
    assert len(requests) <= MOST[lab.engine.backend], kinds
    assert len(writes) <= 8, writes
