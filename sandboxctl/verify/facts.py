"""What a live sandbox is, read from the kernel's own texts (/proc, cgroup files). Pure: texts in, `Facts` out.

Every source of evidence delivers the same `Texts`; which of them is believed, and what was promised, is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from sandboxctl.dataclass import dataclass, field
from sandboxctl.spec import Ulimit
from sandboxctl.verify.cgroup import Cgroup, limit, parse_cgroup

Texts = Mapping[str, str]
"""Texts by key.

- `1/…` is the sandbox's pid 1, `2/…` its own process where pid 1 is an init: `status limits stat cmdline exe`
- `mountinfo uid_map gid_map net/dev hostname version` as in /proc, `cg/<file>` a control group's
- `ns/<kind>`, `host-ns/<kind>`: links; `view` is `host` where ids are the host's
- `place:<target>`: lines `stat UID GID MODE MAJOR:MINOR` (the last three in hex), `size BLOCK BLOCKS`, `path REAL`,
  `writable yes`, `absent`
- `sockets`, `token`: the paths that exist
- `1/own`: the program of pid 1 lies on a file system of the sandbox's, so it is no runtime's
- `reaper`: pid 1 is another container's, and `1/…` the sandbox's own process
"""

CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip
"""By bit, as in the kernel's `linux/capability.h`."""

NAMESPACES = ("pid", "ipc", "net", "mnt", "uts", "cgroup", "user")
Sharing = Literal["own", "host"]

_CAPABILITY_SETS = {"CapEff": "effective", "CapPrm": "permitted", "CapInh": "inheritable", "CapBnd": "bounding",
                    "CapAmb": "ambient"}  # fmt: skip
