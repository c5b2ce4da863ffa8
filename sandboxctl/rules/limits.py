"""Rules about resources: the least that engines accept, and what must not exceed what."""

from __future__ import annotations

from sandboxctl.problems import Path, dotted
from sandboxctl.quantity import format_bytes, format_cpu
from sandboxctl.rules.case import Case, rule

_RESOURCES: Path = ("spec", "resources")
_LEAST_MEMORY = 16 * 2**20
_LEAST_CPU = 10  # milli-CPU: Docker's own floor
_MOST_CPU = 1_000_000
_LEAST_SHM = 4096
_MOST_PIDS = 4_194_304  # the kernel's PID_MAX_LIMIT on 64 bits
_UNLIMITED = (0, -1)  # what engines take for that
_SHARES = (2, 262_144)  # the kernel's range of cpu.shares


def floors(case: Case) -> None:
    """Below these an engine refuses, or takes the number for "no limit"."""
    resources = case.sandbox.resources
    least = (
        ("memory", resources.memory, resources.memory < _LEAST_MEMORY, "at least 16Mi: below that nothing starts"),
        ("cpu", resources.cpu, not _LEAST_CPU <= resources.cpu <= _MOST_CPU, "from 10m to 1000"),
        ("pids", resources.pids, not 1 <= resources.pids <= _MOST_PIDS, f"from 1 to {_MOST_PIDS}"),
        ("shm", resources.shm, resources.shm < _LEAST_SHM, "at least 4Ki: 0 is the engine's own default"),
        ("cpuShares", resources.cpu_shares, not _in_range(resources.cpu_shares), "from 2 to 262144"),
        ("disk", resources.disk, resources.disk == 0, "more than 0"),
    )
    for key, number, wrong, expected in least:
        if wrong:
            hint = "there is no word for no limit: left out, it is the default" if number in _UNLIMITED else None
            message = f"resources.{key} must be {expected}"
            case.findings.error("limit-out-of-range", (*_RESOURCES, key), message, hint=hint)


def _in_range(shares: int | None) -> bool:
    return shares is None or _SHARES[0] <= shares <= _SHARES[1]


def requests(case: Case) -> None:
    """What is asked for is not more than what may be had."""
    resources = case.sandbox.resources
    wanted = resources.requests
    if wanted.cpu is not None and wanted.cpu > resources.cpu:
        _judge_request(case, "cpu", format_cpu(wanted.cpu), format_cpu(resources.cpu))
    if wanted.memory is not None and wanted.memory > resources.memory:
        _judge_request(case, "memory", format_bytes(wanted.memory), format_bytes(resources.memory))
    if wanted.cpu is not None and resources.cpu_shares is not None:
        message = "resources.cpuShares: resources.requests.cpu sets the shares already"
        case.findings.error("shares-twice", (*_RESOURCES, "cpuShares"), message, hint="remove one of the two")


def _judge_request(case: Case, key: str, wanted: str, limit: str) -> None:
    path: Path = (*_RESOURCES, "requests", key)
    message = f"{dotted(path)}: {wanted} is more than the limit, resources.{key}: {limit}"
    case.findings.error("request-over-limit", path, message, hint="lower the request or raise the limit")


RULES = (
    rule(floors),
    rule(requests, "resources.cpu", "resources.memory", "resources.requests", "resources.cpuShares"),
)
