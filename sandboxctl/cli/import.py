"""`sandboxctl import`: a spec from a live container or pod, whoever made it. Nothing is written."""  # noqa: N999  (a verb of the command)

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from sandboxctl.importing import Imported


@click.command("import")
@click.argument("name")
@options.session(outputs=("yaml", "json"), engines=True)
def command(session: Session, name: str) -> int:
    """Write a spec of what is live.

    NAME is a container or pod, whoever made it. Its plan against this spec is empty, but for whose it is; what a spec
    cannot say is told on standard error.
    """
    import json

    from sandboxctl import importing
    from sandboxctl.cli import engines
    from sandboxctl.errors import ExitCode, NotFoundError
    from sandboxctl.problems import errors

    with engines.holding(session, name) as backend:
        observed = backend.reader.observe(name)
        if observed is None:
            raise NotFoundError(f"there is no {name} on {backend.name}", hint="say where it is with --backend")
        found = importing.spec_of(observed, backend)
    if session.json:
        session.result(json.dumps(_json(found), indent=2, sort_keys=True) + "\n")
    else:
        session.result(found.text)
        _tell(session, found)
    return ExitCode.INVALID if errors(found.problems) else ExitCode.DONE


def _tell(session: Session, found: Imported) -> None:
    """What the spec is not."""
    import shlex

    from sandboxctl.cli import specs
    from sandboxctl.problems import dotted
    from sandboxctl.report.cells import safe
    from sandboxctl.report.values import shown

    specs.warn(session, found.problems)
    for target, path in found.files.items():
        copy = shlex.join(("sandboxctl", "cp", f"{found.name}:{target}", path))
        session.note(f"note: {safe(path)} has to be there first, with what is in {safe(target)}: `{safe(copy)}`\n")
    for change in found.differences:
        values = "" if change.sensitive else f": {shown(change.key, change.before)} → {shown(change.key, change.after)}"
        session.note(f"note: the spec cannot say what is live, so a plan would change {dotted(change.path)}{values}\n")


def _json(found: Imported) -> dict[str, object]:
    from sandboxctl.problems import public_path
    from sandboxctl.report import problems

    differences = [
        {"path": list(public_path(each.path)), "before": each.before, "after": each.after} for each in found.differences
    ]
    return {
        "spec": found.document,
        "differences": differences,
        "files": [{"source": path, "target": target} for target, path in found.files.items()],
        "diagnostics": problems.to_json(found.problems),
    }
