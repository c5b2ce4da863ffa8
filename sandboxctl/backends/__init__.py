"""The engines, each behind the same two protocols (`base`). No backend knows another."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from sandboxctl.advice import Advice
from sandboxctl.backends.base import Backend, Connection, Engine
from sandboxctl.errors import InvalidError, UnreachableError

_BUILT = {
    "docker": "sandboxctl.backends.docker",
    "podman": "sandboxctl.backends.podman",
    "kubernetes": "sandboxctl.backends.kubernetes",
}


def connect(name: str, connection: Connection) -> Backend:
    """The backend of this name; asks the engine nothing yet. Raises InvalidError for one that is not built."""
    module = _BUILT.get(name)
    if module is None:
        raise InvalidError(f"{name}: only render is built yet", hint=f"built: {', '.join(sorted(_BUILT))}")
    return cast("Backend", import_module(module).connect(connection))


def diagnose(name: str, failure: UnreachableError | None, engine: Engine | None) -> tuple[Advice, ...]:
    """What this host lacks for a backend: `failure` is why it does not answer, else `engine` what it said."""
    return cast("tuple[Advice, ...]", import_module(f"{_BUILT[name]}.diagnosis").diagnose(failure, engine))
