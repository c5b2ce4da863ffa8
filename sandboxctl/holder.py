"""Who is at work on an unfinished object: written on it, and read back when it is found. No engine and no lock here.

The text is `HOST/ID/PID/START`: a host's name for people, what tells this host (with its process numbers) from any
other, and one process of it. A host's own processes can be asked whether they live; of another's only age is known.
"""

from __future__ import annotations

import os
import socket
from functools import cache

from sandboxctl.dataclass import dataclass
from sandboxctl.digest import hexadecimal

STALE_AFTER = 15 * 60
"""Seconds by the engine's clock, after which what another host has begun is taken for abandoned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """One process. `start` is its start time as its kernel counts it, so that a number used again is another's."""

    host: str
    host_id: str
    pid: int
    start: str

    def __str__(self) -> str:
        return f"{self.host}/{self.host_id}/{self.pid}/{self.start}"


def this_process() -> Holder:
    """Us."""
    return Holder(host=socket.gethostname(), host_id=_host_id(), pid=os.getpid(), start=_started(os.getpid()))


def parse(text: str) -> Holder | None:
    """The inverse of `str`; None for anything else."""
    words = text.split("/")
    if len(words) != 4 or not words[2].isdecimal():
        return None
    return Holder(host=words[0], host_id=words[1], pid=int(words[2]), start=words[3])


def at_work(text: str, *, age: float) -> str | None:
    """Who may still be at work, in words, by a holder's text and the object's age in seconds; None: nobody is.

    We ourselves are never meant: what we find of our own is what an earlier step of ours left.
    """
    found = parse(text)
    if found is not None and found.host_id == _host_id():
        if found == this_process() or not _lives(found):
            return None
        return f"process {found.pid} on this host"
    if age >= STALE_AFTER:
        return None
    return f"process {found.pid} on {found.host}" if found is not None else "somebody who does not say who"


def _lives(holder: Holder) -> bool:
    return _exists(holder.pid) and _started(holder.pid) in ("0", holder.start)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True


def _started(pid: int) -> str:
    """Field 22 of stat, `0` where this system does not show it; the name in field 2 may hold anything."""
    try:
        return _text(f"/proc/{pid}/stat").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return "0"


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


@cache
def _host_id() -> str:
    """This machine and this numbering of processes: a container of the same machine has another."""
    parts = [socket.gethostname()]
    for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id"):
        try:
            parts.append(_text(path).strip())
            break
        except OSError:
            continue
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return hexadecimal("\0".join(parts).encode())[:12]
