"""`sandboxctl verify`: proves every control on the live sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandboxctl.backends.base import Backend, Observed
    from sandboxctl.spec import Sandbox
    from sandboxctl.verify import Verdict


@click.command("verify")
@click.argument("arguments", nargs=-1, metavar="[PATHS|NAMES]...")
@click.option("--strict", is_flag=True, help="Fail for what is weaker or cannot be proved, too.")
@options.session(specs=True, engines=True)
def command(session: Session, arguments: tuple[str, ...], *, strict: bool) -> int:
    """Prove every control on live sandboxes.

    What the spec says is held against what the kernel says.
    """
    from sandboxctl.cli import specs
    from sandboxctl.errors import ExitCode
    from sandboxctl.report import verdict as report

    paths, names = specs.split(arguments or specs.paths_only(()))
    missing: list[NotFoundError] = []
    verdicts = [*_of_specs(session, paths, missing), *_of_names(session, names, missing)]
    if missing and not verdicts:
        raise missing[0]
    session.result(report.to_json(verdicts) if session.json else report.to_text(verdicts, session.style()))
    for error in missing:
        specs.tell(session, error)
    if missing:
        return ExitCode.NOT_FOUND
    fine = all(verdict.strict_ok if strict else verdict.ok for verdict in verdicts)
    return ExitCode.DONE if fine else ExitCode.FAILED


def _of_specs(session: Session, paths: tuple[str, ...], missing: list[NotFoundError]) -> Iterator[Verdict]:
    """A file says itself what is expected. Who is not there goes to `missing`: the others are verified all the same."""
    from sandboxctl import live
    from sandboxctl.capabilities import left_to_do
    from sandboxctl.cli import engines, specs

    if not paths:
        return
    loaded, warnings = specs.valid(session, paths)
    specs.warn(session, warnings)
    for group in engines.grouped(session, loaded):
        specs.warn(session, [problem for each in group.loaded for problem in left_to_do(each, group.name)])
        with engines.opened(session, group) as backend:
            for each in group.loaded:
                try:
                    observed = live.find(each.sandbox.name, backend)
                except NotFoundError as error:
                    missing.append(error)
                else:
                    _check_project(each.sandbox, observed, group.name)
                    yield _judge(each.sandbox, observed, backend)


def _check_project(sandbox: Sandbox, observed: Observed, where: str) -> None:
    """One of another project is not what this spec speaks of. Raises ConflictError."""
    from sandboxctl import ownership
    from sandboxctl.errors import ConflictError

    reason = ownership.foreign_reason(observed, project=sandbox.project)
    if reason is not None:
        raise ConflictError(f"{sandbox.name} on {where} is not ours: {reason}", sandbox=sandbox.name)


def _of_names(session: Session, names: tuple[str, ...], missing: list[NotFoundError]) -> Iterator[Verdict]:
    for name in names:
        try:
            yield _of_name(session, name)
        except NotFoundError as error:
            missing.append(error)


def _of_name(session: Session, name: str) -> Verdict:
    """Of a name the spec that was applied last is expected."""
    from sandboxctl import live, observe
    from sandboxctl.cli import engines
    from sandboxctl.errors import ConflictError

    with engines.holding(session, name) as backend:
        observed = live.find(name, backend)
        applied = observe.applied_to(observed.ref, observed.labels)
        if applied is None:
            raise ConflictError(
                f"{name} does not say what it was made from", hint="verify it by its file", sandbox=name
            )
        return _judge(applied.sandbox, observed, backend)


def _judge(sandbox: Sandbox, observed: Observed, backend: Backend) -> Verdict:
    from sandboxctl.states import sandbox_state
    from sandboxctl.verify import verify

    return verify(
        sandbox,
        observed,
        engine=backend.reader.identify(),
        backend=backend,
        image=backend.reader.image_config(observed.image_id),
        probe_image=sandbox.section(backend.name).probe_image,
        complete=sandbox_state(sandbox, observed.status, ttl=None, now=0) == "complete",
    )
