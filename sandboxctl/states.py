"""The state of a sandbox in the user's words, from the engine's. Pure; what follows from it is the plan's affair."""

from __future__ import annotations

from typing import Literal

from sandboxctl.backends.base import Status
from sandboxctl.spec import Sandbox

ENDED = ("exited", "dead")
"""The engine's states in which there is an exit code."""

State = Literal["running", "stopped", "complete", "failed", "expired", "paused", "staged", "foreign"]


def sandbox_state(sandbox: Sandbox, status: Status, *, ttl: int | None, now: float) -> State:
    """The state in the user's words. Times in seconds; `now` is in whole ones, as HTTP's Date tells them."""
    # What has ended may have done so later in the second that `now` is the beginning of.
    latest = now + 1 if status.state in ENDED else now
    if ttl is not None and status.created is not None and latest > status.created + ttl:
        return "expired"
    match status.state:
        case "running" | "restarting" | "removing":
            return "running"
        case "paused":
            return "paused"
        case "dead":
            return "failed"
        case "created":
            return "stopped"
        case "exited":
            return _exited(sandbox, status)


def _exited(sandbox: Sandbox, status: Status) -> State:
    if status.oom_killed:
        return "failed"
    if sandbox.run == "idle" or sandbox.lifecycle.restart.policy == "always":
        return "stopped"
    return "complete" if status.exit_code == 0 else "failed"
