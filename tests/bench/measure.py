"""What every part of the bench measures by: processes, medians of interleaved runs, figures. Knows no engine."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

RUNS = int(os.environ.get("BENCH_RUNS", "11"))
WARM_UPS = 2
TOOL = (str(Path(sys.executable).parent / "sandboxctl"),)
BARE = (sys.executable, "-c", "pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, what it must stay under, in which unit, and what we would like."""

    what: str
    value: float
    limit: float
    unit: str = "x"
    aim: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is reached."""
        return self.value <= self.limit

    def __str__(self) -> str:
        mark = "ok" if self.holds else "MISSED"
        aim = "" if self.aim is None else f"   aim {self.aim:g}"
        return f"{self.what:<52} {self.value:>8.2f} {self.unit:<10} must {self.limit:>6g}   {mark}{aim}"


def wall(command: Sequence[str], cwd: Path) -> float:
    """Seconds of one whole process; its output goes nowhere, its failure is ours."""
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def after(before: Sequence[Sequence[str]], command: Sequence[str], cwd: Path) -> float:
    """The same, once some commands have brought back the state that it starts from; those are not timed."""
    for each in before:
        wall(each, cwd)
    return wall(command, cwd)


def interleaved(commands: Mapping[str, Sequence[str]], cwd: Path) -> dict[str, float]:
    """Medians of whole processes, in seconds."""
    return alternated({name: partial(wall, command, cwd) for name, command in commands.items()})


def prepared(
    commands: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[Sequence[str]]], cwd: Path, *, runs: int
) -> dict[str, float]:
    """Medians of commands that each need a state brought back first; dear ones, so without a warm-up."""
    takes = {name: partial(after, before[name], command, cwd) for name, command in commands.items()}
    return alternated(takes, runs=runs, warm_ups=0)


def alternated(
    takes: Mapping[str, Callable[[], float]], *, runs: int = RUNS, warm_ups: int = WARM_UPS
) -> dict[str, float]:
    """Medians; the order is reversed every other round, so that a drift of the host meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in takes}
    names = list(takes)
    for number in range(warm_ups + runs):
        for name in names if number % 2 else reversed(names):
            taken = takes[name]()
            if number >= warm_ups:
                times[name].append(taken)
    return {name: statistics.median(each) for name, each in times.items()}


def peak_memory(command: Sequence[str], cwd: Path) -> float:
    """MiB of resident memory of one process, from the kernel's own count for children."""
    script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL,"
    script += "stderr=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run((sys.executable, "-c", script, *command), cwd=cwd, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024
