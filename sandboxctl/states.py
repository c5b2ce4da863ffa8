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


def spoken(state: State, status: Status) -> str:
    """The state for a sentence: between two runs, or on its way out, it is not what `running` promises."""
    return status.state if state == "running" else state


def remedy(state: State, *, restarts: bool = True) -> str:
    """What brings back a sandbox that does not run; `restarts`: whether its engine can start what has ended."""
    match state:
        case "stopped" | "paused" if restarts or state == "paused":
            return "`sandboxctl apply` starts it"
        case "stopped" | "failed" | "expired":
            return "`sandboxctl apply` replaces it"
        case "complete":
            return "it has done its work: `sandboxctl logs` shows what it said, delete and apply run it again"
        case _:
            return "`sandboxctl status` says when it runs"
