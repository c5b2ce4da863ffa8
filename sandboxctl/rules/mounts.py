"""Rules about mounts: where they may lie, and what a bind's source is. Named weakenings are in `weakening`."""

from __future__ import annotations

from sandboxctl.derive import covers, groups, owner
from sandboxctl.facts import PathFacts
from sandboxctl.linux import ALL
from sandboxctl.problems import Path, dotted
from sandboxctl.quantity import format_bytes
from sandboxctl.rules.case import Case, rule
from sandboxctl.spec import BindMount, FileMount, Mount, Security, TmpfsMount

_KERNEL = ("/proc", "/sys", "/dev")
_OWNER_RWX = 0o700
_SMALLEST = 4096


def _path(index: int, *rest: str) -> Path:
    return ("spec", "mounts", index, *rest)


def targets(case: Case) -> None:
    """No target at `/`, in a kernel's file system, twice, or inside a file."""
    placed = [each for each in enumerate(case.sandbox.mounts) if case.sound(_path(each[0], "target"))]
    files = [mount for _, mount in placed if _is_file(case, mount)]
    first: dict[str, int] = {}
    for index, mount in placed:
        path = _path(index, "target")
        message, hint = bad_place(mount.target)
        if message:
            case.findings.error("mount-target", path, f"{dotted(path)}: {message}", hint=hint)
        earlier = first.setdefault(mount.target, index)
        if earlier != index:
            message = f"{dotted(path)}: `{mount.target}` is the target of mounts[{earlier}] already"
            case.findings.error("mount-twice", path, message)
        holder = next((file for file in files if _below(mount.target, file.target)), None)
        if holder is not None:
            message = f"{dotted(path)}: `{holder.target}` is a file, nothing can be mounted in it"
            case.findings.error("mount-in-file", path, message)


def bad_place(target: str) -> tuple[str | None, str | None]:
    """Why nothing can be mounted there, and what to do; None where it can."""
    if target == "/":
        return "nothing can be mounted over the root", "the root file system is the image's"
    if target == "/dev/shm":  # noqa: S108  (the sandbox's, not ours)
        return "shared memory is not a mount here", "set its size with resources.shm"
    inside = next((kernel for kernel in _KERNEL if covers(kernel, target)), None)
    return (f"nothing can be mounted in {inside}, which the kernel fills" if inside else None), None


def _below(target: str, holder: str) -> bool:
    return target != holder and covers(holder, target)


def _is_file(case: Case, mount: Mount) -> bool:
    match mount:
        case FileMount():
            return True
        case BindMount():
            return case.facts.look(mount.source).kind == "file"
        case _:
            return False


def bind_sources(case: Case) -> None:
    """A source exists, is a file or a directory, and can be written where it is to be written."""
    for index, mount in enumerate(case.sandbox.mounts):
        path = _path(index, "source")
        if isinstance(mount, BindMount) and case.sound(path):
            _judge_source(case, path, mount)


def _judge_source(case: Case, path: Path, mount: BindMount) -> None:
    found = case.facts.look(mount.source)
    match found.kind:
        case "missing":
            message = f"{dotted(path)}: `{mount.source}` does not exist"
            case.findings.error("bind-missing", path, message, hint="sandboxctl never creates it: make it first")
        case "unreadable":
            case.findings.error("bind-missing", path, f"{dotted(path)}: `{mount.source}` cannot be looked at")
        case "fifo" | "device":
            message = f"{dotted(path)}: `{mount.source}` is a {found.kind}, and a bind is of a file or a directory"
            hint = "a device goes into security.devices" if found.kind == "device" else None
            case.findings.error("bind-kind", path, message, hint=hint)
        case "file" | "directory" | "socket":
            if not mount.read_only and _knows_ids(case.sandbox.security):
                _judge_writing(case, path, mount, found)


def _knows_ids(security: Security) -> bool:
    """Whether the ids in the sandbox are those of the host, and ours to know."""
    return security.user is not None and security.user_namespace in (None, "host")


def _judge_writing(case: Case, path: Path, mount: BindMount, found: PathFacts) -> None:
    security = case.sandbox.security
    user, group = owner(case.sandbox)
    primary = security.group if security.group is not None else group
    if _overrides_modes(security) or _may_write(found, user, {primary, *groups(case.sandbox)}):
        return
    case.findings.error(
        "bind-not-writable",
        path,
        f"{dotted(path)}: `{mount.source}` belongs to {found.uid}:{found.gid} (mode {found.mode:04o}), "
        f"and the sandbox's user {user} cannot write it",
        hint=f"give it to the sandbox (chown {user}), or set readOnly: true" + _run_as(found.uid),
    )


def _run_as(uid: int) -> str:
    return f", or security.user: {uid}" if uid else ""


def _overrides_modes(security: Security) -> bool:
    """Root writes everywhere only where it keeps DAC_OVERRIDE, which a drop of ALL takes."""
    if security.user != 0:
        return False
    capabilities = security.capabilities
    dropped = ALL in capabilities.drop or "DAC_OVERRIDE" in capabilities.drop
    return security.privileged or not dropped or bool({ALL, "DAC_OVERRIDE"} & set(capabilities.add))


def _may_write(found: PathFacts, user: int, member: set[int]) -> bool:
    """The kernel's own order: the owner's bits, else the group's, else the others'."""
    shift = 6 if found.uid == user else 3 if found.gid in member else 0
    needed = 0o3 if found.kind == "directory" else 0o2
    return (found.mode >> shift) & needed == needed


def tmpfs_modes(case: Case) -> None:
    """The owner of a tmpfs, the sandbox's user, may use it."""
    for index, mount in enumerate(case.sandbox.mounts):
        if isinstance(mount, TmpfsMount) and int(mount.mode, 8) & _OWNER_RWX != _OWNER_RWX:
            path = _path(index, "mode")
            message = f"{dotted(path)}: with {mount.mode} the sandbox's own user could not use it"
            case.findings.error("tmpfs-mode", path, message, hint='its owner needs 7, as in "0700"')


def tmpfs_sizes(case: Case) -> None:
    """A tmpfs has a size, and all sizes that are written fit into the memory together."""
    written: list[tuple[Path, int]] = []
    if case.sandbox.security.read_only_root:
        written.append((("spec", "resources", "scratch"), case.sandbox.resources.scratch))
    for index, mount in enumerate(case.sandbox.mounts):
        if isinstance(mount, TmpfsMount):
            written.append((_path(index, "size"), mount.size))
    _judge_sum(case, [(path, size) for path, size in written if case.source.written(path)])


def _judge_sum(case: Case, sizes: list[tuple[Path, int]]) -> None:
    memory = case.sandbox.resources.memory
    total = 0
    for path, size in sizes:
        if size < _SMALLEST:
            message = f"{dotted(path)}: a tmpfs needs at least 4Ki, and 0 would be no limit at all"
            case.findings.error("tmpfs-size", path, message)
        total += size
        if total > memory:
            together = "is" if len(sizes) == 1 else f"and those before it are together {format_bytes(total)},"
            case.findings.error(
                "tmpfs-over-memory",
                path,
                f"{dotted(path)}: {format_bytes(size)} {together} more than resources.memory, {format_bytes(memory)}",
                hint="a tmpfs lives in the sandbox's memory: make it smaller, or raise resources.memory",
            )
            return


RULES = (
    rule(targets),
    rule(bind_sources, "security"),
    rule(tmpfs_modes),
    rule(tmpfs_sizes, "mounts.*.size", "resources.memory", "resources.scratch", "security.profile"),
)
