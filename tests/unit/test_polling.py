"""When to look again: soon at first, never rarely."""

from __future__ import annotations

import pytest

from sandboxctl import polling


@pytest.mark.parametrize(("waited", "seconds"), [(0, 0.02), (0.3, 0.02), (2, 0.1), (5, 0.25), (3600, 0.25)])
def test_the_next_look_comes_after_a_twentieth_of_what_was_waited_within_bounds(waited: float, seconds: float) -> None:
    assert polling.pause(waited) == pytest.approx(seconds)
