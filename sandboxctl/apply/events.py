"""What an apply tells while it works, and what it leaves to tell. Data only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sandboxctl.dataclass import dataclass
from sandboxctl.problems import Problem

Outcome = Literal[
    "created", "updated", "replaced", "started", "recovered", "deleted", "unchanged", "failed", "skipped"
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step of one sandbox, as it begins. `step` is one word, `message` says why it takes time."""

    name: str
    step: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How it ended for one sandbox. `code` is an exit code; `brief` and `hint` are those of the error.

    `problems` is what of the spec caused it, where that is known; `ended_with` the exit code of the sandbox's own
    command, where its end is the failure.
    """

    name: str
    code: int
    outcome: Outcome
    rolled_back: bool = False
    brief: str | None = None
    hint: str | None = None
    problems: tuple[Problem, ...] = ()
    ended_with: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions:
    """How to apply. `wait_timeout` in milliseconds overrides `lifecycle.ready.timeout`.

    `cancelled` is asked before each sandbox: after it says yes nothing new is started.
    """

    wait: bool = True
    wait_timeout: int | None = None
    fail_fast: bool = False
    workers: int = 4
    cancelled: Callable[[], bool] = lambda: False
