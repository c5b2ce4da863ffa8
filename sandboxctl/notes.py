"""The state directory's notes: what a live update changed on an object whose labels cannot follow (Docker, Podman).

Advice only: a note names a cause, and decides no write. Losing it costs a word in a plan. No engine is asked here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sandboxctl.errors import LocalFileError
from sandboxctl.ownership import Applied, decode_applied, encode_applied
from sandboxctl.spec import Sandbox

if TYPE_CHECKING:
    from pathlib import Path


def state_directory() -> Path:
    """`$XDG_STATE_HOME/sandboxctl`, by default under `~/.local/state`."""
    from pathlib import Path  # costs more than most plans have to do

    return Path(_directory())


def _directory() -> str:
    """Raises RuntimeError without a home."""
    base = os.path.expanduser(os.environ.get("XDG_STATE_HOME") or "~/.local/state")
    if base.startswith("~"):
        raise RuntimeError("there is no home directory")
    return os.path.join(base, "sandboxctl")


def _file(ref: str) -> Path:
    return state_directory() / "applied" / ref


def read(ref: str) -> Applied | None:
    """What the object was last brought to, or None."""
    try:
        with open(os.path.join(_directory(), "applied", ref), encoding="ascii") as file:
            return decode_applied(file.read())
    except (OSError, ValueError, RuntimeError):  # none there, not ours, no home: then there is no note
        return None


def write(ref: str, sandbox: Sandbox, salt: bytes) -> None:
    """Replaces the note of one object at once, readable by its owner alone. Raises LocalFileError."""
    import tempfile

    try:
        path = _file(ref)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="ascii") as file:
            file.write(encode_applied(sandbox, salt))
        os.replace(file.name, path)
    except (OSError, RuntimeError) as error:
        raise LocalFileError(f"cannot note the change in {state_directory()}: {error}") from error


def forget(ref: str) -> None:
    """Removes the note of an object that is gone."""
    try:
        _file(ref).unlink(missing_ok=True)
    except (OSError, RuntimeError):
        return  # it names an id that will never come back
