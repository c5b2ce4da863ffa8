"""The client's failures and the service's refusals as ours, in one place."""

from __future__ import annotations

from podman.errors import APIError

from sandboxctl.engine_http import message
from sandboxctl.errors import ConflictError, EngineError, SandboxctlError, SilentError, UnreachableError

_TAKEN = ("name is already in use", "is already in use by", "UNIQUE constraint failed: ContainerConfig.Name")
"""What a name that somebody has is called: with status 500, and by 5.x in the words of its database."""


def unreachable(url: str, error: APIError) -> UnreachableError:
    """The client wraps whatever its transport raised."""
    cause = error.__cause__ or error
    if "timed out" in str(cause).lower():
        return SilentError(f"Podman did not answer in time ({url})", hint="--timeout waits longer")
    return UnreachableError(f"the connection to Podman broke ({url}): {str(cause)[:200]}")


def refused(status: int, body: bytes) -> SandboxctlError:
    """What the service answered with an error."""
    text = message(body)
    if status == 409 or any(words in text for words in _TAKEN):
        return ConflictError(f"Podman: {text}")
    gone = "statfs" in text and "no such file or directory" in text  # what a bind mount names
    return EngineError(f"Podman: {text}", status=404 if gone else status, hint=_hint(text))


def _hint(text: str) -> str | None:
    """What usually mends the commonest refusals."""
    table = {
        "address already in use": "another program has this port: choose another, or host: 0",
        "executable file not found": "the image lacks this program: check command, or the image",
        "a command that was not found": "the image lacks this program: check command, or the image",
        "no space left": "the engine's disk is full: `podman system df`",
        "rlimit": "the host forbids raising this limit: lower resources.ulimits, or give the engine CAP_SYS_RESOURCE",
        "catatonit": "install the package catatonit, or set lifecycle.init to false",
        "cgroups in hybrid mode": 'crun cannot: set `runtime = "runc"` in containers.conf',
        "no secret with name": "create it first with `podman secret create`",
        "enough available IDs": "give `containers` a range in /etc/subuid and /etc/subgid: containers:100000:1048576",
        "enough unused IDs": "give `containers` a larger range in /etc/subuid and /etc/subgid",
    }
    return next((hint for words, hint in table.items() if words in text), None)
