"""The steps of each sandbox as a chain with one commit point, chains side by side; one failure stops no other."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sandboxctl import blame
from sandboxctl.apply import images, marking, steps
from sandboxctl.apply.events import ApplyOptions, Event, Outcome, Result
from sandboxctl.apply.work import RolledBackError, Work
from sandboxctl.backends.base import Backend
from sandboxctl.dataclass import replace
from sandboxctl.errors import ExitCode, FailedError, SandboxctlError
from sandboxctl.plan import Action, Kind, Plan
from sandboxctl.problems import Problem


def carry_out(
    plan: Plan, backend: Backend, options: ApplyOptions, *, emit: Callable[[Event], None]
) -> tuple[Result, ...]:
    """Carries a plan out; one result for each sandbox, in the plan's order.

    Raises InvalidError or UnreachableError for what is found before the first write (an image that cannot be had).
    What happens later is in the results.
    """
    ready = images.fetch(plan, backend, emit=emit)
    chains = of(ready)
    work = Work(backend=backend, engine=ready.engine, options=options, emit=emit)
    stop = threading.Event()

    def run(chain: tuple[Action, ...]) -> Result:
        if stop.is_set() or options.cancelled():
            return Result(name=chain[-1].name, code=0, outcome="skipped")
        result = _run(chain, work)
        if result.outcome == "failed" and (options.fail_fast or result.code == ExitCode.UNREACHABLE):
            stop.set()  # an engine that is gone, or silent, has nothing new asked of it
        return result

    if len(chains) <= 1 or options.workers == 1:
        return tuple(run(chain) for chain in chains)
    from concurrent.futures import ThreadPoolExecutor  # 9 ms, and one sandbox needs none

    with ThreadPoolExecutor(max_workers=options.workers) as pool:
        return tuple(pool.map(run, chains))


def of(plan: Plan) -> list[tuple[Action, ...]]:
    """The actions of each sandbox together, in the order of the plan."""
    chains: dict[str, list[Action]] = {}
    for action in plan.actions:
        chains.setdefault(action.address, []).append(action)
    return [tuple(chain) for chain in chains.values()]


_OUTCOMES: dict[Kind, Outcome] = {
    Kind.NO_OP: "unchanged",
    Kind.CREATE: "created",
    Kind.UPDATE: "updated",
    Kind.START: "started",
    Kind.REPLACE: "replaced",
    Kind.DELETE: "deleted",
    Kind.RECOVER: "recovered",
}


def _masked(text: str, chain: tuple[Action, ...]) -> str:
    """Without the sensitive values of its specs: a sandbox may have printed them as its last words."""
    for action in chain:
        for value in action.desired.sandbox.secrets() if action.desired is not None else ():
            for line in (value.reveal(), *value.reveal().splitlines()):
                text = text.replace(line, "(sensitive)") if line.strip() else text
    return text


def _causes(error: SandboxctlError, chain: tuple[Action, ...]) -> tuple[Problem, ...]:
    """What of the spec the engine complained about, at its line."""
    desired = chain[-1].desired
    found = blame.problems(error, None if desired is None else desired.loaded)
    return tuple(replace(each, message=_masked(each.message, chain)) for each in found)


def _ended_with(error: BaseException | None) -> int | None:
    """The exit code of the command whose end was the failure, also of one that was rolled back."""
    while error is not None:
        if isinstance(error, FailedError) and error.ended_with is not None:
            return error.ended_with
        error = error.__cause__
    return None


def _run(chain: tuple[Action, ...], work: Work) -> Result:
    """One sandbox. The outcome is that of the last step that did anything."""
    name = chain[-1].name
    outcome: Outcome = "unchanged"
    step = marking.run if work.engine.staging == "marker" else steps.run
    try:
        for action in chain:
            step(action, work)
            if action.kind is not Kind.NO_OP:
                outcome = _OUTCOMES[action.kind]
    except SandboxctlError as error:
        rolled_back = isinstance(error, RolledBackError)
        return Result(name=name, code=int(error.exit_code), outcome="failed", rolled_back=rolled_back,
                      brief=_masked(error.brief, chain), hint=error.hint, problems=_causes(error, chain),
                      ended_with=_ended_with(error))  # fmt: skip
    return Result(name=name, code=0, outcome=outcome)
