"""When to look again at what an engine is still busy with, where it has no event to wait for. Pure."""

from __future__ import annotations

_LEAST, _MOST = 0.02, 0.25


def pause(waited: float) -> float:
    """Seconds until the next look, after so many seconds of waiting: a twentieth of that, from 20 to 250 ms."""
    return min(_MOST, max(_LEAST, waited / 20))
