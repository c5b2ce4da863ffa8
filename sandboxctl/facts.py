"""What decode and rules may ask about this machine. Types only: `host` reads, tests give answers of their own."""

from __future__ import annotations

from typing import Literal, Protocol

from sandboxctl.dataclass import dataclass

PathKind = Literal["missing", "directory", "file", "socket", "fifo", "device", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFacts:
    """What is at a path: `real` is absolute and without links, also where nothing is there yet."""

    real: str
    kind: PathKind
    uid: int = 0
    gid: int = 0
    mode: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Why a file's content cannot be had; `reason` completes "FILE …", e.g. `does not exist`."""

    reason: str


class HostFacts(Protocol):
    """Questions whose answers lie outside the spec. Relative paths are from the working directory."""

    def variable(self, name: str) -> str | None:
        """A variable of our own environment."""

    def text(self, path: str) -> str | Unreadable:
        """The text of a regular file of at most 1 MiB, UTF-8."""

    def digest(self, path: str) -> str | Unreadable:
        """The sha256 of a regular file's bytes, in hex."""

    def build_context(self, directory: str, dockerfile: str) -> str | Unreadable:
        """The sha256 of what is sent of a directory to build from, in hex; `dockerfile` is relative to it."""

    def look(self, path: str) -> PathFacts:
        """What is at a path, links followed."""

    def engine_sockets(self) -> tuple[str, ...]:
        """Real paths of engine sockets that this machine's environment names, besides the well-known ones."""

    def engine_directories(self) -> tuple[str, ...]:
        """Real paths of engine data directories of this user, besides the well-known ones."""
