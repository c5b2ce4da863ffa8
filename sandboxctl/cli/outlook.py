"""What apply would do on every engine, or why it cannot: shared by plan and apply. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sandboxctl import capabilities, observe, pruning, sdk
from sandboxctl.backends.base import Backend
from sandboxctl.cli import engines, policies
from sandboxctl.cli.refusal import RefusedError
from sandboxctl.cli.session import Session
from sandboxctl.dataclass import dataclass, field, replace
from sandboxctl.errors import ConflictError, SandboxctlError, UsageError
from sandboxctl.plan import Foreign, Plan
from sandboxctl.problems import Problem, errors, ordered
from sandboxctl.removal import merged
from sandboxctl.spec import Loaded

Before = Callable[[Sequence[Loaded], Backend], None]


@dataclass(slots=True, kw_only=True)
class Outlook:
    """The plan of each engine that could be asked; what is wrong; which engines failed, and how."""

    plans: list[tuple[Backend, Plan]] = field(default_factory=list)
    specs: list[tuple[Backend, Sequence[Loaded]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    failures: list[SandboxctlError] = field(default_factory=list)
    surplus_of: str | None = None

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
        foreign = [each for plan in self.whole for each in plan.strangers]
        return conflict(foreign) if foreign else None

    @property
    def busy(self) -> ConflictError | None:
        """What somebody else's work makes of it: it has to be waited for."""
        foreign = [each for plan in self.whole for each in plan.busy]
        return conflict(foreign) if foreign else None

    def again(self, *, break_lock: bool = False) -> list[tuple[Backend, Plan]]:
        """The plans as they would be now. Raises RefusedError for what an engine has come to lack."""
        prepared = [(backend, self.prepare(loaded, backend, break_lock=break_lock)) for backend, loaded in self.specs]
        found = [problem for _, each in prepared for problem in each.problems]
        if errors(found):
            raise RefusedError(ordered(found))
        return [(backend, each.plan) for backend, each in prepared]

    def prepare(self, loaded: Sequence[Loaded], backend: Backend, *, break_lock: bool) -> observe.Prepared:
        """One engine's plan, with the deletion of what a project has besides, where that is wanted."""
        prepared = observe.prepare(loaded, backend, break_lock=break_lock)
        if self.surplus_of is None:
            return prepared
        surplus = pruning.prepare_surplus(loaded, backend, self.surplus_of, break_lock=break_lock)
        return replace(prepared, plan=merged(prepared.plan, surplus))


def identified(plans: Sequence[tuple[Backend, Plan]]) -> list[Plan]:
    """With the engines' own ids."""
    return [replace(plan, engine=backend.reader.identify()) for backend, plan in plans]


def conflict(foreign: Sequence[Foreign]) -> ConflictError:
    """The error for objects that hold names of ours."""
    first, more = foreign[0], len(foreign) - 1
    others = f", and {more} more" if more else ""
    hint = "rename the sandbox, or remove that object with the engine's own client"
    if "belongs to" in first.reason:
        hint = "moving a sandbox to another project is delete, then apply"
    if first.busy:
        return ConflictError(f"{first.name} on {first.backend} is in the hands of {first.reason}{others}",
                             hint="wait for it; if it is gone, --break-lock", sandbox=first.name)  # fmt: skip
    return ConflictError(f"{first.name} on {first.backend} is not ours: {first.reason}{others}", hint=hint,
                         sandbox=first.name)  # fmt: skip


def surplus_of(project: str | None, *, prune: bool) -> str | None:
    """The project that --prune is about. Raises UsageError for one option without the other."""
    if prune != (project is not None):
        raise UsageError("--prune and --project go together", hint="--prune deletes what --project has besides")
    return project


def look(
    session: Session,
    loaded: Sequence[Loaded],
    stack: ExitStack,
    *,
    before: Before | None = None,
    break_lock: bool = False,
    surplus_of: str | None = None,
    ask_policies: bool = True,
) -> Outlook:
    """Asks each engine in turn; connections stay open until `stack` ends. One that refuses a field gets no call.

    `surplus_of` is a project, of which all else is deleted. Policies are asked, and whether a plan could be carried out
    from here, but where somebody only looks.
    """
    forbidden = policies.refusals(session, loaded) if ask_policies else ()
    outlook = Outlook(problems=list(forbidden), surplus_of=surplus_of)
    if errors(outlook.problems):
        return outlook
    for group in engines.grouped(session, loaded):
        refused = [problem for each in group.loaded for problem in capabilities.refusals(each, group.name)]
        outlook.problems += refused
        if ask_policies:
            outlook.problems += [each for spec in group.loaded for each in capabilities.left_to_do(spec, group.name)]
        if errors(refused):
            continue
        try:
            backend = stack.enter_context(engines.opened(session, group))
            if before is not None:
                before(group.loaded, backend)
            prepared = outlook.prepare(group.loaded, backend, break_lock=break_lock)
            if ask_policies and prepared.plan.pending:
                sdk.check(backend.sdk)
        except SandboxctlError as failure:
            outlook.failures.append(failure)
            continue
        outlook.plans.append((backend, prepared.plan))
        outlook.specs.append((backend, group.loaded))
        outlook.problems += prepared.problems
    return outlook
