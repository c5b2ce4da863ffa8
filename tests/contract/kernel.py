"""What the host's kernel says about the limits of a process, on either version of cgroups. Root reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bytes, thousandths of a CPU, shares as cgroup v1 counts them. None is no limit."""

    memory: int | None
    swap: int | None
    reservation: int | None
    cpu: int | None
    shares: int
    pids: int | None
    cpuset: str


def limits(pid: int) -> Limits:
    """The limits that hold for this process of the host."""
    groups = dict(_group(line) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines())

    def read(controller: str, file: str) -> str:
        return (_ROOT / controller / groups[controller].lstrip("/") / file).read_text().strip()

    if "memory" in groups:
        return version_1(read)
    return version_2(lambda file: read("", file))


def _group(line: str) -> tuple[str, str]:
    _, controllers, path = line.split(":", 2)
    return ("cpu" if "cpu" in controllers.split(",") else controllers), path


def version_1(value: Callable[[str, str], str]) -> Limits:
    """Of what the files of each controller say."""
    memory = _bounded(value("memory", "memory.limit_in_bytes"))
    total = _bounded(value("memory", "memory.memsw.limit_in_bytes"))
    quota, period = int(value("cpu", "cpu.cfs_quota_us")), int(value("cpu", "cpu.cfs_period_us"))
    return Limits(
        memory=memory,
        swap=None if total is None or memory is None else total - memory,
        reservation=_bounded(value("memory", "memory.soft_limit_in_bytes")),
        cpu=None if quota < 0 else quota * 1000 // period,
        shares=int(value("cpu", "cpu.shares")),
        pids=_bounded(value("pids", "pids.max")),
        cpuset=value("cpuset", "cpuset.cpus"),
    )


def version_2(value: Callable[[str], str]) -> Limits:
    """Of what the files of the one hierarchy say."""
    quota, period = value("cpu.max").split()
    weight = int(value("cpu.weight"))
    return Limits(
        memory=_bounded(value("memory.max")),
        swap=_bounded(value("memory.swap.max")),
        reservation=_bounded(value("memory.low")) or None,
        cpu=None if quota == "max" else int(quota) * 1000 // int(period),
        shares=round(2 + (weight - 1) * 262142 / 9999),
        pids=_bounded(value("pids.max")),
        cpuset=value("cpuset.cpus"),
    )


def _bounded(text: str) -> int | None:
    """cgroup v1 writes `no limit` as the largest page-aligned number."""
    return None if text == "max" or int(text) >= 2**62 else int(text)
