"""What needs a Podman service, against podman-compose on the same one."""

from __future__ import annotations

import os
from pathlib import Path

from tests.bench import peers, specs
from tests.bench.measure import TOOL, Figure, interleaved, wall

_NOTHING = {1: (0.2, 0.11), 10: (0.08, 0.05), 50: (0.03, 0.02)}


def nothing_to_do(directory: Path) -> list[Figure]:
    """Unchanged sandboxes, every live field inspected."""
    host = os.environ.get("SANDBOXCTL_TEST_PODMAN_HOST")
    compose = peers.podman_compose(host) if host else None
    if host is None or compose is None:
        return []
    found: list[Figure] = []
    for count, (must, aim) in _NOTHING.items():
        file, theirs = specs.spec(directory, count, backend="podman"), specs.compose(directory, count)
        ours = (*TOOL, "apply", "--yes", "--podman-uri", host, str(file))
        base = (*compose, "--podman-args=--remote", "-f", str(theirs))
        up = (*base, "up", "-d")
        try:
            wall(ours, directory)
            wall(up, directory)
            medians = interleaved({"ours": ours, "peer": up}, directory)
        finally:
            wall((*TOOL, "delete", "--yes", "--podman-uri", host, str(file)), directory)
            wall((*base, "down", "-t", "0"), directory)
        found.append(Figure(what=f"nothing to do on Podman, {count} / podman-compose up -d",
                            value=medians["ours"] / medians["peer"], limit=must, aim=aim))  # fmt: skip
    return found
