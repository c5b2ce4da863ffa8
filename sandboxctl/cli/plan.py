"""`sandboxctl plan`: what apply would do. It writes nothing."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("plan")
@options.paths
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something would change.")
@options.session(specs=True, engines=True, policy=True)
def command(session: Session, paths: tuple[str, ...], *, detailed_exitcode: bool) -> int:
    """Show what apply would do. Nothing is written."""
    from contextlib import ExitStack

    from sandboxctl.cli import outlook, specs
    from sandboxctl.errors import ExitCode
    from sandboxctl.report import plan as report

    loaded, warnings = specs.valid(session, specs.paths_only(paths))
    with ExitStack() as stack:
        view = outlook.look(session, loaded, stack)
    view.problems += warnings
    view.check()
    if session.json:
        session.result(report.to_json(view.whole, view.problems))
    else:
        specs.warn(session, view.problems)
        session.result(report.to_text(view.whole, session.style()))
    if view.conflict is not None:
        specs.tell(session, view.conflict)
        return view.conflict.exit_code
    pending = any(plan.pending for plan in view.whole)
    return ExitCode.CHANGES if detailed_exitcode and pending else ExitCode.DONE