_LIMITS = {
    "core": "core file size", "cpu": "cpu time", "data": "data size", "fsize": "file size", "locks": "file locks",
    "memlock": "locked memory", "msgqueue": "msgqueue size", "nice": "nice priority", "nofile": "open files",
    "nproc": "processes", "rss": "resident set", "rtprio": "realtime priority", "rttime": "realtime timeout",
    "sigpending": "pending signals", "stack": "stack size", "as": "address space",
}  # fmt: skip
_LIMIT_LINE = re.compile(r"Max (.+?)\s{2,}(unlimited|\d+)\s+(unlimited|\d+)(?:\s|$)")
_SOCKET_NAMES = {"docker.sock", "podman.sock", "containerd.sock", "crio.sock"}
_INITS = ("docker-init", "podman-init", "init", "tini", "catatonit")
# The numbers of the initial namespaces are part of the kernel's interface (linux/proc_ns.h); net and mnt have none on
# older kernels.
_INITIAL = {"ipc": 0xEFFFFFFF, "uts": 0xEFFFFFFE, "user": 0xEFFFFFFD, "pid": 0xEFFFFFFC, "cgroup": 0xEFFFFFFB}
_WHOLE_MAP = ["0", "0", "4294967295"]
GVISOR_BUILD = "#1 SMP Sun Jan 10 15:06:54 PST 2016"  # of each release, behind 4.4.0 (2022) and 4.19.0-gvisor (2026)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One process. Ids are real, effective, saved and file system ones, as the sandbox sees them."""

    users: tuple[int, ...]
    groups: tuple[int, ...]
    extra_groups: tuple[int, ...] = ()
    capabilities: Mapping[str, int] = field(default_factory=dict)  # masks by set: `effective`, …
    no_new_privileges: bool | None = None
    seccomp: int | None = None  # 0 off, 1 strict, 2 filter
    limits: Mapping[str, Ulimit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MountPoint:
    """One line of mountinfo: options of the mount and of its file system."""

    target: str
    kind: str
    options: frozenset[str]
    super_options: Mapping[str, str]
    root: str = "/"

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written through it."""
        return "ro" in self.options or "ro" in self.super_options

    @property
    def size(self) -> int | None:
        """Of a tmpfs, in bytes; None where it has no limit of its own."""
        match = re.fullmatch(r"(\d+)([kmg]?)", self.super_options.get("size", ""))
        return int(match[1]) * {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}[match[2]] if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is at a path of the sandbox; None is what nobody looked at.

    `path` is where it leads without links, `mode` holds the file's type too.
    """

    exists: bool = True
    path: str | None = None
    user: int | None = None
    group: int | None = None
    mode: int | None = None
    device: tuple[int, int] | None = None
    writable: bool | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that one source knows; None or absent is what it does not know."""

    running: bool = False
    tasks: tuple[Task, ...] = ()  # pid 1, then the sandbox's own process
    init: bool | None = None
    mounts: tuple[MountPoint, ...] | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    cgroup: Cgroup = field(default_factory=Cgroup)
    namespaces: Mapping[str, Sharing] = field(default_factory=dict)
    interfaces: tuple[str, ...] | None = None
    hostname: str | None = None
    sockets: tuple[str, ...] | None = None
    token: bool | None = None
    gvisor: bool | None = None


def facts(texts: Texts) -> Facts:
    """Everything that can be read from these texts; one that is missing is just not known.

    Where one is not in the kernel's form, whoever gave them made them up: then nothing is known.
    """
    try:
        return _facts(texts)
    except ValueError:
        return Facts()


def _facts(texts: Texts) -> Facts:
    init = is_init(texts)
    mounts = parse_mountinfo(texts["mountinfo"]) if texts.get("mountinfo") else None
    return Facts(
        running=texts.get("1/stat", "").rpartition(")")[2].split()[:1] not in ([], ["Z"], ["X"]),
        tasks=_tasks(texts, init=bool(init)),
        init=True if "reaper" in texts else init,
        mounts=mounts,
        places={
            key.partition(":")[2]: parse_place(text, _mappers(texts))
            for key, text in texts.items()
            if key.startswith("place:")
        },
        cgroup=parse_cgroup({key[3:]: text for key, text in texts.items() if key.startswith("cg/")}),
        namespaces=_namespaces(texts),
        interfaces=parse_interfaces(texts["net/dev"]) if "net/dev" in texts else None,
        hostname=texts.get("hostname", "").strip() or None,
        sockets=_sockets(texts["sockets"], mounts or ()) if "sockets" in texts else None,
        token=bool(texts["token"].strip()) if "token" in texts else None,
        gvisor=is_gvisor(texts),
    )


def _sockets(found: str, mounts: tuple[MountPoint, ...]) -> tuple[str, ...]:
    """Those that exist, and what is mounted under or from an engine's socket name: it may just not be there yet."""
    mounted = {mount.target for mount in mounts if {_name(mount.target), _name(mount.root)} & _SOCKET_NAMES}
    return tuple(sorted({*filter(None, found.splitlines()), *mounted}))


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def is_gvisor(texts: Texts) -> bool | None:
    """Whether the sandbox runs on gVisor's kernel: by its version inside, outside by the program that pid 1 is, which
    has to be none of the sandbox's own files."""
    if "version" in texts:
        return texts["version"].rstrip().endswith(GVISOR_BUILD)
    if not texts.get("1/exe"):
        return None  # what a process calls itself is its own word
    return _name(texts["1/exe"]).startswith("runsc") and "1/own" not in texts


def is_init(texts: Texts) -> bool | None:
    """Whether pid 1 is an init that the engine put there: `/sbin/docker-init -- sleep infinity`."""
    arguments = texts.get("1/cmdline", "").split("\0")
    if not arguments[0] or (texts.get("view") == "host" and is_gvisor(texts)):
        return None
    program = texts.get("1/exe") or arguments[0]
    return _name(program) in _INITS and "--" in arguments[1:]


def _tasks(texts: Texts, *, init: bool) -> tuple[Task, ...]:
    found = []
    for number in ("1", "2") if init else ("1",):
        if not texts.get(f"{number}/status"):
            return ()  # an init without its child says nothing about the sandbox's process
        task = parse_status(texts[f"{number}/status"], texts.get(f"{number}/limits", ""), _mappers(texts))
        if task is None:
            return ()
        found.append(task)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappers:
    """From ids of the host to ids of the sandbox: lines of (inside, outside, count); empty is identity."""

    users: tuple[tuple[int, int, int], ...] = ()
    groups: tuple[tuple[int, int, int], ...] = ()


def _mappers(texts: Texts) -> Mappers:
    if texts.get("view") != "host":
        return Mappers()
    return Mappers(users=_id_map(texts.get("uid_map", "")), groups=_id_map(texts.get("gid_map", "")))


def _id_map(text: str) -> tuple[tuple[int, int, int], ...]:
    rows = (tuple(map(int, line.split())) for line in text.splitlines() if line.strip())
    return tuple((row[0], row[1], row[2]) for row in rows if len(row) == 3)


def _inside(number: int, rows: tuple[tuple[int, int, int], ...]) -> int:
    for inside, outside, count in rows:
        if outside <= number < outside + count:
            return number - outside + inside
    return number


def parse_status(status: str, limits: str = "", mappers: Mappers | None = None) -> Task | None:
    """A task from /proc/<pid>/status and limits; None where there are no ids in it."""
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if not lines.get("Uid", "").strip() or not lines.get("Gid", "").strip():
        return None
    maps = mappers or Mappers()
    return Task(
        users=tuple(_inside(int(word), maps.users) for word in lines["Uid"].split()),
        groups=tuple(_inside(int(word), maps.groups) for word in lines["Gid"].split()),
        extra_groups=tuple(_inside(int(word), maps.groups) for word in lines.get("Groups", "").split()),
        capabilities={name: int(lines[word], 16) for word, name in _CAPABILITY_SETS.items() if word in lines},
        no_new_privileges=lines["NoNewPrivs"].strip() == "1" if "NoNewPrivs" in lines else None,
        seccomp=int(lines["Seccomp"]) if "Seccomp" in lines else None,
        limits=parse_limits(limits),
    )


def capability_names(mask: int) -> tuple[str, ...]:
    """0x1400 → (`NET_ADMIN`, `NET_BIND_SERVICE`); a bit that is newer than this table keeps its number."""
    bits = (bit for bit in range(mask.bit_length()) if mask >> bit & 1)
    return tuple(sorted(CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"BIT_{bit}" for bit in bits))


def parse_limits(text: str) -> dict[str, Ulimit]:
    """/proc/<pid>/limits by the name that a ulimit has in the spec."""
    rows = {match[1]: match for match in map(_LIMIT_LINE.match, text.splitlines()) if match}
    return {
        name: Ulimit(soft=limit(rows[words][2]), hard=limit(rows[words][3]))
        for name, words in _LIMITS.items()
        if words in rows
    }


def parse_mountinfo(text: str) -> tuple[MountPoint, ...]:
    """/proc/<pid>/mountinfo, in order: of two on one target the later one is seen."""
    return tuple(mount for mount in map(_mount_point, text.splitlines()) if mount)


def _mount_point(line: str) -> MountPoint | None:
    left, dash, right = line.partition(" - ")
    before, after = left.split(" "), right.split(" ")
    if not dash or len(before) < 6 or len(after) < 2:
        return None
    super_options = after[2].split(",") if len(after) > 2 else []
    return MountPoint(
        root=_unescaped(before[3]),
        target=_unescaped(before[4]),
        options=frozenset(before[5].split(",")),
        kind=after[0],
        super_options={name: value for name, _, value in (option.partition("=") for option in super_options)},
    )


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def parse_place(text: str, mappers: Mappers | None = None) -> Place:
    """The lines of one `place:` text, see `Texts`."""
    lines = {word: rest for word, _, rest in (line.partition(" ") for line in text.splitlines())}
    if "absent" in lines:
        return Place(exists=False)
    maps = mappers or Mappers()
    words = lines.get("stat", "").split()
    known = len(words) >= 3 and all(words[:3])
    size = lines.get("size", "").split()
    device = tuple(int(part, 16) for part in words[3].split(":")) if len(words) > 3 else ()
    return Place(
        path=lines.get("path"),
        user=_inside(int(words[0]), maps.users) if known else None,
        group=_inside(int(words[1]), maps.groups) if known else None,
        mode=int(words[2], 16) if known else None,
        device=(device[0], device[1]) if len(device) == 2 and any(device) else None,
        writable={"yes": True, "no": False}.get(lines.get("writable", "")),
        size=int(size[0]) * int(size[1]) if len(size) == 2 else None,
    )


def parse_interfaces(text: str) -> tuple[str, ...]:
    """The names in /proc/net/dev, sorted."""
    return tuple(sorted(line.split(":")[0].strip() for line in text.splitlines() if ":" in line))


def _namespaces(texts: Texts) -> dict[str, Sharing]:
    found: dict[str, Sharing] = {}
    for kind in NAMESPACES:
        link, host = texts.get(f"ns/{kind}", "").strip(), texts.get(f"host-ns/{kind}", "").strip()
        if link and host:
            found[kind] = "host" if link == host else "own"
        elif link and kind in _INITIAL:
            found[kind] = "host" if link == f"{kind}:[{_INITIAL[kind]}]" else "own"
    if "user" not in found and texts.get("uid_map", "").strip():
        found["user"] = "host" if texts["uid_map"].split() == _WHOLE_MAP else "own"
    return found
