"""What this host lacks for Podman: packages that it only recommends, ranges of ids, a runtime that fits the kernel.

Looks at files of this machine; asks no engine. An engine elsewhere is judged by its own words alone.
"""

from __future__ import annotations

import errno
import getpass
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from sandboxctl.advice import Advice, as_root, install
from sandboxctl.backends.base import Engine
from sandboxctl.errors import UnreachableError

_HELPERS = ("/usr/libexec/podman", "/usr/lib/podman", "/usr/local/libexec/podman", "/usr/local/lib/podman", "/usr/bin")
_INITS = ("/usr/libexec/catatonit/catatonit", "/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit",
          "/usr/bin/catatonit", "/usr/bin/tini")  # fmt: skip
_CONFIG = "printf '[{table}]\\n{line}\\n' >> {path}"


def diagnose(failure: UnreachableError | None, engine: Engine | None) -> tuple[Advice, ...]:
    """`failure` is why it does not answer, else `engine` what it said."""
    if failure is not None:
        return (_unreachable(failure),)
    if engine is None or not engine.local or shutil.which("podman") is None:
        return ()
    rootless = _of_the_user() if engine.rootless else iter(())
    return (*_packages(), *_runtime(engine), *rootless, *_storage(engine))


def _unreachable(failure: UnreachableError) -> Advice:
    if shutil.which("podman") is None:
        return Advice(what=failure.brief, fix=install("podman", "catatonit", "netavark"), fatal=True)
    number = failure.__cause__.errno if isinstance(failure.__cause__, OSError) else None
    fixes = {
        errno.EACCES: "use your own service: unset CONTAINER_HOST",
        errno.ECONNREFUSED: "systemctl --user start podman.socket, or name none: one is then started when needed",
        errno.ENOENT: "systemctl --user start podman.socket, or name none: one is then started when needed",
    }
    return Advice(what=failure.brief, fix=fixes.get(number or 0, failure.hint or "podman info"), fatal=True)


def _packages() -> Iterator[Advice]:
    if not any(Path(path).exists() for path in _INITS):
        yield Advice(what="no init program, so `lifecycle.init: true`, the default, fails", fix=install("catatonit"))
    if not any(Path(directory, "netavark").exists() for directory in _HELPERS) and not Path("/usr/lib/cni").exists():
        yield Advice(what="no program that makes networks, so only none and host work", fix=install("netavark"))
    elif not any(Path(directory, "aardvark-dns").exists() for directory in _HELPERS):
        yield Advice(what="no aardvark-dns, so sandboxes do not know each other by name", fix=install("aardvark-dns"))


def _runtime(engine: Engine) -> Iterator[Advice]:
    """crun refuses cgroup v1 beside v2 (`cgroups in hybrid mode not supported`)."""
    if engine.runtimes == ("crun",) and engine.cgroup_version == 1 and Path("/sys/fs/cgroup/unified").is_dir():
        command = _CONFIG.format(table="engine", line='runtime = "runc"', path=_config_file("containers.conf"))
        yield Advice(what="crun cannot start anything where control groups are hybrid",
                     fix=f"{install('runc')} && {command}", fatal=True)  # fmt: skip


def _of_the_user() -> Iterator[Advice]:
    user = getpass.getuser()
    if not all(_has_range(path, user) for path in ("/etc/subuid", "/etc/subgid")):
        command = f"usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {user}"
        yield Advice(what=f"{user} has no range of ids of its own in /etc/subuid and /etc/subgid",
                     fix=f"{as_root(command)} && podman system migrate", fatal=True)  # fmt: skip
    if shutil.which("newuidmap") is None:
        yield Advice(what="no newuidmap, which gives a user its range of ids", fix=install("uidmap"), fatal=True)
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        yield Advice(what="/dev/net/tun cannot be used, so only the networks none and host work",
                     fix=f"{as_root('modprobe tun')} && {as_root('chmod 0666 /dev/net/tun')}")  # fmt: skip


def _has_range(path: str, user: str) -> bool:
    try:
        lines = Path(path).read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.split(":")[0] in (user, str(os.geteuid())) for line in lines)


def _storage(engine: Engine) -> Iterator[Advice]:
    if engine.storage == "vfs":
        command = _CONFIG.format(table="storage", line='driver = "overlay"', path=_config_file("storage.conf"))
        yield Advice(what="the storage driver is vfs, which copies the whole image for each sandbox",
                     fix=f"{command} && podman system reset")  # fmt: skip


def _config_file(name: str) -> str:
    return f"/etc/containers/{name}" if os.geteuid() == 0 else f"~/.config/containers/{name}"
