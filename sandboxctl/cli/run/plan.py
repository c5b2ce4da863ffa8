"""What `plan` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from sandboxctl.cli.outlook import Outlook


def run(
    session: Session,
    paths: tuple[str, ...],
    *,
    detailed_exitcode: bool = False,
    out: str | None = None,
    prune: bool = False,
    project: str | None = None,
) -> int:
    """Returns the exit code."""
    from contextlib import ExitStack

    from sandboxctl.cli import outlook, specs
    from sandboxctl.errors import ExitCode, UsageError

    files = specs.paths_only(paths)
    if out is not None and "-" in files:
        raise UsageError("a plan of standard input cannot be applied later", hint="write the spec to a file")
    loaded, warnings = specs.valid(session, files)
    with ExitStack() as stack:
        view = outlook.look(session, loaded, stack, surplus_of=outlook.surplus_of(project, prune=prune))
        view.problems += warnings
        view.check()
        if out is not None and not (view.conflict or view.busy):
            from sandboxctl import saved_plan

            saved_plan.write(saved_plan.saved(outlook.identified(view.plans), files, prune=project), out)
    for each in loaded:
        if each.sandbox.image.pull == "always":
            image = each.sandbox.image
            had = f"pulls {image.base}" if image.build is None else f"builds {image.build.context}"
            moving = f"{each.sandbox.name}: pull is always, so apply {had} before it plans"
            session.note(f"note: {moving}, and it may have moved\n")
    _show(session, view)
    conflict = view.conflict or view.busy
    if conflict is not None:
        specs.tell(session, conflict)
        return conflict.exit_code
    pending = any(plan.pending for plan in view.whole)
    return ExitCode.CHANGES if detailed_exitcode and pending else ExitCode.DONE


def _show(session: Session, view: Outlook) -> None:
    from sandboxctl.cli import specs
    from sandboxctl.report import plan as report

    if session.json:
        session.result(report.to_json(view.whole, view.problems))
    else:
        specs.warn(session, view.problems)
        session.result(report.to_text(view.whole, session.style()))
