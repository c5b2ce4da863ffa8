"""The SDK's errors as ours, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker import errors as sdk

from sandboxctl.errors import ConflictError, EngineError, SandboxctlError, SilentError, UnreachableError


@contextmanager
def reported(*, missing_is_done: bool = False) -> Iterator[None]:
    """The SDK's errors as ours."""
    try:
        yield
    except sdk.NotFound as error:
        if not missing_is_done:
            raise _engine_error(error) from error
    except sdk.APIError as error:
        if missing_is_done and error.response is not None and error.response.status_code == 409:
            return  # "removal of container … is already in progress"
        raise _engine_error(error) from error
    except sdk.DockerException as error:
        raise UnreachableError(f"Docker cannot be reached: {error}") from error
    except requests.exceptions.Timeout as error:
        raise SilentError("Docker did not answer in time", hint="--timeout waits longer") from error
    except requests.exceptions.RequestException as error:
        raise UnreachableError(f"the connection to Docker broke: {error}") from error


def _engine_error(error: sdk.APIError) -> SandboxctlError:
    status = error.response.status_code if error.response is not None else 500
    text = " ".join(str(error.explanation or error).split())
    if status == 409:
        return ConflictError(f"Docker: {text}")
    return EngineError(f"Docker: {text}", status=status, hint=_hint(text))


def _hint(text: str) -> str | None:
    """What usually mends the commonest refusals."""
    table = {
        "port is already allocated": "another program or container has this port: choose another, or host: 0",
        "address already in use": "another program has this port: choose another, or host: 0",
        "executable file not found": "the image lacks this program: check command, or the image",
        "no such file or directory: unknown": "the image lacks this program: check command, or the image",
        "storage-opt": "resources.disk needs overlay over xfs with quotas (pquota): leave it out, or change the host",
        "could not select device driver": "resources.gpus needs the vendor's container toolkit on the engine's host",
        "no space left": "the engine's disk is full: `docker system df`",
        "rlimit": "the host forbids raising this limit: lower resources.ulimits, or give the engine CAP_SYS_RESOURCE",
    }
    return next((hint for words, hint in table.items() if words in text), None)
