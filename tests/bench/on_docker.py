"""What needs a Docker Engine, against docker compose v5 on the same engine; without it against an idle interpreter."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import peers, specs
from tests.bench.measure import BARE, TOOL, Figure, interleaved, peak_memory, prepared, wall

Command = Sequence[str]

FEW = 3
_NOTHING = {1: (0.8, 0.5, 2.8, 2.3), 10: (0.7, 0.45, 2.3, 1.9), 50: (0.5, 0.35, 1.4, 1.2)}
_FIRST = {1: (1.3, 1.0), 10: (0.75, 0.6), 50: (0.63, 0.57)}


def nothing_to_do(directory: Path) -> list[Figure]:
    """Unchanged sandboxes, every live field inspected: with what is remembered, and judged anew."""
    found: list[Figure] = []
    for count in _NOTHING:
        ours, up, clean = _sides(directory, count)
        try:
            wall(ours["apply"], directory)
            if up is not None:
                wall(up, directory)
            found += _unchanged(directory, count, ours, up)
        finally:
            for each in clean:
                wall(each, directory)
    return found


def _unchanged(directory: Path, count: int, ours: dict[str, Command], up: Command | None) -> list[Figure]:
    warm, warm_aim, cold, cold_aim = _NOTHING[count]
    peer = "compose up -d" if up is not None else "python -c pass"
    commands = {"warm": ours["apply"], "cold": (*ours["apply"], "--no-cache"), "peer": up or BARE}
    medians = interleaved(commands, directory)
    floor = 1 if up is not None else 12
    figures = [
        Figure(what=f"nothing to do, {count}, warm / {peer}", value=medians["warm"] / medians["peer"], limit=warm * floor,
               aim=warm_aim * floor),
        Figure(what=f"nothing to do, {count}, cold / {peer}", value=medians["cold"] / medians["peer"], limit=cold * floor,
               aim=cold_aim * floor),
    ]  # fmt: skip
    if count == 50:
        plan = tuple("plan" if word == "apply" else word for word in ours["apply"] if word != "--yes")
        figures.append(
            Figure(what="peak memory, plan of 50, cold", value=peak_memory((*plan, "--no-cache"), directory), limit=60,
                   unit="MiB")
        )  # fmt: skip
    if up is not None:
        ratio = peak_memory(ours["apply"], directory) / peak_memory(up, directory)
        figures.append(
            Figure(what=f"peak memory, nothing to do, {count}, warm / {peer}", value=ratio, limit=0.5, aim=0.3)
        )
    return figures


def first_apply(directory: Path) -> list[Figure]:
    """From nothing to running, without waiting for readiness on either side; and all of it away again."""
    found: list[Figure] = []
    for count, (must, aim) in _FIRST.items():
        ours, up, clean = _sides(directory, count)
        if up is None:
            return []
        delete, down = clean
        first = {"ours": ours["apply"], "peer": up}
        medians = prepared(first, {"ours": [delete], "peer": [down]}, directory, runs=FEW)
        found.append(Figure(what=f"first apply, {count} / compose up -d", value=medians["ours"] / medians["peer"],
                            limit=must, aim=aim))  # fmt: skip
        if count == max(_FIRST):
            away = {"ours": delete, "peer": down}
            medians = prepared(away, {"ours": [ours["apply"]], "peer": [up]}, directory, runs=FEW)
            found.append(Figure(what=f"delete {count} / compose down -t 0", value=medians["ours"] / medians["peer"],
                                limit=0.9, aim=0.81))  # fmt: skip
        for each in clean:
            wall(each, directory)
    return found


def one_change(directory: Path) -> list[Figure]:
    """One memory limit among fifty, live; compose makes the container anew."""
    count = 50
    ours, up, clean = _sides(directory, count)
    compose = peers.compose()
    if up is None or compose is None:
        return []
    more = specs.spec(directory, count, backend="docker", memory="65Mi", name="more")
    more_peer = specs.compose(directory, count, memory="65m", name="more-compose")
    change = (*TOOL, "apply", "--yes", str(more))
    change_peer = (*compose, "-f", str(more_peer), "up", "-d", "-t", "0")
    try:
        before: dict[str, list[Command]] = {"ours": [ours["apply"]], "peer": [(*up, "-t", "0")]}
        medians = prepared({"ours": change, "peer": change_peer}, before, directory, runs=5)
    finally:
        for each in clean:
            wall(each, directory)
    return [Figure(what="one memory change among 50 / compose up -d -t 0", value=medians["ours"] / medians["peer"],
                   limit=0.4, aim=0.25)]  # fmt: skip


def one_replace(directory: Path) -> list[Figure]:
    """How long nothing runs while an idle sandbox is replaced, by the engine's own clock."""
    path = specs.spec(directory, 1, backend="docker")
    apply = (*TOOL, "apply", "--yes", str(path))
    wall(apply, directory)
    gaps: list[float] = []
    try:
        for number in range(FEW + FEW):
            path.write_text(path.read_text().replace("env: {", f"env: {{RUN{number}: x, "))
            began = time.time()
            wall(apply, directory)
            gaps.append(_without_a_process(began))
    finally:
        wall((*TOOL, "delete", "--yes", str(path)), directory)
    return [Figure(what="replace of an idle sandbox, nothing runs for", value=statistics.median(gaps), limit=0.3,
                   unit="s")]  # fmt: skip


def _without_a_process(since: float) -> float:
    """Seconds from the end of the old one to the start of the new one."""
    events = ("docker", "events", "--since", f"{since:f}", "--until", f"{time.time():f}", "--filter", "container=bench-0",
              "--filter", "container=bench-0.new",              "--format", "{{.Action}} {{.TimeNano}}")  # fmt: skip
    lines = subprocess.run(events, check=True, capture_output=True, text=True).stdout.splitlines()
    times = {action: int(nanoseconds) / 1e9 for action, _, nanoseconds in (line.rpartition(" ") for line in lines)}
    return times["start"] - times["die"]


def one_command(directory: Path) -> list[Figure]:
    """`true` in a sandbox, against the engine's own client."""
    ours, _, clean = _sides(directory, 1)
    wall(ours["apply"], directory)
    try:
        commands = {"ours": (*TOOL, "exec", "--backend", "docker", "bench-0", "--", "true"),
                    "docker": ("docker", "exec", "bench-0", "true")}  # fmt: skip
        medians = interleaved(commands, directory)
    finally:
        wall(clean[0], directory)
    return [Figure(what="exec of true / docker exec", value=medians["ours"] / medians["docker"], limit=1.2, aim=1.0)]


def _sides(directory: Path, count: int) -> tuple[dict[str, Command], Command | None, list[Command]]:
    """Ours, the peer's `up`, and what takes both away."""
    file = specs.spec(directory, count, backend="docker")
    clean: list[Command] = [(*TOOL, "delete", "--yes", str(file))]
    compose = peers.compose()
    up: Command | None = None
    if compose is not None:
        base = (*compose, "-f", str(specs.compose(directory, count)))
        up = (*base, "up", "-d")
        clean.append((*base, "down", "-t", "0"))
    return {"apply": (*TOOL, "apply", "--yes", str(file))}, up, clean
