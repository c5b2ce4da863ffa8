"""What follows from a spec without anybody writing it: the process, the automatic mounts, HOME. Pure.

Templates, the planner and verify all take these from here, so that they cannot disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxctl.dataclass import dataclass
from sandboxctl.digest import sha256
from sandboxctl.problems import Path
from sandboxctl.quantity import Bytes
from sandboxctl.spec import (
    DEFAULT_WORKDIR,
    BindMount,
    EnvValue,
    FileMount,
    Mount,
    ObjectMount,
    Sandbox,
    TmpfsMount,
    VolumeMount,
)

if TYPE_CHECKING:
    from sandboxctl.backends.base import ImageConfig

TMP_SIZE = Bytes(64 * 2**20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What is started. None: the image's own."""

    entrypoint: tuple[str, ...] | None
    args: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMount:
    """A mount, and the field of the spec that asks for it."""

    mount: Mount
    path: Path
    automatic: bool = False


def process(sandbox: Sandbox) -> Process:
    """`idle` sleeps for ever, or for its ttl; a command without args must not be given the image's args."""
    if sandbox.run == "idle":
        ttl = sandbox.lifecycle.ttl
        return Process(entrypoint=("sleep",), args=("infinity" if ttl is None else str(ttl // 1000),))
    if sandbox.command is not None:
        return Process(entrypoint=sandbox.command, args=sandbox.args or ())
    return Process(entrypoint=None, args=sandbox.args)


def owns_workdir(sandbox: Sandbox) -> bool:
    """Whether the working directory is ours (made, writable, HOME) and not the image's own."""
    return sandbox.workdir is not None


def covers(target: str, path: str) -> bool:
    """Whether a mount on `target` holds `path`."""
    return path == target or path.startswith(target.rstrip("/") + "/")


def placed_mounts(sandbox: Sandbox) -> tuple[PlacedMount, ...]:
    """Every mount by target: those of the spec, then a tmpfs on the workdir and on /tmp where the root is read-only."""
    placed = [PlacedMount(mount=mount, path=("spec", "mounts", index)) for index, mount in enumerate(sandbox.mounts)]
    targets = [mount.target for mount in sandbox.mounts]
    if sandbox.security.read_only_root:
        workdir = sandbox.workdir
        if workdir is not None and not any(covers(target, workdir) for target in targets):
            scratch = TmpfsMount(target=workdir, size=sandbox.resources.scratch, exec=True)
            placed.append(PlacedMount(mount=scratch, path=("spec", "resources", "scratch"), automatic=True))
            targets.append(workdir)
        if "/tmp" not in targets:  # noqa: S108  (the sandbox's /tmp, not ours)
            tmp = TmpfsMount(target="/tmp", size=TMP_SIZE)  # noqa: S108  (the sandbox's, not ours)
            placed.append(PlacedMount(mount=tmp, path=("spec", "security", "readOnlyRoot"), automatic=True))
    return tuple(sorted(placed, key=lambda each: each.mount.target))


def mount_type(mount: Mount) -> str:
    """The word by which the spec calls a mount: its `type`."""
    match mount:
        case BindMount():
            return "bind"
        case VolumeMount():
            return "volume"
        case TmpfsMount():
            return "tmpfs"
        case FileMount():
            return "file"
        case ObjectMount(kind=kind):
            return kind


def hides(sandbox: Sandbox, image: ImageConfig | None) -> str | None:
    """The workdir, where it is an automatic tmpfs over what is probably the image's: written, or the image's own."""
    workdir = sandbox.workdir
    if workdir is None or not any(each.automatic and each.mount.target == workdir for each in placed_mounts(sandbox)):
        return None
    own = image.workdir if image is not None else ""
    return workdir if workdir != DEFAULT_WORKDIR or (own and covers(workdir, own)) else None


def mounts(sandbox: Sandbox) -> tuple[Mount, ...]:
    """The mounts alone, by target: a parent before what lies in it."""
    return tuple(each.mount for each in placed_mounts(sandbox))


def workdir_in_layer(sandbox: Sandbox) -> str | None:
    """The workdir that has to be made in the writable layer, or None."""
    workdir = sandbox.workdir
    if workdir is None or sandbox.security.read_only_root:
        return None
    return None if any(covers(mount.target, workdir) for mount in sandbox.mounts) else workdir


def workdir_beside_layer(sandbox: Sandbox) -> str | None:
    """The same where nobody can make a directory in a layer: the default one, which hardly any image has."""
    workdir = workdir_in_layer(sandbox)
    return workdir if workdir == DEFAULT_WORKDIR else None


def environment(sandbox: Sandbox) -> dict[str, EnvValue]:
    """What the sandbox's process is given besides the image's own, by name."""
    env = dict(sandbox.env)
    if sandbox.workdir is not None:
        env.setdefault("HOME", sandbox.workdir)
    return dict(sorted(env.items()))


def user_ids(sandbox: Sandbox, image: ImageConfig | None) -> tuple[int | None, int | None]:
    """The uid and gid of its process; None where only the image knows (it names its user)."""
    security = sandbox.security
    if security.user is not None:
        return security.user, security.group if security.group is not None else security.user
    if image is None:
        return None, security.group
    user, _, group = image.user.partition(":")
    uid = 0 if user in ("", "root") else _numeric(user)
    gid = _numeric(group) if group else (0 if uid == 0 else None)
    return uid, security.group if security.group is not None else gid


def _numeric(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdecimal() else None


def owner(sandbox: Sandbox, image: ImageConfig | None = None) -> tuple[int, int]:
    """uid and gid that own what we make in the sandbox; root's where the user is a name that only the image knows."""
    user, group = user_ids(sandbox, image)
    uid = 0 if user is None else user
    fs_group = sandbox.security.fs_group
    gid = fs_group if fs_group is not None else group
    return uid, uid if gid is None else gid


def groups(sandbox: Sandbox) -> tuple[int, ...]:
    """Supplementary groups, fsGroup among them where it is not the primary one."""
    security = sandbox.security
    extra = set(security.groups)
    if security.fs_group is not None and security.fs_group != security.group:
        extra.add(security.fs_group)
    return tuple(sorted(extra))


_ID_SPACES = (2**19, 2**30)  # the first host id of a user namespace lies there, where no account of a host is
_IDS = 2**16


def own_ids(sandbox: Sandbox) -> tuple[int, int] | None:
    """First id on the host, and how many, of a user namespace that is the sandbox's own (`private`): by its name, as
    systemd-nspawn picks them, so that a new one of this name finds its files. None where it has no such."""
    if sandbox.security.user_namespace != "private":
        return None
    first, last = (edge // _IDS for edge in _ID_SPACES)
    place = int.from_bytes(sha256(sandbox.name.encode()).digest()[:8])
    return (first + place % (last - first)) * _IDS, _IDS


def gpu_devices(gpus: str | int | None) -> tuple[str, ...]:
    """The names of the GPUs in the Container Device Interface."""
    if gpus is None:
        return ()
    which = range(gpus) if isinstance(gpus, int) else (gpus,)
    return tuple(f"nvidia.com/gpu={each}" for each in which)


def runtime_program(runtime: str) -> str:
    """The name that engines on one host give a runtime: that of its program."""
    return {"gvisor": "runsc", "kata": "kata-runtime"}.get(runtime, runtime)
