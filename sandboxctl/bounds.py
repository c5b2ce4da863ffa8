"""How much a file of specs may hold: for whoever reads one, and for whoever judges it. Numbers only."""

from __future__ import annotations

MAX_BYTES = 2**20
