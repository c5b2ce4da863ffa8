"""`make bench`: the figures that the issues ask for, as ratios of medians of interleaved runs. Exits 1 where one is missed.

Nothing here is a test: a timed test in the suite would only say how busy the machine is.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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


def interleaved(commands: dict[str, Sequence[str]], cwd: Path) -> dict[str, float]:
    """Medians; the order is reversed every other round, so that a drift of the host meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    names = list(commands)
    for number in range(WARM_UPS + RUNS):
        for name in names if number % 2 else reversed(names):
            taken = wall(commands[name], cwd)
            if number >= WARM_UPS:
                times[name].append(taken)
    return {name: statistics.median(each) for name, each in times.items()}


def write_specs(directory: Path, count: int) -> Path:
    """One file with `count` sandboxes."""
    path = directory / f"specs-{count}.yaml"
    path.write_text("---\n".join(SPEC.format(name=f"bench-{number}", image=IMAGE) for number in range(count)))
    return path


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


def peak_memory(command: Sequence[str], cwd: Path) -> float:
    """MiB of resident memory of one process, from the kernel's own count for children."""
    script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    script += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run((sys.executable, "-c", script, *command), cwd=cwd, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1]) / 1024


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


def main(parts: Sequence[Callable[[Path], list[Figure]]] = (offline, on_docker)) -> int:
    """Prints the host, then the table."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, medians of {RUNS} runs")
    compiled()
    figures: list[Figure] = []
    for part in parts:
        with tempfile.TemporaryDirectory() as directory:
            for figure in part(Path(directory)):
                print(figure, flush=True)
                figures.append(figure)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
