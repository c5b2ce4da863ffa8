"""`sandboxctl drift`: what is not as it was left. It writes nothing."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("drift")
@options.paths
@options.session(specs=True, engines=True)
def command(session: Session, paths: tuple[str, ...]) -> int:
    """Show what changed behind the specs' back. Nothing is written.

    That is the run state, and every field that differs for another cause than its spec. Exit code 2 where there is
    any, else 0; what only the specs changed is counted, and is no drift.
    """
    from contextlib import ExitStack

    from sandboxctl import journal
    from sandboxctl.cli import outlook, specs
    from sandboxctl.errors import ExitCode
    from sandboxctl.report import drift as report

    loaded, warnings = specs.valid(session, specs.paths_only(paths))
    with ExitStack() as stack:
        view = outlook.look(session, loaded, stack, ask_policies=False)
    view.problems += warnings
    view.check()
    found = report.drifted(view.whole, journal.left_there)
    session.result(report.to_json(found) if session.json else report.to_text(found, session.style()))
    return ExitCode.CHANGES if found.sandboxes or found.foreign else ExitCode.DONE
