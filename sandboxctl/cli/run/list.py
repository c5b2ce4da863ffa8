"""What `list` does, and what `status` shares with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxctl.observe import Row
    from sandboxctl.spec import Loaded


def run(session: Session, paths: tuple[str, ...], *, project: str | None = None) -> int:
    """Returns the exit code."""
    from datetime import UTC, datetime

    from sandboxctl.report import sandboxes as report

    rows = look(session, specs_at_hand(session, paths), project=project)
    if session.json:
        session.result(report.to_json(rows))
    elif rows:
        session.result(report.to_table(rows, now=datetime.now(UTC)))
    else:
        session.note("no sandboxes\n")
    return 0


def specs_at_hand(session: Session, paths: Sequence[str] = ()) -> tuple[Loaded, ...]:
    """The specs to compare with. Without paths those of `sandbox.yaml`, if it is there and in order."""
    from sandboxctl.cli import specs
    from sandboxctl.problems import errors

    if paths:
        return specs.valid(session, specs.paths_only(paths))[0]
    if not os.path.exists(specs.DEFAULT):
        return ()
    result = specs.read(session, (specs.DEFAULT,))
    if errors(result.problems):
        session.note(f"note: {specs.DEFAULT} has errors, so sandboxes are compared with what was applied\n")
        return ()
    return result.loaded


def look(
    session: Session, loaded: Sequence[Loaded], *, names: Sequence[str] = (), project: str | None = None
) -> tuple[Row, ...]:
    """The rows of every engine in use, and of those that the specs name."""
    from sandboxctl import observe
    from sandboxctl.cli import engines

    rows: list[Row] = []
    with engines.in_use_or_meant(session, loaded) as places:
        for backend, here in places:
            rows += observe.listed(backend, names=names, project=project, loaded=here)
    return tuple(rows)
