"""Doing what a plan says, and no more. The only package that is given a Writer.

Each sandbox is a chain of steps with one commit point; independent sandboxes run side by side, and one failure does
not stop the others (behaviour.md, "Apply").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandboxctl.apply.events import ApplyOptions, Event, Outcome, Result
from sandboxctl.backends.base import Backend
from sandboxctl.plan import Plan
from sandboxctl.spec import Loaded

__all__ = ["ApplyOptions", "Event", "Outcome", "Result", "apply", "fetch", "pull_always"]

Emit = Callable[[Event], None]


def pull_always(loaded: Sequence[Loaded], backend: Backend, *, emit: Emit) -> None:
    """Pulls or builds what says `pull: always`, before the plan is made, since the reference may move by it."""
    if any(each.sandbox.image.pull == "always" for each in loaded):
        from sandboxctl.apply import images

        images.pull_always(loaded, backend, emit=emit)


def fetch(plan: Plan, backend: Backend, *, emit: Emit) -> Plan:
    """What comes before the first write: images are had, and an engine that can is asked whether it would take it all.

    Raises InvalidError or UnreachableError, with the places in the spec.
    """
    if not plan.pending:
        return plan  # without loading what it takes to change anything
    from sandboxctl.apply import images, marking

    ready = images.fetch(plan, backend, emit=emit)
    if ready.engine.staging == "marker":
        marking.rehearse(ready, backend)
    return ready


def apply(plan: Plan, backend: Backend, options: ApplyOptions, *, emit: Emit) -> tuple[Result, ...]:
    """Carries a plan out; one result for each sandbox, in the plan's order.

    Raises InvalidError or UnreachableError for what is found before the first write (an image that cannot be had).
    What happens later is in the results.
    """
    if not plan.pending:
        outcome: Outcome = "skipped" if options.cancelled() else "unchanged"
        named = {action.address: action.name for action in plan.actions}
        return tuple(Result(name=name, code=0, outcome=outcome) for name in named.values())
    from sandboxctl.apply import chains

    return chains.carry_out(plan, backend, options, emit=emit)
