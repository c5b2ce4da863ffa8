"""One writer for each sandbox on a host: a file lock, released by the kernel whatever becomes of its holder.

A lock belongs to the engine's own id, not to its address, so that two ways to one engine are one. What goes on
between hosts is not here: there the staging name says who is at work (`holder`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sandboxctl.dataclass import dataclass
from sandboxctl.errors import ConflictError, LocalFileError
from sandboxctl.notes import state_directory

_PAUSE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Identity:
    """Which sandbox is meant, wherever its engine is reached."""

    engine: str
    namespace: str
    name: str

    @property
    def path(self) -> Path:
        """Its lock file."""
        digest = hashlib.sha256(f"{self.engine}\0{self.namespace}\0{self.name}".encode()).hexdigest()
        return state_directory() / "locks" / digest[:32]


@contextmanager
def held(
    identities: Sequence[Identity],
    *,
    timeout: float,
    ignore: bool = False,
    told: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Holds the locks of all; waits at most `timeout` seconds for all together, and tells once for whom.

    They are taken in one order everywhere, so that no two commands wait for each other. With `ignore`, one that
    somebody holds is gone without. Raises ConflictError naming the holder, LocalFileError.
    """
    deadline = time.monotonic() + timeout
    with ExitStack() as stack:
        for identity in sorted(set(identities), key=lambda each: (each.engine, each.namespace, each.name)):
            descriptor = _taken(identity, deadline=time.monotonic() if ignore else deadline, ignore=ignore, told=told)
            if descriptor is not None:
                stack.callback(_release, identity, descriptor)
        yield


def _taken(identity: Identity, *, deadline: float, ignore: bool, told: Callable[[str], None]) -> int | None:
    waiting = False
    while True:
        descriptor = _try(identity)
        if descriptor is not None:
            return descriptor
        if ignore:
            return None
        if time.monotonic() >= deadline:
            raise ConflictError(
                f"{identity.name} is held by {_whose(identity)}",
                hint="wait for it, or --lock-timeout waits longer", sandbox=identity.name,
            )  # fmt: skip
        if not waiting:
            told(f"{identity.name}: waiting for {_whose(identity)}\n")
            waiting = True
        time.sleep(_PAUSE)


def _try(identity: Identity) -> int | None:
    """The locked file; None where somebody has it."""
    path = identity.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except (OSError, RuntimeError) as error:
        raise LocalFileError(
            f"cannot lock {path}: {error}", hint="XDG_STATE_HOME may name another directory"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is(path, descriptor):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}".encode(), 0)
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        return None
    os.close(descriptor)  # its holder removed it in this moment: the next one is a new file
    return None


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _release(identity: Identity, descriptor: int) -> None:
    """Removed while it is held, so that names of long ago leave nothing."""
    identity.path.unlink(missing_ok=True)
    os.close(descriptor)


def _whose(identity: Identity) -> str:
    """`process 123`, from the file itself."""
    try:
        return identity.path.read_text("ascii").strip() or "another command"
    except (OSError, ValueError):
        return "another command"
