"""What this host lacks for Docker. Looks at the failure, and at what is installed; asks no engine."""

from __future__ import annotations

import errno
import getpass
import shutil

from sandboxctl.advice import Advice, as_root, install
from sandboxctl.backends.base import Engine
from sandboxctl.errors import UnreachableError


def diagnose(failure: UnreachableError | None, engine: Engine | None) -> tuple[Advice, ...]:
    """`failure` is why it does not answer, else `engine` what it said."""
    if failure is not None:
        return (_unreachable(failure),)
    if engine is not None and "seccomp" not in engine.security_modules:
        return (
            Advice(what="the daemon has no seccomp: system calls are not filtered", fix="use a kernel with seccomp"),
        )
    return ()


def _unreachable(failure: UnreachableError) -> Advice:
    number = failure.__cause__.errno if isinstance(failure.__cause__, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        fix = f"{as_root(f'usermod -aG docker {getpass.getuser()}')}, then log in again (the group is as good as root)"
    elif number in (errno.ENOENT, errno.ECONNREFUSED):
        fix = as_root("systemctl start docker") if shutil.which("dockerd") else install("docker.io")
    else:
        fix = failure.hint or "see the daemon's log"
    return Advice(what=failure.brief, fix=fix, fatal=True)
