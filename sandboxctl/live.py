"""What is done with one running sandbox by its name: exec, shell, logs. The plan has no part in it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from sandboxctl import ownership
from sandboxctl.backends.base import Backend, Observed
from sandboxctl.errors import ConflictError, ExecError, NotFoundError
from sandboxctl.states import remedy, sandbox_state, spoken

Write = Callable[[Literal[1, 2], bytes], None]
"""Takes what a sandbox says: 1 is its standard output, 2 its standard error."""


def find(name: str, backend: Backend) -> Observed:
    """The sandbox of this name. Raises NotFoundError, ConflictError for an object that is not ours."""
    observed = backend.reader.observe(name)
    if observed is None or observed.name != name:
        raise NotFoundError(f"there is no sandbox {name} on {backend.name}", hint="`sandboxctl list` shows them")
    if not ownership.is_ours(observed):
        raise ConflictError(f"{name} on {backend.name} was not made by sandboxctl", hint="use the engine's own client")
    return observed


def running(name: str, backend: Backend) -> Observed:
    """The same, and it runs. Raises ExecError where it does not."""
    observed = find(name, backend)
    if observed.status.state == "running":
        return observed
    from sandboxctl.snapshot import applied_to  # brings the plan, which no exec needs

    applied = applied_to(observed.ref, observed.labels)
    if applied is None:
        raise ExecError(f"{name} is not running", hint="`sandboxctl apply` brings it back")
    ttl = ownership.ttl_seconds(observed.labels)
    state = sandbox_state(applied.sandbox, observed.status, ttl=ttl, now=backend.reader.now())
    hint = remedy(state, restarts=backend.reader.engine().restarts)
    raise ExecError(f"{name} is not running: it is {spoken(state, observed.status)}", hint=hint)


def exec_in(
    name: str,
    command: Sequence[str],
    backend: Backend,
    *,
    user: str | None = None,
    workdir: str | None = None,
    stdin: bool = False,
    tty: bool = False,
    write: Write,
) -> int:
    """Runs a command with our own streams; returns its exit code. With `tty` what it writes is the terminal's own."""
    observed = running(name, backend)
    if tty and sys.stdin is None:
        raise ExecError("a terminal needs a standard input, and there is none", hint="leave -t out")
    if tty:
        return backend.runner.interactive(observed.ref, command, user=user, workdir=workdir)
    return backend.runner.exec(
        observed.ref,
        command,
        user=user,
        workdir=workdir,
        stdin=sys.stdin.buffer if stdin and sys.stdin is not None else None,
        stdout=partial(write, 1),
        stderr=partial(write, 2),
    ).code


def shell(name: str, backend: Backend, *, user: str | None = None, workdir: str | None = None, write: Write) -> int:
    """bash where the image has it, else sh; on the terminal if there is one."""
    on_terminal = sys.stdin is not None and sys.stdin.isatty()
    command = ("sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi")
    return exec_in(name, command, backend, user=user, workdir=workdir, stdin=True, tty=on_terminal, write=write)


def logs(
    name: str,
    backend: Backend,
    *,
    tail: int | None,
    follow: bool,
    write: Write,
) -> None:
    """Hands every chunk to `write`: 1 is standard output, 2 standard error."""
    observed = find(name, backend)
    for stream, chunk in backend.reader.logs(observed.ref, tail=tail, follow=follow):
        write(stream, chunk)
