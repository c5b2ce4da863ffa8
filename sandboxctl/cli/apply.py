"""`sandboxctl apply`: makes the live sandboxes what the specs say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxctl.backends.base import Backend
    from sandboxctl.spec import Loaded


@click.command("apply")
@options.paths
@click.option("--yes", "-y", is_flag=True, help="Replace and delete without asking.")
@click.option("--no-wait", is_flag=True, help="Don't wait until a sandbox is ready; it is verified all the same.")
@click.option("--wait-timeout", type=options.duration, metavar="DURATION", help="Instead of lifecycle.ready.timeout.")
@click.option("--fail-fast", is_flag=True, help="Start nothing new after a failure.")
@options.session(specs=True, engines=True, policy=True)
def command(
    session: Session, paths: tuple[str, ...], *, yes: bool, no_wait: bool, wait_timeout: int | None, fail_fast: bool
) -> int:
    """Make the live sandboxes what their specs say.

    They are created, changed in place, started or replaced, and each is verified.
    """
    from contextlib import ExitStack

    from sandboxctl.apply import ApplyOptions, pull_always
    from sandboxctl.cli import carrying_out, outlook, specs

    def pull(loaded: Sequence[Loaded], backend: Backend) -> None:
        pull_always(loaded, backend, emit=lambda event: carrying_out.emit(session, event))

    files = specs.paths_only(paths)
    loaded, warnings = specs.valid(session, files)
    with ExitStack() as stack:
        view = outlook.look(session, loaded, stack, before=pull)
        view.problems += warnings
        view.check()
        specs.warn(session, view.problems)
        return carrying_out.carry_out(
            session,
            view.plans,
            yes=yes,
            arguments=files,
            options=ApplyOptions(wait=not no_wait, wait_timeout=wait_timeout, fail_fast=fail_fast),
            conflict=view.conflict,
        )
