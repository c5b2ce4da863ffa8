"""`make bench`: the figures that the issues ask for, as ratios of medians of interleaved runs. Exits 1 where one is missed.

Nothing here is a test: a timed test in the suite would only say how busy the machine is.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.kubernetes import on_kubernetes
from tests.bench.measure import BARE, RUNS, TOOL, Figure, interleaved, peak_memory, write_specs


def offline(directory: Path) -> list[Figure]:
    """What needs no engine."""
    one, many = write_specs(directory, 1), write_specs(directory, 200)
    render = (*TOOL, "render", "--backend", "docker", str(one))
    medians = interleaved({"bare": BARE, "render": render, "help": (*TOOL, "--help")}, directory)
    whole = interleaved({"many": (*TOOL, "render", "--backend", "docker", str(many))}, directory)
    return [
        Figure(
            what="render of one spec / python -c pass", value=medians["render"] / medians["bare"], limit=18, unit="x"
        ),
        Figure(what="--help / python -c pass", value=medians["help"] / medians["bare"], limit=6, unit="x"),
        Figure(what="render of 200 specs", value=whole["many"], limit=0.8, unit="s"),
    ]


def on_docker(directory: Path) -> list[Figure]:
    """What needs a Docker Engine: fifty unchanged sandboxes."""
    specs = write_specs(directory, 50)
    subprocess.run((*TOOL, "apply", "--yes", str(specs)), cwd=directory, check=True, stdout=subprocess.DEVNULL)
    try:
        plan = (*TOOL, "plan", "--backend", "docker", str(specs))
        medians = interleaved({"bare": BARE, "plan": plan}, directory)
        memory = peak_memory(plan, directory)
    finally:
        subprocess.run((*TOOL, "delete", "--yes", str(specs)), cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return [
        Figure(what="plan of 50 unchanged sandboxes, peak memory", value=memory, limit=60, unit="MiB"),
        Figure(what="plan of 50 unchanged sandboxes / python -c pass", value=medians["plan"] / medians["bare"],
               limit=60, unit="x"),
    ]  # fmt: skip


def compiled() -> None:
    """An editable install has no byte code yet; an installed package always has."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    package = Path(__file__).resolve().parents[2] / "sandboxctl"
    subprocess.run((sys.executable, "-m", "compileall", "-q", str(package)), check=True)


def parts() -> list[Callable[[Path], list[Figure]]]:
    """What needs no engine, and the engines of the run."""
    engines = os.environ.get("SANDBOXCTL_TEST_ENGINES", "docker").replace(",", " ").split()
    known = {"docker": on_docker, "kubernetes": on_kubernetes}
    return [offline, *(known[engine] for engine in engines if engine in known)]


def main() -> int:
    """Prints the host, then the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, medians of {RUNS} runs")
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
