"""`spec.resources`: quantities and kernel limits. What they may be together is for `rules`."""

from __future__ import annotations

import re

from sandboxctl.decode.value import Value
from sandboxctl.linux import ULIMITS, ulimit_name
from sandboxctl.problems import dotted, suggestion
from sandboxctl.quantity import parse_bytes, parse_cpu
from sandboxctl.spec import Requests, Resources, Ulimit

_CPUSET = re.compile(r"[0-9]{1,4}(?:-[0-9]{1,4})?(?:,[0-9]{1,4}(?:-[0-9]{1,4})?)*")
_DEFAULT = Resources()
_LARGEST = 2**63 - 1


def resources(value: Value) -> Resources:
    """Limits, each with its default."""
    requests = value.at("requests")
    return Resources(
        cpu=value.at("cpu").parsed(parse_cpu, _DEFAULT.cpu),
        memory=value.at("memory").parsed(parse_bytes, _DEFAULT.memory),
        swap=value.at("swap").parsed(parse_bytes, _DEFAULT.swap),
        pids=value.at("pids").integer(_DEFAULT.pids),
        requests=Requests(
            cpu=requests.at("cpu").parsed(parse_cpu, None),
            memory=requests.at("memory").parsed(parse_bytes, None),
        ),
        cpu_shares=value.at("cpuShares").integer(None),
        cpuset=_cpuset(value.at("cpuset")),
        shm=value.at("shm").parsed(parse_bytes, _DEFAULT.shm),
        disk=value.at("disk").parsed(parse_bytes, None),
        gpus=_gpus(value.at("gpus")),
        scratch=value.at("scratch").parsed(parse_bytes, _DEFAULT.scratch),
        ulimits=_ulimits(value.at("ulimits")),
    )


def _gpus(value: Value) -> int | str | None:
    count = value.integer(value.optional())
    if count not in (None, "all") and not (isinstance(count, int) and count > 0):
        value.error("gpus", "resources.gpus must be a number of GPUs from 1, or all")
    return count


def _cpuset(value: Value) -> str | None:
    if not value.written:
        return None
    text = str(value.raw)  # `cpuset: 0` is one CPU
    if not _CPUSET.fullmatch(text):
        value.error("cpuset", "resources.cpuset must list CPUs", hint='write it as in "0-3" or "0,2"')
    elif any(int(first) > int(last) for first, dash, last in (part.partition("-") for part in text.split(",")) if dash):
        value.error("cpuset", "resources.cpuset: a range begins with its smaller number", hint='as in "0-3"')
    return text


def _ulimits(value: Value) -> dict[str, Ulimit]:
    """Those written, over the defaults."""
    limits = dict(_DEFAULT.ulimits)
    spelled: dict[str, str] = {}
    for written, child in value.entries():
        name = ulimit_name(written)
        if name not in ULIMITS:
            near = suggestion(name, ULIMITS)
            child.error(
                "unknown-ulimit",
                f"{dotted(child.path)}: there is no such limit",
                hint=f"did you mean `{near}`?" if near else f"the limits are {', '.join(ULIMITS)}",
                key=True,
            )
        elif name in spelled:
            message = f"resources.ulimits.{written} and {spelled[name]} mean one limit"
            child.error("ulimit-twice", message, hint="remove one of them", key=True)
        else:
            spelled[name] = written
            limits[name] = _ulimit(child)
    return limits


def _ulimit(value: Value) -> Ulimit:
    """One number for both, or each by itself; -1 is unlimited."""
    both = value.integer(None)
    soft = value.at("soft").integer(0) if both is None else both
    hard = value.at("hard").integer(0) if both is None else both
    name = dotted(value.path)
    if max(soft, hard) > _LARGEST:
        value.error("ulimit", f"{name}: a limit is at most {_LARGEST}", hint="-1 is none")
    elif min(soft, hard) < -1:
        value.error("ulimit", f"{name}: a limit is 0 or more, or -1 for none")
    elif hard != -1 and (soft == -1 or soft > hard):
        value.error("ulimit", f"{name}: the soft limit {soft} is above the hard limit {hard}")
    return Ulimit(soft=soft, hard=hard)
