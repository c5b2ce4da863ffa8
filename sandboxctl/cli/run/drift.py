"""What `drift` does."""

from __future__ import annotations

from sandboxctl.cli.session import Session


def run(session: Session, paths: tuple[str, ...]) -> int:
    """Returns the exit code."""
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
