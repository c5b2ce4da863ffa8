"""Commands inside a sandbox, whoever runs them: what is run, where its bytes go, and what it left. Knows no engine."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from sandboxctl.dataclass import dataclass, field

Sink = Callable[[bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is run: `user` is `uid[:gid]`, `tty` the caller's own terminal."""

    argv: Sequence[str]
    user: str | None = None
    workdir: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    tty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stdio:
    """Where its bytes come from, a file descriptor, and where they go."""

    stdin: int | None = None
    stdout: Sink
    stderr: Sink


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """What a command in a sandbox left."""

    code: int
    stdout: bytes = b""
    stderr: bytes = b""


class Runner:
    """Runs commands in the sandboxes of one engine, through `run`: it takes a ref and returns the exit code.

    `run` raises NotFoundError for what is not there, ExecError for what is not running. Threads may share it.
    """

    def __init__(self, run: Callable[[str, Command, Stdio], int]) -> None:
        self._run = run

    def exec(
        self,
        ref: str,
        argv: Sequence[str],
        *,
        user: str | None = None,
        workdir: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
        stdout: Sink | None = None,
        stderr: Sink | None = None,
    ) -> ExecResult:
        """What has no sink of its own is in the result. `stdin` is a file that can be waited on."""
        out, err = io.BytesIO(), io.BytesIO()
        command = Command(argv=argv, user=user, workdir=workdir, env=env or {})
        handle = None if stdin is None else stdin.fileno()
        code = self._run(ref, command, Stdio(stdin=handle, stdout=stdout or into(out), stderr=stderr or into(err)))
        return ExecResult(code=code, stdout=out.getvalue(), stderr=err.getvalue())

    def interactive(self, ref: str, argv: Sequence[str], *, user: str | None, workdir: str | None) -> int:
        """On the caller's terminal; returns the exit code."""

        def write(chunk: bytes) -> None:
            os.write(sys.stdout.fileno(), chunk)

        env = {"TERM": os.environ.get("TERM", "xterm")}
        command = Command(argv=argv, user=user, workdir=workdir, env=env, tty=True)
        return self._run(ref, command, Stdio(stdin=sys.stdin.fileno(), stdout=write, stderr=write))


def into(buffer: IO[bytes]) -> Sink:
    """A sink that keeps all of it."""

    def write(chunk: bytes) -> None:
        buffer.write(chunk)

    return write
