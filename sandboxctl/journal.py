"""What was done, by whom and when: one JSON line for each command that wrote. Advice only: no plan reads it.

`drift` asks it whether what is not there was ever applied from here, which nothing live can tell. It holds addresses,
reasons and outcomes, and nothing of what a spec or a sandbox says.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sandboxctl.holder import this_process
from sandboxctl.notes import state_directory

if TYPE_CHECKING:
    from sandboxctl.apply import Result
    from sandboxctl.plan import Plan

LIMIT = 2**20
"""Bytes, after which the journal begins anew; the one before is kept as `journal.1`."""


def path() -> Path:
    """Where it is."""
    return state_directory() / "journal"


def record(command: str, plans: Sequence[Plan], results: Sequence[Result]) -> None:
    """Adds one line. What cannot be written is left unwritten: the work itself is done."""
    us = this_process()
    line = json.dumps(
        {
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "who": {"user": os.environ.get("USER", ""), "uid": os.getuid(), "host": us.host, "pid": us.pid},
            "command": command,
            "plan": [
                {"address": action.address, "endpoint": plan.engine.endpoint, "action": str(action.kind),
                 "reason": action.reason, "id": action.ref}
                for plan in plans
                for action in plan.pending
            ],
            "results": [{"name": each.name, "code": int(each.code), "outcome": each.outcome} for each in results],
        },
        sort_keys=True,
    )  # fmt: skip
    try:
        _append(path(), line + "\n")
    except (OSError, RuntimeError):
        return  # no home, no room: the engine knows what is live


def left_there(address: str, name: str, endpoint: str) -> bool:
    """Whether the last command that wrote to this sandbox left it there. False where nothing is known."""
    for file in (path(), path().with_name("journal.1")):
        for line in reversed(_lines(file)):
            outcome = _outcome(line, address, name, endpoint)
            if outcome not in (None, "skipped"):
                return outcome in _LEAVES_IT
    return False


_LEAVES_IT = frozenset({"created", "updated", "replaced", "started", "recovered"})


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").splitlines()
    except (OSError, ValueError, RuntimeError):
        return []


def _outcome(line: str, address: str, name: str, endpoint: str) -> str | None:
    """What a line says of a sandbox; None where it is about others, or is none of ours."""
    try:
        entry = json.loads(line)
        about = any((each["address"], each.get("endpoint")) == (address, endpoint) for each in entry["plan"])
        return next((str(each["outcome"]) for each in entry["results"] if each["name"] == name and about), None)
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _append(file: Path, line: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists() and file.stat().st_size > LIMIT:
        file.replace(file.with_name("journal.1"))
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, line.encode("ascii"))
    finally:
        os.close(descriptor)
