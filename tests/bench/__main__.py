"""`make bench`: the figures that the issues ask for, as ratios of medians of interleaved runs. Exits 1 where one is missed.

Nothing here is a test: a timed test in the suite would only say how busy the machine is.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench import kubernetes, offline, on_docker, on_podman
from tests.bench.measure import RUNS, Figure

Part = Callable[[Path], list[Figure]]


def compiled() -> None:
    """An editable install has no byte code yet; an installed package always has."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    package = Path(__file__).resolve().parents[2] / "sandboxctl"
    subprocess.run((sys.executable, "-m", "compileall", "-q", str(package)), check=True)


OFFLINE: tuple[Part, ...] = (offline.words, offline.render)
ENGINES: Mapping[str, tuple[Part, ...]] = {
    "docker": (
        on_docker.nothing_to_do,
        on_docker.one_command,
        on_docker.one_change,
        on_docker.one_replace,
        on_docker.first_apply,
    ),
    "podman": (on_podman.nothing_to_do,),
    "kubernetes": (kubernetes.on_kubernetes,),
}


def parts() -> list[Part]:
    """What needs no engine, and the engines of the run; of these the ones that BENCH_ONLY names, if it does."""
    engines = os.environ.get("SANDBOXCTL_TEST_ENGINES", "docker").replace(",", " ").split()
    every = [*OFFLINE, *(part for engine in engines for part in ENGINES[engine])]
    only = os.environ.get("BENCH_ONLY", "").split()
    return [part for part in every if not only or part.__name__ in only]


def main() -> int:
    """Prints the host, then the table."""
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}, "
          f"medians of {RUNS} runs")  # fmt: skip
    compiled()
    figures: list[Figure] = []
    for part in parts():
        with tempfile.TemporaryDirectory() as directory:
            for figure in part(Path(directory)):
                print(figure, flush=True)
                figures.append(figure)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
