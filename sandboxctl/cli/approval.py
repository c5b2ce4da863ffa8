"""The one question before anything is replaced or deleted (behaviour.md, "Commands")."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from sandboxctl.cli.session import Session
from sandboxctl.errors import ApprovalError
from sandboxctl.plan import Plan


def ask(session: Session, plans: Iterable[Plan], *, yes: bool, arguments: Sequence[str] = ()) -> None:
    """Returns where the plan may be carried out; raises ApprovalError where it may not.

    `arguments` are those of the command: where `-` is among them, standard input is the spec and cannot answer.
    """
    if yes or not any(plan.asks for plan in plans):
        return
    if session.json or "-" in arguments or sys.stdin is None or not sys.stdin.isatty():
        raise ApprovalError("the plan replaces, restarts or deletes a sandbox, and nobody is here to approve it",
                            hint="look at the plan, then give --yes")  # fmt: skip
    session.note("Go on? [y/N] ")
    answer = sys.stdin.readline()
    if answer.strip().lower() not in ("y", "yes"):
        raise ApprovalError("not approved: nothing was done")
