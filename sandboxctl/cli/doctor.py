"""`sandboxctl doctor`: each backend, how it is, and what would mend it."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

_TIMEOUT = 5.0  # seconds, for each backend, where --timeout says nothing


@click.command("doctor")
@options.session(engines=True)
def command(session: Session) -> int:
    """Show which engines answer, and what would mend the others.

    Nothing is changed, but that a Podman service of our own is started where none runs. Exit code 0 where at least
    one can be used, else 4.
    """
    from functools import partial

    from sandboxctl import doctor
    from sandboxctl.cli import engines
    from sandboxctl.dataclass import replace
    from sandboxctl.errors import ExitCode
    from sandboxctl.report import doctor as report

    asked = replace(session, flags={"timeout": _TIMEOUT, **session.flags})
    names = (session.backend,) if session.backend else options.BACKENDS
    examined = [doctor.examine(name, partial(session.connect, name, engines.connection(asked, name))) for name in names]
    session.result(report.to_json(examined) if session.json else report.to_text(examined, session.style()))
    return ExitCode.DONE if any(each.usable for each in examined) else ExitCode.UNREACHABLE
