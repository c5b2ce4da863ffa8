"""Commands in a pod's container, over `streams`. A pod's exec has no user, directory or variables of its own."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from sandboxctl.backends.base import ExecResult
from sandboxctl.backends.kubernetes import streams
from sandboxctl.backends.kubernetes.api import Api
from sandboxctl.backends.kubernetes.condition import SANDBOX
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.errors import InvalidError

_IN_DIRECTORY = 'cd "$1" && shift && exec "$@"'


class KubernetesRunner:
    """Runs commands in the pods of one namespace; threads may share it."""

    def __init__(self, api: Api, reader: KubernetesReader) -> None:
        self._api = api
        self._reader = reader

    def exec(
        self,
        ref: str,
        command: Sequence[str],
        *,
        user: str | None = None,
        workdir: str | None = None,
        env: Mapping[str, str] | None = None,
        stdin: IO[bytes] | None = None,
        stdout: Callable[[bytes], None] | None = None,
        stderr: Callable[[bytes], None] | None = None,
    ) -> ExecResult:
        """See `streams`. A pod's exec has no user, directory or variables of its own: the last two go by a shell."""
        out, err = io.BytesIO(), io.BytesIO()
        code = streams.run(
            self._api,
            self._reader.name_of(ref),
            SANDBOX,
            _command(command, user=user, workdir=workdir, env=env or {}),
            stdin=None if stdin is None else stdin.fileno(),
            stdout=stdout or _into(out),
            stderr=stderr or _into(err),
        )
        return ExecResult(code=code, stdout=out.getvalue(), stderr=err.getvalue())

    def interactive(self, ref: str, command: Sequence[str], *, user: str | None, workdir: str | None) -> int:
        """On the caller's terminal."""

        def write(chunk: bytes) -> None:
            os.write(sys.stdout.fileno(), chunk)

        words = _command(command, user=user, workdir=workdir, env={})
        name = self._reader.name_of(ref)
        return streams.run(
            self._api, name, SANDBOX, words, stdin=sys.stdin.fileno(), stdout=write, stderr=write, terminal=True
        )


def _command(
    command: Sequence[str], *, user: str | None, workdir: str | None, env: Mapping[str, str]
) -> tuple[str, ...]:
    if user is not None:
        raise InvalidError("a pod's exec has no user of its own", hint="leave --user out, or change security.user")
    words = tuple(command)
    if env:
        words = ("env", *(f"{name}={text}" for name, text in env.items()), *words)
    return words if workdir is None else ("sh", "-c", _IN_DIRECTORY, "sh", workdir, *words)


def _into(buffer: io.BytesIO) -> Callable[[bytes], None]:
    def write(chunk: bytes) -> None:
        buffer.write(chunk)

    return write
