"""The owner's policy: what specs may ask for, said outside of them (docs/policy.md). A guard in the client.

`decode` makes a `Policy` of a document, `judge` holds a resolved spec against it; both are pure. `files` finds and
reads. Nothing here asks an engine, and nothing in a spec, an overlay or an option can widen what a policy says.
"""

from __future__ import annotations

from sandboxctl.dataclass import dataclass
from sandboxctl.problems import Path
from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds
from sandboxctl.spec import Source

KIND = "Policy"
IMAGE_SOURCES = ("ref", "build", "archive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest:
    """The largest values; None is no limit. A spec that sets none itself is above every one."""

    cpu: MilliCpu | None = None
    memory: Bytes | None = None
    swap: Bytes | None = None
    pids: int | None = None
    shm: Bytes | None = None
    scratch: Bytes | None = None
    disk: Bytes | None = None
    gpus: int | None = None
    ttl: Milliseconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy, resolved. None: this policy does not limit it; an empty tuple allows nothing.

    `allow` are weakenings in their normal spelling, `bind_sources` real paths, `registries` with their domain.
    """

    source: Source
    allow: tuple[str, ...] | None = None
    registries: tuple[str, ...] | None = None
    require_digest: bool = False
    image_sources: tuple[str, ...] = IMAGE_SOURCES
    bind_sources: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    runtimes: tuple[str, ...] | None = None
    require_labels: tuple[str, ...] = ()
    largest: Largest = Largest()

    def place(self, *path: str | int) -> str:
        """Where it says so, as `FILE:LINE:COLUMN`, for a message about a spec."""
        where: Path = ("spec", *path)
        found = self.source.range(where)
        if found is None:
            return self.source.filename
        return f"{found.filename}:{found.start.line}:{found.start.column}"
