"""The SDK's errors as ours, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker import errors as sdk

from sandboxctl.backends.docker.complaints import TABLE
from sandboxctl.complaints import engine_error
from sandboxctl.errors import ConflictError, SandboxctlError, SilentError, UnreachableError


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
    return engine_error(f"Docker: {text}", status=status, table=TABLE)
