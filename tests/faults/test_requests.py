"""How much is asked of the engine for a replace: written down in docs/reliability.md, and no more than is needed."""

from __future__ import annotations

from collections import Counter

from tests.faults.cases import APPLY, changed
from tests.faults.lab import Lab

MOST = {"docker": 16, "podman": 18}
"""One more look is allowed for each time that the new sandbox is not ready at once."""


def test_a_replace_asks_no_more_than_is_written_down(lab: Lab) -> None:
    lab.write()
    lab.done(*APPLY)
    lab.write(changed(lab))
    requests = lab.requests(*APPLY)
    kinds = Counter(f"{each.method} {each.path.partition('?')[0]}" for each in requests)
    writes = [each for each in requests if each.writes]
    assert len(requests) <= MOST[lab.engine.backend] + 3, kinds
    assert len(writes) == 6, writes
