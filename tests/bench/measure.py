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
IMAGE = os.environ.get("SANDBOXCTL_TEST_BUSYBOX", "localhost/sandboxctl-test/busybox:1")

SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata:
  name: {name}
  project: bench
spec:
  image: {image}
  env: {{A: "1", B: "2"}}
  resources: {{cpu: 500m, memory: 64Mi, pids: 50}}
  lifecycle: {{ready: {{minSeconds: 0}}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, what it must stay under, in which unit."""

    what: str
    value: float
    limit: float
    unit: str

    @property
    def holds(self) -> bool:
        """Whether the figure is reached."""
        return self.value <= self.limit

    def __str__(self) -> str:
        mark = "ok" if self.holds else "MISSED"
        return f"{self.what:<52} {self.value:>8.2f} {self.unit:<10} must {self.limit:>6g}   {mark}"


def wall(command: Sequence[str], cwd: Path) -> float:
    """Seconds of one whole process; its output goes nowhere, its failure is ours."""
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def interleaved(commands: Mapping[str, Sequence[str]], cwd: Path) -> dict[str, float]:
    """Medians of whole processes, in seconds."""
    return alternated({name: partial(wall, command, cwd) for name, command in commands.items()})


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


def write_specs(directory: Path, count: int) -> Path:
    """One file with `count` sandboxes."""
    path = directory / f"specs-{count}.yaml"
    path.write_text("---\n".join(SPEC.format(name=f"bench-{number}", image=IMAGE) for number in range(count)))
    return path


def peak_memory(command: Sequence[str], cwd: Path) -> float:
    """MiB of resident memory of one process, from the kernel's own count for children."""
    script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run((sys.executable, "-c", script, *command), cwd=cwd, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024
