"""The client's failures and the service's refusals as ours, in one place."""

from __future__ import annotations

from podman.errors import APIError

from sandboxctl.backends.podman.complaints import TABLE
from sandboxctl.complaints import engine_error
from sandboxctl.engine_http import message
from sandboxctl.errors import ConflictError, SandboxctlError, SilentError, UnreachableError

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
    return engine_error(f"Podman: {text}", status=404 if gone else status, table=TABLE)
