"""What apply would do on every engine, or why it cannot: shared by plan and apply. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sandboxctl import capabilities, observe
from sandboxctl.backends.base import Backend
from sandboxctl.cli import engines, policies
from sandboxctl.cli.refusal import RefusedError
from sandboxctl.cli.session import Session
from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import ConflictError, SandboxctlError
from sandboxctl.plan import Foreign, Plan
from sandboxctl.problems import Problem, errors, ordered
from sandboxctl.spec import Loaded

Before = Callable[[Sequence[Loaded], Backend], None]


@dataclass(slots=True, kw_only=True)
class Outlook:
    """The plan of each engine that could be asked; what is wrong; which engines failed, and how."""

    plans: list[tuple[Backend, Plan]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failures: list[SandboxctlError] = field(default_factory=list)

    @property
    def whole(self) -> tuple[Plan, ...]:
        """The plans alone."""
        return tuple(plan for _, plan in self.plans)

    def check(self) -> None:
        """Raises for what leaves no plan to show: the first of 3, 4 and 5 that applies to any sandbox."""
        if errors(self.problems):
            raise RefusedError(ordered(self.problems))
        if self.failures:
            raise min(self.failures, key=lambda failure: failure.exit_code)

    @property
    def conflict(self) -> ConflictError | None:
        """What a stranger's object makes of the plan, if one holds a name in it."""
        foreign = [each for plan in self.whole for each in plan.foreign]
        return conflict(foreign) if foreign else None


def conflict(foreign: Sequence[Foreign]) -> ConflictError:
    """The error for objects that hold names of ours."""
    first, more = foreign[0], len(foreign) - 1
    others = f", and {more} more" if more else ""
    hint = "rename the sandbox, or remove that object with the engine's own client"
    if "belongs to" in first.reason:
        hint = "moving a sandbox to another project is delete, then apply"
    return ConflictError(f"{first.name} on {first.backend} is not ours: {first.reason}{others}", hint=hint,
                         sandbox=first.name)  # fmt: skip


def look(session: Session, loaded: Sequence[Loaded], stack: ExitStack, *, before: Before | None = None) -> Outlook:
    """Asks each engine in turn; connections stay open until `stack` ends. One that refuses a field gets no call."""
    outlook = Outlook(problems=list(policies.refusals(session, loaded)))
    if errors(outlook.problems):
        return outlook
    for group in engines.grouped(session, loaded):
        refused = [problem for each in group.loaded for problem in capabilities.refusals(each, group.name)]
        outlook.problems += refused
        if errors(refused):
            continue
        try:
            backend = stack.enter_context(engines.opened(session, group))
            if before is not None:
                before(group.loaded, backend)
            prepared = observe.prepare(group.loaded, backend)
        except SandboxctlError as failure:
            outlook.failures.append(failure)
            continue
        outlook.plans.append((backend, prepared.plan))
        outlook.problems += prepared.problems
    return outlook
