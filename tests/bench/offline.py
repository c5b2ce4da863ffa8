"""What needs no engine: render, help, a completion."""

from __future__ import annotations

from pathlib import Path

from tests.bench import peers, specs
from tests.bench.measure import BARE, TOOL, Figure, interleaved

_WORD = {"COMP_WORDS": "sandboxctl pl", "COMP_CWORD": "1", "_SANDBOXCTL_COMPLETE": "bash_complete"}


def words(directory: Path) -> list[Figure]:
    """Help and completion, against kubectl where it is here, else against an interpreter that does nothing."""
    kubectl = peers.kubectl()
    ours = {
        "--help": (*TOOL, "--help"),
        "--version": (*TOOL, "--version"),
        "one completion": ("env", *(f"{name}={value}" for name, value in _WORD.items()), *TOOL),
    }
    theirs = (
        {}
        if kubectl is None
        else {"kubectl --help": (*kubectl, "--help"), "kubectl __complete": (*kubectl, "__complete", "ge")}
    )
    medians = interleaved({**ours, **theirs, "python -c pass": BARE}, directory)
    found = [
        Figure(what=f"{each} / python -c pass", value=medians[each] / medians["python -c pass"], limit=3)
        for each in ours
    ]
    if kubectl is not None:
        limits = {"--help": (0.5, 0.27), "--version": (0.5, 0.27), "one completion": (1.0, 0.35)}
        for each, (must, aim) in limits.items():
            peer = "kubectl __complete" if each == "one completion" else "kubectl --help"
            found.append(Figure(what=f"{each} / {peer}", value=medians[each] / medians[peer], limit=must, aim=aim))
    return found


def render(directory: Path) -> list[Figure]:
    """Without the cache: one spec and two hundred by themselves, and what `compose config` takes for as much."""
    one, many = (specs.spec(directory, count, backend="docker") for count in (1, 200))
    cold = (*TOOL, "render", "--no-cache", "--backend", "docker")
    medians = interleaved({"one": (*cold, str(one)), "bare": BARE, "many": (*cold, str(many))}, directory)
    return [
        Figure(what="render of one spec, cold / python -c pass", value=medians["one"] / medians["bare"], limit=18),
        Figure(what="render of 200 specs, cold", value=medians["many"], limit=0.8, unit="s"),
        *_against_compose(directory),
    ]


def _against_compose(directory: Path) -> list[Figure]:
    compose = peers.compose()
    if compose is None:
        return []
    found: list[Figure] = []
    for count, must, aim in ((1, 3.0, 2.3), (50, 1.4, 1.0), (500, 0.55, 0.45)):
        file = specs.spec(directory, count, backend="docker")
        ours = (*TOOL, "render", "--no-cache", "--backend", "docker", str(file))
        theirs = (*compose, "-f", str(specs.compose(directory, count)), "config")
        medians = interleaved({"ours": ours, "compose": theirs}, directory)
        found.append(Figure(what=f"render {count}, cold / compose config", value=medians["ours"] / medians["compose"],
                            limit=must, aim=aim))  # fmt: skip
    return found
