"""Commands in a pod's container, over `streams`. A pod's exec has no user, directory or variables of its own."""

from __future__ import annotations

from sandboxctl.backends.kubernetes import streams
from sandboxctl.backends.kubernetes.api import Api
from sandboxctl.backends.kubernetes.condition import SANDBOX
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.errors import InvalidError
from sandboxctl.runner import Command, Stdio

_IN_DIRECTORY = 'cd "$1" && shift && exec "$@"'


def run(api: Api, reader: KubernetesReader, ref: str, command: Command, stdio: Stdio) -> int:
    """As `streams.run`. Raises InvalidError for a user."""
    return streams.run(api, reader.name_of(ref), SANDBOX, _words(command), stdio, tty=command.tty)


def _words(command: Command) -> tuple[str, ...]:
    """A directory goes by a shell, variables by `env`; TERM of a terminal is the kubelet's affair."""
    if command.user is not None:
        raise InvalidError("a pod's exec has no user of its own", hint="leave --user out, or change security.user")
    words = tuple(command.argv)
    if command.env and not command.tty:
        words = ("env", *(f"{name}={text}" for name, text in command.env.items()), *words)
    return words if command.workdir is None else ("sh", "-c", _IN_DIRECTORY, "sh", command.workdir, *words)
