"""What an overlay makes weaker than the spec that it lies over: each a warning, where the overlay says it. Pure.

Not judged here: whether the result is allowed. Rules and policy see it as they see any spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sandboxctl.facts import HostFacts
from sandboxctl.overlay import Removal
from sandboxctl.problems import Path, Problem, Range, Severity, dotted, ordered
from sandboxctl.rules.weakening import weakenings
from sandboxctl.spec import BACKENDS, BindMount, Loaded, Sandbox, TmpfsMount

_SAFETY: tuple[Path, ...] = (
    ("spec", "security"),
    ("spec", "network", "mode"),
    ("spec", "network", "internal"),
    ("spec", "network", "egress"),
    *(("spec", "resources", limit) for limit in ("cpu", "memory", "swap", "pids", "disk", "ulimits")),
    ("spec", "lifecycle", "ttl"),
)
"""What makes a sandbox safe, or bounds it: taking one of these away is always told."""

_PROFILE: Path = ("spec", "security", "profile")
_OPENNESS = ("none", "named", "bridge", "host")


def loosened(before: Loaded, after: Loaded, removed: Sequence[Removal], *, facts: HostFacts) -> tuple[Problem, ...]:
    """A warning for each safety setting that is gone, and for each part that is weaker than before."""
    told = [
        *_taken_away(before, after, removed),
        *_weakenings(before.sandbox, after, facts),
        *_values(before.sandbox, after),
        *_accepted(before.sandbox, after),
    ]
    return ordered(told)


def _taken_away(before: Loaded, after: Loaded, removed: Iterable[Removal]) -> Iterator[Problem]:
    for removal in removed:
        for path in _written_below(before, removal.path):
            if not after.source.written(path):
                place = before.source.range(path)
                where = f", which {place.filename}:{place.start.line} sets" if place else ""
                yield _problem(after, path, f"this takes `{dotted(path)}` away{where}", place=removal.place)


def _written_below(loaded: Loaded, path: Path) -> Iterator[Path]:
    """The safety settings that a spec writes at or below a path, lists as one."""
    found = (each for each in loaded.source.marks if each[: len(path)] == path)
    leaves = [each for each in found if not any(isinstance(part, int) for part in each)]
    for each in leaves:
        is_holder = any(other[: len(each)] == each and other != each for other in leaves)
        if not is_holder and any(each[: len(safe)] == safe for safe in _SAFETY):
            yield each


def _weakenings(before: Sandbox, after: Loaded, facts: HostFacts) -> Iterator[Problem]:
    known = {name for name, _ in weakenings(before, facts=facts)}
    for name, path in weakenings(after.sandbox, facts=facts):
        if name not in known:
            yield _problem(after, path, f"this weakens the sandbox ({name}), which the spec alone does not")


def _values(before: Sandbox, after: Loaded) -> Iterator[Problem]:
    now = after.sandbox
    if _OPENNESS.index(now.network.mode) > _OPENNESS.index(before.network.mode):
        was, becomes = (each.network.name or each.network.mode for each in (before, now))
        yield _problem(after, ("spec", "network"), f"this opens the network: {was} → {becomes}")
    mounts = {mount.target: mount for mount in before.mounts}
    for index, mount in enumerate(now.mounts):
        was_mount = mounts.get(mount.target)
        match was_mount, mount:
            case (BindMount(read_only=True), BindMount(read_only=False)):
                yield _problem(after, ("spec", "mounts", index, "readOnly"), f"this makes {mount.target} writable")
            case (TmpfsMount(exec=False), TmpfsMount(exec=True)):
                yield _problem(after, ("spec", "mounts", index, "exec"), f"this makes {mount.target} executable")
            case _:
                pass


def _accepted(before: Sandbox, after: Loaded) -> Iterator[Problem]:
    for backend in BACKENDS:
        known = before.section(backend).accept
        for index, field in enumerate(after.sandbox.section(backend).accept):
            if field not in known:
                path = ("spec", backend, "accept", index)
                yield _problem(after, path, f"this accepts that {field} is weaker on {backend}")


def _problem(after: Loaded, path: Path, message: str, *, place: Range | None = None) -> Problem:
    where = place or after.source.range(path if after.source.written(path) else _cause(after, path))
    return Problem(
        code="overlay-weakens", message=message, path=path, range=where, severity=Severity.WARNING,
        line_text=after.source.line_text(where),
    )  # fmt: skip


def _cause(after: Loaded, path: Path) -> Path:
    """What decides of a default: the profile, where one is written."""
    return _PROFILE if after.source.written(_PROFILE) else path
