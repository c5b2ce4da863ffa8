"""Looks at a live sandbox through the host's own kernel. Knows no engine and judges nothing.

A process that vanishes, or that we may not look at, is a text that is missing, never an error: the next source is
asked then.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandboxctl.verify.facts import NAMESPACES, Texts, is_gvisor, is_init, parse_mountinfo

SOCKET_DIRECTORIES = ("/run", "/var/run")
SOCKETS = ("docker.sock", "podman/podman.sock", "podman.sock", "containerd/containerd.sock", "containerd.sock",
           "crio/crio.sock", "run/docker.sock", "var/run/docker.sock")  # fmt: skip
TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105  (a path)
CGROUP_FILES = ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "cpu.cfs_quota_us", "cpu.cfs_period_us",
                "pids.max", "memory.max", "memory.swap.max", "cpu.max", "devices.list")  # fmt: skip

_CHILD_SECONDS = 1.0  # how long an init may take to start its child
_PROGRAM_SECONDS = 1.0  # how long a runtime may take to give way to the sandbox's program
_RUNTIMES = ("runc", "crun")
_CLONE_NEWUTS = 0x04000000
_LINKS_AT_MOST = 40
_OF_THE_SANDBOX = "cg/", "net/dev", "view", "1/exe", "1/own", "1/cmdline", "1/stat"


def kernel(pid: int, container: str, targets: Iterable[str]) -> dict[str, str] | None:
    """What this host's kernel says of the container with pid 1 `pid`; None where that is not the container's process.

    A pid from a virtual machine or a nested engine is somebody else's process here: it is believed only if its control
    group carries the container's id, and if its start time is the same before and after.
    """
    process = Path("/proc") / str(pid)
    before = _started(process)
    cgroup = _text(process / "cgroup")
    if before is None or cgroup is None or not container or container not in cgroup:
        return None
    _await_program(process)
    texts = dict(_process_texts(process))
    texts |= {f"cg/{name}": text for name, text in _cgroup_texts(cgroup, container)}
    if is_gvisor(texts):  # its process on the host is gVisor's own, not the sandbox's
        texts = {key: text for key, text in texts.items() if key.startswith(_OF_THE_SANDBOX)}
    else:
        texts |= _child_texts(process, texts)
        texts |= tree_texts(process / "root", targets)
        hostname = _hostname(pid)
        if hostname is not None:
            texts["hostname"] = hostname
    return texts if _started(process) == before else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="surrogateescape")
    except OSError:
        return None


def _link(path: Path) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _started(process: Path) -> str | None:
    """Field 22 of stat; the name in field 2 may hold anything, also spaces and brackets."""
    words = (_text(process / "stat") or "").rpartition(")")[2].split()
    return words[19] if len(words) > 19 else None


def _process_texts(process: Path) -> Iterator[tuple[str, str]]:
    yield "view", "host"
    names = {"1/status": "status", "1/limits": "limits", "1/stat": "stat", "1/cmdline": "cmdline"}
    names |= {name: name for name in ("mountinfo", "uid_map", "gid_map", "net/dev")}
    for key, name in names.items():
        text = _text(process / name)
        if text is not None:
            yield key, text
    program = _link(process / "exe")
    if program is not None:
        yield "1/exe", program
        if _is_on_own_mount(process):
            yield "1/own", "yes"
    outside = _engine_process(process)
    for kind in NAMESPACES:
        own, host = _link(process / "ns" / kind), _link(outside / "ns" / kind)
        if own is not None and host is not None:
            yield f"ns/{kind}", own
            yield f"host-ns/{kind}", host


def _is_on_own_mount(process: Path) -> bool:
    """Whether the program lies on a file system that the process can see: an engine's or runtime's own does not."""
    try:
        device = os.stat(process / "exe").st_dev
    except OSError:
        return True
    here = f"{os.major(device)}:{os.minor(device)}"
    return any(line.split(" ")[2:3] == [here] for line in (_text(process / "mountinfo") or "").splitlines())


def _engine_process(process: Path) -> Path:
    """The parent of pid 1 is the engine's own (shim or monitor), so it is where `host` is; else we are."""
    words = (_text(process / "stat") or "").rpartition(")")[2].split()
    parent = Path("/proc") / (words[1] if len(words) > 1 else "self")
    return parent if _link(parent / "ns" / "net") is not None else Path("/proc/self")


