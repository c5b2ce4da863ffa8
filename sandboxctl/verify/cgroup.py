"""The limits of control groups, from the texts of their files, v1 or v2. Pure; knows no paths."""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.dataclass import dataclass

UNLIMITED = -1
_NO_LIMIT_V1 = 2**62  # v1 writes its largest page count instead of a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Cgroup:
    """The limits of the control groups, v1 or v2; UNLIMITED for none, None for unknown. `swap` is without memory."""

    memory: int | None = None
    swap: int | None = None
    cpu: int | None = None  # thousandths
    pids: int | None = None
    devices: tuple[str, ...] | None = None  # v1 only: `c 10:229 rwm`


def parse_cgroup(files: Mapping[str, str]) -> Cgroup:
    """The limits from the files of v1 (`memory.limit_in_bytes`, …) or v2 (`memory.max`, …)."""
    memory = _number(files, "memory.max", "memory.limit_in_bytes")
    devices = files.get("devices.list")
    return Cgroup(
        memory=memory,
        swap=_swap(files, memory),
        cpu=_cpu(files),
        pids=_number(files, "pids.max"),
        devices=tuple(devices.splitlines()) if devices is not None else None,
    )


def _number(files: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        word = files.get(name, "").strip()
        if word:
            value = limit(word)
            return UNLIMITED if value >= _NO_LIMIT_V1 else value
    return None


def _swap(files: Mapping[str, str], memory: int | None) -> int | None:
    """v2 counts swap by itself, v1 together with memory."""
    if "memory.swap.max" in files:
        return _number(files, "memory.swap.max")
    both = _number(files, "memory.memsw.limit_in_bytes")
    if both is None or memory is None:
        return None
    return UNLIMITED if UNLIMITED in (both, memory) else both - memory


def _cpu(files: Mapping[str, str]) -> int | None:
    words = files.get("cpu.max") or f"{files.get('cpu.cfs_quota_us', '')} {files.get('cpu.cfs_period_us', '')}"
    parts = words.split()
    if len(parts) != 2:
        return None
    quota, period = limit(parts[0]), int(parts[1])
    return UNLIMITED if quota < 0 or period <= 0 else quota * 1000 // period


def limit(word: str) -> int:
    """A number, or UNLIMITED for the kernel's words for it."""
    return UNLIMITED if word in ("unlimited", "max") else int(word)
