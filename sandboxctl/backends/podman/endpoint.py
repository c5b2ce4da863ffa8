"""Which Podman: flag or spec, CONTAINER_HOST, a service of the user's or the system's that runs. No request is made.

Where there is none of these, `service` starts one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sandboxctl.backends.base import Connection
from sandboxctl.engine_http import LOOPBACK, Endpoint
from sandboxctl.errors import InvalidError

LABEL = "Podman"
_ADDRESSES = "write unix:///PATH, ssh://USER@HOST/PATH, or tcp://127.0.0.1:PORT"


def named(connection: Connection) -> Endpoint | None:
    """The endpoint that somebody has named, alive or not. Raises InvalidError for a transport that is not safe."""
    url = connection.podman_uri or os.environ.get("CONTAINER_HOST")
    return _endpoint(url, timeout=connection.timeout) if url else None


def _endpoint(url: str, *, timeout: float) -> Endpoint:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidError(f"`{url}` is no address of Podman: {error}", hint=_ADDRESSES) from error
    if parts.scheme == "unix" and parts.path:
        return Endpoint(label=LABEL, url=url, path=parts.path, named=True)
    if parts.scheme == "tcp" and parts.hostname in LOOPBACK:
        return Endpoint(label=LABEL, url=url, address=(parts.hostname, port or 8080), named=True)
    if parts.scheme == "ssh" and parts.path not in ("", "/"):
        from sandboxctl.ssh_tunnel import tunnel

        made = tunnel(url, parts, remote=parts.path, timeout=timeout)
        return Endpoint(label=LABEL, url=url, tunnel=made, named=True)
    if parts.scheme == "tcp":
        # podman-py documents its TLS option as ignored: all of it would go in clear text
        raise InvalidError(
            f"Podman at {url}: its client has no TLS, so whoever is on the way could take the engine over",
            hint="use ssh://USER@HOST/PATH-OF-ITS-SOCKET",
        )
    raise InvalidError(f"`{url}` is no address of Podman that is known here", hint=_ADDRESSES)


def at(path: Path) -> Endpoint:
    """The endpoint of a socket's path."""
    return Endpoint(label=LABEL, url=f"unix://{path}", path=str(path))


def running() -> Endpoint | None:
    """The service of this user, or for root the system's, if somebody listens there."""
    return next((at(path) for path in _usual_sockets() if listens(path)), None)


def _usual_sockets() -> Iterator[Path]:
    directory = os.environ.get("XDG_RUNTIME_DIR")
    if os.geteuid() == 0:
        yield Path("/run/podman/podman.sock")
    elif directory:
        yield Path(directory, "podman", "podman.sock")
    else:
        yield Path(f"/run/user/{os.geteuid()}/podman/podman.sock")


def listens(path: Path) -> bool:
    """Whether a connection is taken there. A socket's file outlives its service, so it says nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
        except (TimeoutError, BlockingIOError):
            return True  # somebody is there, and too busy to say so
        except OSError:
            return False
    return True