def _await_program(process: Path) -> None:
    """An engine says `running` when its runtime was told to go on; for a moment pid 1 is still `runc init`."""
    until = time.monotonic() + _PROGRAM_SECONDS
    while time.monotonic() < until:
        program, *words = (_text(process / "cmdline") or "").split("\0")
        started = program.rpartition("/")[2] not in _RUNTIMES or not {"init", "create"} & set(words)
        if program and started:  # while one program replaces another there is none
            return
        time.sleep(0.01)


def _child_texts(process: Path, texts: Texts) -> dict[str, str]:
    """The sandbox's own process, where pid 1 is an init; waits until it is there."""
    if not is_init(texts):
        return {}
    until = time.monotonic() + _CHILD_SECONDS
    while True:
        children = _text(process / "task" / process.name / "children") or ""
        for child in children.split()[:1]:
            own = {f"2/{name}": _text(Path("/proc") / child / name) for name in ("status", "limits")}
            return {key: text for key, text in own.items() if text is not None}
        if time.monotonic() >= until or not process.exists():
            return {}
        time.sleep(0.01)


def _cgroup_texts(cgroup: str, container: str) -> Iterator[tuple[str, str]]:
    directories = list(_cgroup_directories(cgroup, container))
    for name in CGROUP_FILES:
        for directory in directories:
            text = _text(directory / name)
            if text is not None:
                yield name, text
                if text.strip() not in ("max", "-1"):  # else an outer group of the container may say more
                    break


def _cgroup_directories(cgroup: str, container: str) -> Iterator[Path]:
    """The container's groups, innermost first, where this host has them mounted: v1, v2, or both."""
    mounts = parse_mountinfo(_text(Path("/proc/self/mountinfo")) or "")
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        for mount in mounts:
            right = mount.kind == "cgroup" and controllers.split(",")[0] in mount.super_options
            if not (right or (mount.kind == "cgroup2" and not controllers)) or not path.startswith(mount.root):
                continue
            inner = Path(mount.target, path.removeprefix(mount.root).lstrip("/"))
            yield from (each for each in (inner, *inner.parents) if container in str(each))
            break


def tree_texts(root: Path, targets: Iterable[str]) -> dict[str, str]:
    """What is at the targets, and where an engine's socket or a token lies; nothing where we may not look in."""
    try:
        os.stat(root / ".")
    except OSError:
        return {}
    texts = {f"place:{target}": _place(root, target) for target in targets}
    directories = (*SOCKET_DIRECTORIES, *targets)
    candidates = (f"{directory.rstrip('/')}/{name}" for directory in directories for name in SOCKETS)
    found = {path for path in (*candidates, *targets) if _is_socket(root, path)}
    texts["sockets"] = "\n".join(sorted(found))
    texts["token"] = TOKEN if resolve(root, TOKEN) is not None else ""
    return texts


def _place(root: Path, target: str) -> str:
    found = resolve(root, target)
    if found is None:
        return "absent"
    real, status = found
    device = f"{os.major(status.st_rdev):x}:{os.minor(status.st_rdev):x}"
    return f"stat {status.st_uid} {status.st_gid} {status.st_mode:x} {device}\npath {real}"


def _is_socket(root: Path, path: str) -> bool:
    found = resolve(root, path)
    return found is not None and stat.S_ISSOCK(found[1].st_mode)


def resolve(root: Path, path: str) -> tuple[str, os.stat_result] | None:
    """Where a path of the sandbox leads, and what is there. Links are followed by hand: the kernel would follow an
    absolute one to the host's own root."""
    waiting, real = [part for part in path.split("/") if part][::-1], Path("/")
    links = 0
    try:
        while waiting:
            part = waiting.pop()
            if part == "..":
                real = real.parent
                continue
            here = real / part
            link = _link(root / here.relative_to("/"))
            if link is None:
                real = here
                continue
            links += 1
            if links > _LINKS_AT_MOST:
                return None
            real = Path("/") if link.startswith("/") else real
            waiting += [each for each in link.split("/") if each not in ("", ".")][::-1]
        return str(real), os.lstat(root / real.relative_to("/"))
    except OSError:
        return None


def _hostname(pid: int) -> str | None:
    """The node name in the sandbox's UTS namespace, seen by a thread that joins it and ends."""
    import ctypes

    names: list[str] = []

    def look() -> None:
        try:
            namespace = os.open(f"/proc/{pid}/ns/uts", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return
        try:
            # os.setns is there from Python 3.12 on
            if ctypes.CDLL(None, use_errno=True).setns(namespace, _CLONE_NEWUTS) == 0:
                names.append(os.uname().nodename)
        finally:
            os.close(namespace)

    thread = threading.Thread(target=look, name="uts")
    thread.start()
    thread.join()
    return names[0] if names else None
