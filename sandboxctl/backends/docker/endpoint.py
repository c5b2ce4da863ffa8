"""Which Docker: flag, spec, DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket, in this order.

Contexts are read from the CLI's own files; no engine is asked. The SDK's `from_context` falls back to the local socket
where the context does not exist (docker-py 7.2.0): here that is an error.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from sandboxctl.backends.base import Connection
from sandboxctl.engine_http import Endpoint
from sandboxctl.errors import InvalidError, UnreachableError

DEFAULT = "unix:///var/run/docker.sock"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def resolve(connection: Connection) -> Endpoint:
    """The endpoint. Raises UnreachableError for an unknown context, InvalidError for a transport that is not built."""
    url = _url(connection)
    return _endpoint(url or DEFAULT, named=url is not None)


def _url(connection: Connection) -> str | None:
    """What somebody has said; None where nobody has."""
    if connection.docker_host:
        return connection.docker_host
    if connection.docker_context:
        return _context_url(connection.docker_context)
    if host := os.environ.get("DOCKER_HOST"):
        return host
    if context := os.environ.get("DOCKER_CONTEXT") or _current_context():
        return _context_url(context)
    return None


def _config_directory() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path("~/.docker").expanduser())


def _current_context() -> str | None:
    try:
        config = json.loads((_config_directory() / "config.json").read_text())
    except (OSError, ValueError, RuntimeError):
        return None  # the CLI too runs without a configuration, and without a home
    context = config.get("currentContext") if isinstance(config, dict) else None
    return context if isinstance(context, str) and context else None


def _context_url(name: str) -> str:
    if name == "default":
        return DEFAULT
    folder = hashlib.sha256(name.encode()).hexdigest()
    try:
        meta = json.loads((_config_directory() / "contexts" / "meta" / folder / "meta.json").read_text())
        return str(meta["Endpoints"]["docker"]["Host"])
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise UnreachableError(f"there is no Docker context {name}", hint="`docker context ls` lists them") from error


def _endpoint(url: str, *, named: bool) -> Endpoint:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidError(f"`{url}` is no address of Docker: {error}", hint="write unix:///PATH") from error
    if parts.scheme == "unix" and parts.path:
        return Endpoint(label="Docker", url=url, path=parts.path, named=named)
    if parts.scheme == "tcp" and parts.hostname in _LOOPBACK:
        return Endpoint(label="Docker", url=url, address=(parts.hostname, port or 2375), named=named)
    raise InvalidError(
        f"Docker at {url}: this transport is not built yet", hint="use a unix socket, or tcp:// on the loopback"
    )
