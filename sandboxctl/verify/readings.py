"""What the facts of one source say of one promise. Pure; which source is believed is `judge`'s to say."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping

from sandboxctl.backends.base import Json
from sandboxctl.dataclass import dataclass
from sandboxctl.verify.controls import Promise
from sandboxctl.verify.facts import CAPABILITIES, Facts, MountPoint, Place, Task, capability_names

_PAGES = 65_536  # the largest page size that Linux has: limits are rounded to pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one source says of one control. `weaker`: less than expected, but nothing that anybody asked for."""

    actual: Json
    matches: bool
    weaker: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """This cannot be known here, by no source; why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKnows:
    """Nothing in the sandbox shows this: only the engine's own answer does."""


Answer = Reading | CannotTell | EngineKnows | None


def from_facts(promise: Promise, facts: Facts) -> Answer:
    """What the facts of one source say of a promise."""
    return EngineKnows() if promise.by_rule else _READERS[promise.family](promise, facts)


def _equal(promise: Promise, actual: Json, detail: str = "") -> Reading:
    return Reading(actual=actual, matches=actual == promise.expected or actual in promise.also, detail=detail)


def _each_task(
    promise: Promise, facts: Facts, value: Callable[[Task], Json], equal: Callable[[Json], bool] | None = None
) -> Answer:
    """What holds has to hold for pid 1 and for the sandbox's own process; the one that differs is shown."""
    values = [value(task) for task in facts.tasks]
    if not values or None in values:
        return None
    matches = equal or (lambda actual: actual == promise.expected)
    wrong = [each for each in values if not matches(each)]
    return Reading(actual=wrong[0] if wrong else values[0], matches=not wrong)


def _state(promise: Promise, facts: Facts) -> Answer:
    return _equal(promise, "running") if facts.running else None


def _user(promise: Promise, facts: Facts) -> Answer:
    return _each_task(promise, facts, lambda task: _one(task.users))


def _group(promise: Promise, facts: Facts) -> Answer:
    return _each_task(promise, facts, lambda task: _one(task.groups))


def _one(numbers: tuple[int, ...]) -> Json:
    """The id that real, effective, saved and file system id share, or all four."""
    return numbers[0] if len(set(numbers)) == 1 else list(numbers)


def _groups(promise: Promise, facts: Facts) -> Answer:
    # Engines list the primary group among the others since CVE-2022-36109.
    return _each_task(promise, facts, lambda task: list[Json](sorted(set(task.extra_groups) - {task.groups[0]})))


def _capabilities(promise: Promise, facts: Facts) -> Answer:
    if not facts.tasks or any(promise.subject not in task.capabilities for task in facts.tasks):
        return None
    return _each_task(promise, facts, lambda task: list[Json](capability_names(task.capabilities[promise.subject])))


def _no_new_privileges(promise: Promise, facts: Facts) -> Answer:
    return _each_task(promise, facts, lambda task: task.no_new_privileges)


def _seccomp(promise: Promise, facts: Facts) -> Answer:
    if facts.gvisor:
        return CannotTell(reason="gVisor answers system calls itself and shows no filter")
    words = {0: "off", 1: "strict", 2: "filter"}
    return _each_task(promise, facts, lambda task: None if task.seccomp is None else words.get(task.seccomp))


def _root_filesystem(promise: Promise, facts: Facts) -> Answer:
    root = _mount_at("/", facts)
    return None if root is None else _equal(promise, "read-only" if root.read_only else "writable")


def _mount_at(target: str, facts: Facts) -> MountPoint | None:
    found = [mount for mount in facts.mounts or () if mount.target == target]
    return found[-1] if found else None


def _covering(path: str, facts: Facts) -> MountPoint | None:
    """The mount that a path lies on: of the longest targets the last."""
    found = [mount for mount in facts.mounts or () if _below(path, mount.target)]
    return max(reversed(found), key=lambda mount: len(mount.target), default=None)


