"""What a sandbox promises, as controls that can be looked at. Pure; knows no engine's answer and no /proc."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sandboxctl import derive
from sandboxctl.backends.base import Engine, ImageConfig, Json, Key
from sandboxctl.dataclass import dataclass
from sandboxctl.problems import Path, public_path
from sandboxctl.spec import (
    BindMount,
    Capabilities,
    FileMount,
    Mount,
    ObjectMount,
    Sandbox,
    TmpfsMount,
    VolumeMount,
)
from sandboxctl.verify.facts import CAPABILITIES, NAMESPACES, capability_names

SHM = "/dev/shm"  # noqa: S108  (the sandbox's, not ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How an engine gives capabilities. `added_reach_users`: what is added becomes effective for a user that is not
    root (Podman sets the ambient set; Docker only the bounding one, engines.md section 9). `pods`: as `Engine.pods`."""

    default_capabilities: frozenset[str]
    added_reach_users: bool = False
    pods: bool = False


_FOURTEEN = frozenset(capability_names(0xA80425FB))
"""Docker 20.10 to 28.5, which do not say what they give; containerd gives the same."""


def traits_of(engine: Engine) -> Traits:
    """By the engine's own word, where it says which capabilities it gives."""
    return Traits(
        default_capabilities=frozenset(engine.default_capabilities) or _FOURTEEN,
        added_reach_users=engine.added_capabilities_reach_users,
        pods=engine.pods,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One control. `also` are further values that keep the promise; where nothing is `promised`, what is seen is only
    reported. `keys` are the comparable fields in which an engine's own answer has it. `loose` are the parts of a mount
    that may be less there (a size: smaller); `by_rule`: nothing inside can see it, only whether it is kept to.
    `with_engine`: what is seen inside does not say which one it is (which filter, which directory), so the engine's
    answer has to agree."""

    control: str
    path: Path = ()
    expected: Json
    also: tuple[Json, ...] = ()
    promised: bool = True
    keys: tuple[Key, ...] = ()
    loose: frozenset[str] = frozenset()
    by_rule: bool = False
    with_engine: bool = False

    @property
    def family(self) -> str:
        """`mount:/tmp` → `mount`, `capabilities.bounding` → `capabilities`."""
        return self.control.partition(":")[0].partition(".")[0]

    @property
    def subject(self) -> str:
        """`mount:/tmp` → `/tmp`, `capabilities.bounding` → `bounding`."""
        name = self.control.removeprefix(self.family)
        return name[1:]


def promises(
    sandbox: Sandbox, *, traits: Traits, image: ImageConfig | None, less: Sequence[str] = ()
) -> tuple[Promise, ...]:
    """Every control of this sandbox, in the order in which they are shown; `image` says who its own user is.

    `less` are the fields that are weaker on this engine, or accepted to be.
    """
    return (
        Promise(control="state", expected="running"),
        *_identity(sandbox, image),
        *_capabilities(sandbox, traits, image),
        *_confinement(sandbox),
        *_mounts(sandbox, traits, _loose_parts(less)),
        *_limits(sandbox),
        *_namespaces(sandbox, traits),
        *_surroundings(sandbox, traits),
    )


def _simple(field: Key, control: str, expected: Json) -> Promise:
    return Promise(control=control, path=field, expected=expected, keys=(field,))


def _identity(sandbox: Sandbox, image: ImageConfig | None) -> Iterator[Promise]:
    uid, gid = derive.user_ids(sandbox, image)
    named: Json = image.user or None if image is not None else None
    for control, number in (("user", uid), ("group", gid)):
        key = ("security", control)
        yield Promise(
            control=control,
            path=key,
            expected=named if number is None else number,
            promised=number is not None,
            keys=(key,),
        )
    yield Promise(
        control="groups",
        path=("security", "groups"),
        expected=list(derive.groups(sandbox)),
        promised=sandbox.security.user is not None,  # else the image's own /etc/group adds to them
        keys=(("security", "groups"), ("security", "fsGroup")),
    )


def bounding_set(capabilities: Capabilities, default: frozenset[str]) -> frozenset[str]:
    """What drop and add leave of an engine's default set; `ALL` in either is what it says."""
    dropped, added = frozenset(capabilities.drop), frozenset(capabilities.add)
    if "ALL" in added:
        return frozenset(CAPABILITIES) - dropped
    return added if "ALL" in dropped else (default - dropped) | added


def _capabilities(sandbox: Sandbox, traits: Traits, image: ImageConfig | None) -> Iterator[Promise]:
    security = sandbox.security
    uid, _ = derive.user_ids(sandbox, image)
    bounding = bounding_set(security.capabilities, traits.default_capabilities)
    added = frozenset(security.capabilities.add) & bounding if traits.added_reach_users and uid else frozenset()
    effective = added if uid else bounding
    sets = {
        "effective": effective,
        "permitted": effective,
        "inheritable": added,
        "bounding": bounding,
        "ambient": added,
    }
    for name, expected in sets.items():
        shown: list[Json] = ["ALL"] if security.privileged else list[Json](sorted(expected))
        yield Promise(
            control=f"capabilities.{name}",
            path=("security", "capabilities"),
            expected=shown,
            promised=not security.privileged and (uid is not None or name == "bounding"),
            keys=(("security", "capabilities"), ("security", "privileged")),
        )


def _confinement(sandbox: Sandbox) -> Iterator[Promise]:
    security = sandbox.security
    yield _simple(("security", "noNewPrivileges"), "no-new-privileges", security.no_new_privileges)
    off = security.seccomp.kind == "unconfined" or security.privileged
    yield Promise(
        control="seccomp",
        path=("security", "seccomp"),
        expected="off" if off else "filter",
        keys=(("security", "seccomp"),),
        with_engine=True,
    )
    yield _simple(
        ("security", "readOnlyRoot"), "root-filesystem", "read-only" if security.read_only_root else "writable"
    )


_LOOSE_PARTS: Mapping[str, tuple[str, ...]] = {
    "mounts.tmpfs.exec": ("exec", "suid", "dev"),
    "mounts.tmpfs.mode": ("mode", "owner"),
}


def _loose_parts(less: Sequence[str]) -> frozenset[str]:
    return frozenset(part for field in less for part in _LOOSE_PARTS.get(field, ()))


def _mounts(sandbox: Sandbox, traits: Traits, loose: frozenset[str]) -> Iterator[Promise]:
    to_group = traits.pods and sandbox.security.fs_group is not None
    # A kubelet gives no tmpfs more than the pod's memory, and leaves it so when that grows (v1.34.4).
    loose = loose | {"size"} if traits.pods else loose
    for placed in derive.placed_mounts(sandbox):
        target = placed.mount.target
        yield Promise(
            control=f"mount:{target}",
            path=public_path(placed.path),
            expected=mount_expected(placed.mount, _owner(sandbox), automatic=placed.automatic, files_to_group=to_group),
            keys=(("mounts", target),),
            with_engine=not traits.pods,
            loose=loose if isinstance(placed.mount, TmpfsMount) else frozenset(),
        )
    shm: Json = {
        "type": "tmpfs",
        "readOnly": False,
        "exec": False,
        "suid": False,
        "dev": False,
        "size": sandbox.resources.shm,
        "writable": True,
    }
    yield Promise(
        control=f"mount:{SHM}", path=("resources", "shm"), expected=shm, keys=(("resources", "shm"),), loose=loose
    )


def _owner(sandbox: Sandbox) -> str | None:
    user, group = derive.owner(sandbox)
    return None if sandbox.security.user is None else f"{user}:{group}"


def mount_expected(
    mount: Mount, owner: str | None, *, automatic: bool = False, files_to_group: bool = False
) -> dict[str, Json]:
    """The parts of a mount that a spec decides; what it leaves to the host's directory or volume is not in it.

    The mode of an automatic tmpfs is nobody's wish: that it is the user's, and writable, is what it is there for.
    `files_to_group`: the engine lets fsGroup read every file.
    """
    match mount:
        case TmpfsMount():
            expected: dict[str, Json] = {
                "type": "tmpfs",
                "readOnly": False,
                "exec": mount.exec,
                "suid": False,
                "dev": False,
                "size": mount.size,
                "writable": True,
            }
            if owner is not None:
                expected["owner"] = owner
            if not automatic:
                expected["mode"] = f"{int(mount.mode, 8):04o}"
            return expected
        case BindMount() | VolumeMount():
            return {"readOnly": mount.read_only, "writable": not mount.read_only}
        case FileMount():
            return {"readOnly": True, "mode": f"{int(mount.mode, 8) | (0o440 if files_to_group else 0):04o}"}
        case ObjectMount():
            return {"readOnly": True}


def _limits(sandbox: Sandbox) -> Iterator[Promise]:
    resources = sandbox.resources
    yield _simple(("resources", "memory"), "memory", resources.memory)
    yield _simple(("resources", "swap"), "swap", resources.swap)
    yield _simple(("resources", "cpu"), "cpu", resources.cpu)
    yield _simple(("resources", "pids"), "pids", resources.pids)
    for name, limit in sorted(resources.ulimits.items()):
        yield _simple(("resources", "ulimits", name), f"ulimit:{name}", {"soft": limit.soft, "hard": limit.hard})


_NAMESPACE_KEYS: Mapping[str, tuple[Key, ...]] = {
    "net": (("network", "mode"),),
    "user": (("security", "userNamespace"),),
    "mnt": (("security", "readOnlyRoot"),),  # an engine that answers for the root gave it a namespace to be in
}


def _namespaces(sandbox: Sandbox, traits: Traits) -> Iterator[Promise]:
    expected: dict[str, Json] = dict.fromkeys(NAMESPACES, "own")
    chosen = sandbox.security.user_namespace
    if sandbox.network.mode == "host":
        expected["net"] = "host"
    if chosen in (None, "host"):
        expected["user"] = "host"
    for kind in NAMESPACES:
        path: Path = {"net": ("network", "mode"), "user": ("security", "userNamespace")}.get(kind, ())
        yield Promise(
            control=f"namespace.{kind}",
            path=path,
            expected=expected[kind],
            # Nobody asked: an engine that maps ids for all its containers does more than was promised.
            also=("own",) if kind == "user" and chosen is None else (),
            promised=kind != "cgroup" or not traits.pods,
            keys=_NAMESPACE_KEYS.get(kind, ()),
        )


def _surroundings(sandbox: Sandbox, traits: Traits) -> Iterator[Promise]:
    network, security = sandbox.network, sandbox.security
    mode: Json = network.name if network.mode == "named" else network.mode
    yield Promise(
        control="network", path=("network", "mode"), expected=mode, keys=(("network",),) if traits.pods else
        (("network", "mode"), ("network", "attached"), ("network", "detached")),
        by_rule=traits.pods and network.mode != "host", with_engine=not traits.pods,
    )  # fmt: skip
    if network.mode != "host":
        yield _simple(("network", "hostname"), "hostname", network.hostname or sandbox.name)
    yield _simple(("lifecycle", "init"), "init", sandbox.lifecycle.init)
    if security.runtime != "default":
        yield _simple(("security", "runtime"), "runtime", security.runtime)
    for index, device in enumerate(security.devices):
        yield Promise(
            control=f"device:{device.target}",
            path=("security", "devices", index),
            # `m`, to make a node, is every container's: engines grant it for all devices.
            expected={"permissions": "".join(sorted(set(device.permissions) - {"m"}))},
            keys=(("security", "devices", device.target),),
        )
    for control in ("engine-socket", "service-account-token"):
        allowed = control in security.allow
        yield Promise(control=control, expected="allowed" if allowed else "absent", promised=not allowed)
