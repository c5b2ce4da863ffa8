"""Whether what a bind shows is still what was checked: a path can become a link between the look and the start.

Only for an engine on this machine, whose paths are ours. What cannot be looked at from here is left to verify.
"""

from __future__ import annotations

import os

from sandboxctl.backends.base import Engine
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import FailedError
from sandboxctl.spec import BindMount, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One source as it was before the start: its device and inode."""

    source: str
    identity: tuple[int, int]


def look(sandbox: Sandbox, engine: Engine) -> tuple[Seen, ...]:
    """Every bind's source that can be looked at from here."""
    if not engine.local or engine.node_images:
        return ()
    sources = [mount.source for mount in sandbox.mounts if isinstance(mount, BindMount)]
    found = ((source, _identity(source)) for source in sources)
    return tuple(Seen(source=source, identity=identity) for source, identity in found if identity is not None)


def check(seen: tuple[Seen, ...], sandbox: Sandbox) -> None:
    """Raises FailedError where a source is another file now, or a link lies on its way."""
    for each in seen:
        real = os.path.realpath(each.source)
        if real != each.source:
            how = f"is a link now, to {real}"
        elif _identity(each.source) != each.identity:
            how = "is another file or directory now"
        else:
            continue
        raise FailedError(f"{sandbox.name}: the source {each.source} {how}: it was changed while the sandbox started",
                          hint="find out who did it; nothing that the sandbox saw is to be trusted",
                          sandbox=sandbox.name)  # fmt: skip


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