def _below(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _mount(promise: Promise, facts: Facts) -> Answer:
    if facts.mounts is None or not isinstance(promise.expected, dict):
        return None
    place = facts.places.get(promise.subject, Place())
    path = place.path or promise.subject
    is_file = "mode" in promise.expected and "type" not in promise.expected
    mount = _covering(path, facts) if is_file else _mount_at(path, facts)
    if mount is None or not place.exists:
        # Without the real path it may be there behind a link, which another source can follow.
        return Reading(actual=None, matches=False, detail="nothing is mounted there") if place.path else None
    actual = _mount_parts(mount, place, facts)
    untold = _untold(mount, facts)
    told = {part: wanted for part, wanted in promise.expected.items() if part not in untold}
    if any(actual[part] is None for part in told):
        return None
    wrong = {part for part, wanted in told.items() if not _same_part(part, wanted, actual[part])}
    only_mode = wrong == {"mode"} and _only_lets_others(promise.expected["mode"], actual["mode"])
    too_large = "size" in wrong and not _smaller(actual["size"], promise.expected["size"])
    loose = bool(wrong) and (only_mode or (wrong <= promise.loose and not too_large))
    detail = f"differs in {', '.join(sorted(wrong))}" if wrong else ""
    if len(told) < len(promise.expected) and not wrong:
        detail = f"gVisor's own table of mounts does not tell {', '.join(untold[part] for part in untold)}"
    if "mode" in wrong:
        detail += ": older runtimes keep the mode that the image's own directory has"
    return Reading(actual={part: actual[part] for part in told}, matches=not wrong, weaker=loose, detail=detail)


def _untold(mount: MountPoint, facts: Facts) -> Mapping[str, str]:
    """What gVisor takes of a mount and does not show, by part (releases 20221219 and 20260905)."""
    if not facts.gvisor:
        return {}
    behind_its_gofer = {"type": "the type", "exec": "noexec"} if mount.kind == "9p" else {}
    return {**behind_its_gofer, "suid": "nosuid", "dev": "nodev"}


def _mount_parts(mount: MountPoint, place: Place, facts: Facts) -> dict[str, Json]:
    read_only = mount.read_only and not _writable_mount_below(mount.target, facts)
    has_ids = place.user is not None and place.group is not None
    return {
        "type": mount.kind,
        "readOnly": read_only,
        "exec": "noexec" not in mount.options,
        "suid": "nosuid" not in mount.options,
        "dev": "nodev" not in mount.options,
        "size": place.size if mount.kind == "9p" else (-1 if mount.size is None else mount.size),
        "owner": f"{place.user}:{place.group}" if has_ids else None,
        "mode": None if place.mode is None else f"{stat.S_IMODE(place.mode):04o}",
        "writable": False if mount.read_only else _writable(place, facts),
    }


def _writable_mount_below(target: str, facts: Facts) -> bool:
    """Engines that bind recursively, but read-only only at the top, leave what is mounted below writable."""
    ours = {target, *facts.places, *(place.path for place in facts.places.values())}
    below = (mount for mount in facts.mounts or () if mount.target not in ours and _below(mount.target, target))
    return any(not mount.read_only for mount in below)


def _writable(place: Place, facts: Facts) -> bool | None:
    """As the kernel would decide for the sandbox's own process; access lists are not looked at."""
    if place.writable is not None:
        return place.writable
    if place.mode is None or not facts.tasks:
        return None
    task = facts.tasks[-1]
    if task.capabilities.get("effective", 0) >> CAPABILITIES.index("DAC_OVERRIDE") & 1:
        return True
    if task.users[-1] == place.user:
        return bool(place.mode & stat.S_IWUSR)
    if place.group in (task.groups[-1], *task.extra_groups):
        return bool(place.mode & stat.S_IWGRP)
    return bool(place.mode & stat.S_IWOTH)


def _same_part(part: str, wanted: Json, actual: Json) -> bool:
    if part == "size" and isinstance(wanted, int) and isinstance(actual, int):
        return 0 <= actual - wanted < _PAGES  # a tmpfs is rounded up to pages
    return actual == wanted


def _smaller(actual: Json, wanted: Json) -> bool:
    return isinstance(actual, int) and isinstance(wanted, int) and 0 <= actual < wanted


def _only_lets_others(wanted: Json, actual: Json) -> bool:
    """Whether a mode differs from the default one in nothing but what group and others may do."""
    return wanted == "0700" and isinstance(actual, str) and int(actual, 8) & 0o700 == 0o700


def _memory(promise: Promise, facts: Facts) -> Answer:
    return _bytes(promise, facts.cgroup.memory)


def _swap(promise: Promise, facts: Facts) -> Answer:
    if facts.cgroup.memory is not None and facts.cgroup.swap is None:
        return CannotTell(reason="this kernel keeps no account of swap")
    return _bytes(promise, facts.cgroup.swap)


def _bytes(promise: Promise, actual: int | None) -> Answer:
    if actual is None or not isinstance(promise.expected, int):
        return None
    return Reading(actual=actual, matches=0 <= promise.expected - actual < _PAGES and actual >= 0)


def _cpu(promise: Promise, facts: Facts) -> Answer:
    return None if facts.cgroup.cpu is None else _equal(promise, facts.cgroup.cpu)


def _pids(promise: Promise, facts: Facts) -> Answer:
    return None if facts.cgroup.pids is None else _equal(promise, facts.cgroup.pids)


def _ulimit(promise: Promise, facts: Facts) -> Answer:
    def limit(task: Task) -> Json:
        found = task.limits.get(promise.subject)
        return None if found is None else {"soft": found.soft, "hard": found.hard}

    return _each_task(promise, facts, limit)


def _namespace(promise: Promise, facts: Facts) -> Answer:
    sharing = facts.namespaces.get(promise.subject)
    return None if sharing is None else _equal(promise, sharing)


def _network(promise: Promise, facts: Facts) -> Answer:
    """No interface but loopback is `none`. Which of several networks it is on, only the engine knows."""
    if facts.interfaces is None:
        return None
    detail = f"interfaces: {' '.join(facts.interfaces)}"
    if facts.namespaces.get("net") == "host":
        return _equal(promise, "host", detail)
    if set(facts.interfaces) <= {"lo"}:
        return _equal(promise, "none", detail)
    if promise.expected in ("none", "host"):
        return Reading(actual="bridge", matches=False, detail=detail)
    return _equal(promise, "bridge", detail) if promise.expected == "bridge" else EngineKnows()


def _hostname(promise: Promise, facts: Facts) -> Answer:
    return None if facts.hostname is None else _equal(promise, facts.hostname)


def _init(promise: Promise, facts: Facts) -> Answer:
    return None if facts.init is None else _equal(promise, facts.init)


def _runtime(promise: Promise, facts: Facts) -> Answer:
    """gVisor is told by its kernel or its program; what another name stands for only the engine knows."""
    if facts.gvisor is None:
        return None
    if promise.expected not in ("gvisor", "runsc"):
        return EngineKnows()
    return Reading(actual="gvisor" if facts.gvisor else "the host's kernel", matches=facts.gvisor)


def _device(promise: Promise, facts: Facts) -> Answer:
    """The node, and on cgroup v1 what may be done with it (v2 keeps that in a program nobody can read)."""
    place = facts.places.get(promise.subject)
    if place is None:
        return None
    if not place.exists:
        return Reading(actual=None, matches=False, detail="no such device")
    if place.device is None or place.mode is None or facts.cgroup.devices is None:
        return EngineKnows() if facts.cgroup.devices is None else None
    kind = "b" if stat.S_ISBLK(place.mode) else "c"
    major, minor = place.device
    names = {"a *:*", f"{kind} *:*", f"{kind} {major}:*", f"{kind} {major}:{minor}"}
    rules = (rule.rpartition(" ") for rule in facts.cgroup.devices)
    granted = {letter for device, _, letters in rules if device in names for letter in letters}
    return _equal(promise, {"permissions": "".join(sorted(granted - {"m"}))})


def _engine_socket(promise: Promise, facts: Facts) -> Answer:
    if facts.sockets is None:
        return None
    return _equal(promise, list[Json](facts.sockets) if facts.sockets else "absent")


def _service_account_token(promise: Promise, facts: Facts) -> Answer:
    return None if facts.token is None else _equal(promise, "present" if facts.token else "absent")


_READERS: Mapping[str, Callable[[Promise, Facts], Answer]] = {
    "state": _state,
    "user": _user,
    "group": _group,
    "groups": _groups,
    "capabilities": _capabilities,
    "no-new-privileges": _no_new_privileges,
    "seccomp": _seccomp,
    "root-filesystem": _root_filesystem,
    "mount": _mount,
    "memory": _memory,
    "swap": _swap,
    "cpu": _cpu,
    "pids": _pids,
    "ulimit": _ulimit,
    "namespace": _namespace,
    "network": _network,
    "hostname": _hostname,
    "init": _init,
    "runtime": _runtime,
    "device": _device,
    "engine-socket": _engine_socket,
    "service-account-token": _service_account_token,
}
