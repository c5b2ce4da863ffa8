"""What `status` does."""

from __future__ import annotations

from sandboxctl.cli.session import Session


def run(session: Session, name: str) -> int:
    """Returns the exit code."""
    from datetime import UTC, datetime

    from sandboxctl.cli import specs
    from sandboxctl.cli.run.list import look, specs_at_hand
    from sandboxctl.errors import NotFoundError
    from sandboxctl.report import sandboxes as report

    specs.check_name(name)
    rows = look(session, specs_at_hand(session), names=(name,))
    if not rows:
        raise NotFoundError(f"there is no sandbox {name}", hint="`sandboxctl list` shows them", sandbox=name)
    session.result(report.to_json(rows) if session.json else report.to_details(rows, now=datetime.now(UTC)))
    return 0
