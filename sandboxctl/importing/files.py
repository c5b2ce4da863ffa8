"""What is in the files of a sandbox, where it can be had: it tells itself, and the digest that was applied proves it.

Nothing sensitive is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandboxctl.backends.base import Backend, Observed
from sandboxctl.digest import hexadecimal
from sandboxctl.errors import SandboxctlError, UnreachableError
from sandboxctl.sdk import MissingSdkError

LARGEST = 64 * 2**10
"""Bytes of a file that still is a part of a spec for somebody to read."""


def contents(observed: Observed, digests: Mapping[str, str | None], backend: Backend) -> Mapping[str, str]:
    """The texts by target; without those that are too large, no text, sensitive, or not what was applied."""
    if observed.status.state != "running":
        return {}
    read = {target: _text(observed.ref, target, digest, backend) for target, digest in digests.items() if digest}
    return {target: text for target, text in read.items() if text is not None}


def _text(ref: str, target: str, digest: str, backend: Backend) -> str | None:
    try:
        result = backend.runner.exec(ref, ("head", "-c", str(LARGEST + 1), target))
    except MissingSdkError:
        return None
    except UnreachableError:
        raise
    except SandboxctlError:
        return None
    if result.code != 0 or len(result.stdout) > LARGEST or f"sha256:{hexadecimal(result.stdout)}" != digest:
        return None
    try:
        return result.stdout.decode()
    except UnicodeDecodeError:
        return None
