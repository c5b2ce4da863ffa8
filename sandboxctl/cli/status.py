"""`sandboxctl status`: all that is known of one sandbox."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("status")
@click.argument("name")
@options.session(specs=True, engines=True)
def command(session: Session, name: str) -> int:
    """Show all that is known of one sandbox.

    Its state, until when it lives, and where it differs from its spec.
    """
    from datetime import UTC, datetime

    from sandboxctl.cli import specs
    from sandboxctl.cli.list import look, specs_at_hand
    from sandboxctl.errors import NotFoundError
    from sandboxctl.report import sandboxes as report

    specs.check_name(name)
    rows = look(session, specs_at_hand(session), names=(name,))
    if not rows:
        raise NotFoundError(f"there is no sandbox {name}", hint="`sandboxctl list` shows them", sandbox=name)
    session.result(report.to_json(rows) if session.json else report.to_details(rows, now=datetime.now(UTC)))
    return 0
