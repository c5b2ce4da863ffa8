"""What `exec` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sandboxctl.cli.session import Session


def run(
    session: Session,
    name: str,
    words: Sequence[str],
    *,
    user: str | None = None,
    workdir: str | None = None,
    interactive: bool = False,
    tty: bool = False,
) -> int:
    """Returns the command's exit code."""
    from sandboxctl import live
    from sandboxctl.cli import engines, passing

    with failures_of_exec():
        if user is not None:
            from sandboxctl.cli import policies

            policies.check_user(session, user)
        with engines.holding(session, name) as backend:
            return live.exec_in(
                name, words, backend, user=user, workdir=workdir, stdin=interactive, tty=tty, write=passing.streams()
            )


@contextmanager
def failures_of_exec() -> Iterator[None]:
    """64, 4 and 9 keep their meaning; every other failure of ours is 125, so that it is not taken for the command's."""
    from sandboxctl import errors

    try:
        yield
    except (errors.UsageError, errors.UnreachableError, errors.NotFoundError, errors.ExecError):
        raise
    except errors.SandboxctlError as error:
        raise errors.ExecError(error.brief, hint=error.hint, sandbox=error.sandbox) from error
