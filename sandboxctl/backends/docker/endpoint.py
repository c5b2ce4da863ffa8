"""Which Docker: flag, spec, DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket, in this order.

Contexts are read from the CLI's own files; no engine is asked. The SDK's `from_context` falls back to the local socket
where the context does not exist (docker-py 7.2.0): here that is an error. Over TLS the server's certificate is always
checked; plain TCP off the loopback is taken only where somebody has said so.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from sandboxctl.backends.base import Connection
from sandboxctl.dataclass import dataclass
from sandboxctl.digest import hexadecimal
from sandboxctl.engine_http import LOOPBACK, Endpoint
from sandboxctl.errors import InvalidError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

SOCKET = "/var/run/docker.sock"
DEFAULT = f"unix://{SOCKET}"
LABEL = "Docker"
_PLAIN_SOCKET = re.compile(r"unix:///[A-Za-z0-9/._-]+")
_PLAIN_PORT, _TLS_PORT = 2375, 2376
_ADDRESSES = "write unix:///PATH, ssh://USER@HOST or tcp://HOST:PORT"
_SAFE_WAYS = (
    "use ssh://USER@HOST or TLS; `security.allow: [insecure-endpoint]` or a target of your own config allows it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files of PEM, by the names that Docker's own client gives them; each may be missing."""

    directory: Path

    @property
    def authority(self) -> str | None:
        """Who signs the server's; None for the system's authorities."""
        return self._file("ca.pem")

    @property
    def client(self) -> tuple[str, str] | None:
        """The client's certificate and key. Raises UnreachableError where one of the two is missing."""
        certificate, key = self._file("cert.pem"), self._file("key.pem")
        if certificate is not None and key is not None:
            return certificate, key
        if certificate is not None or key is not None:
            missing = "cert.pem" if certificate is None else "key.pem"
            raise UnreachableError(
                f"{self.directory} has no {missing}", hint="a certificate needs its key, and a key its certificate"
            )
        return None

    def _file(self, name: str) -> str | None:
        path = self.directory / name
        return str(path) if path.exists() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address, and the certificates that belong to it: None where TLS is not asked for."""

    url: str
    certificates: Certificates | None = None


def resolve(connection: Connection) -> tuple[Endpoint, Certificates | None]:
    """The endpoint, and the files that its TLS is made of. Makes no connection.

    Raises UnreachableError for a context that is not there or certificates that cannot be used, InvalidError for an
    address that is none, or is not safe.
    """
    place = _place(connection)
    found = place or Place(url=DEFAULT)
    endpoint = _endpoint(found, connection, named=place is not None)
    return endpoint, found.certificates if endpoint.tls is not None else None


def _place(connection: Connection) -> Place | None:
    """What somebody has said; None where nobody has."""
    if connection.docker_host:
        return Place(url=connection.docker_host, certificates=_own_certificates())
    if connection.docker_context:
        return _context(connection.docker_context)
    if host := os.environ.get("DOCKER_HOST"):
        return Place(url=host, certificates=_own_certificates())
    if context := os.environ.get("DOCKER_CONTEXT") or _current_context():
        return _context(context)
    return None


def _own_certificates() -> Certificates | None:
    """As Docker's client: any text in DOCKER_TLS_VERIFY asks for TLS."""
    if not os.environ.get("DOCKER_TLS_VERIFY"):
        return None
    from pathlib import Path

    return Certificates(directory=Path(os.environ.get("DOCKER_CERT_PATH") or _config_directory()))


def _config_directory() -> str:
    return os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")


def _current_context() -> str | None:
    try:
        with open(os.path.join(_config_directory(), "config.json"), encoding="utf-8") as file:
            config = json.load(file)
    except (OSError, ValueError, RuntimeError):
        return None  # the CLI too runs without a configuration, and without a home
    context = config.get("currentContext") if isinstance(config, dict) else None
    return context if isinstance(context, str) and context else None


def _context(name: str) -> Place:
    """Its certificates lie beside it, in a folder of the same name. Raises UnreachableError."""
    if name == "default":
        return Place(url=DEFAULT)
    from pathlib import Path

    folder = hexadecimal(name.encode())
    contexts = Path(_config_directory()) / "contexts"
    try:
        endpoint: dict[str, Any] = json.loads((contexts / "meta" / folder / "meta.json").read_text())["Endpoints"][
            "docker"
        ]
        url, unchecked = str(endpoint["Host"]), endpoint.get("SkipTLSVerify")
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnreachableError(f"there is no Docker context {name}", hint="`docker context ls` lists them") from error
    if unchecked:
        raise InvalidError(
            f"the Docker context {name} does not check the server's certificate: anybody could pose as the engine",
            hint="give the context the certificate's authority (ca=…), without skip-tls-verify",
        )
    directory = contexts / "tls" / folder / "docker"
    return Place(url=url, certificates=Certificates(directory=directory) if directory.is_dir() else None)


def _endpoint(place: Place, connection: Connection, *, named: bool) -> Endpoint:
    if _PLAIN_SOCKET.fullmatch(place.url):
        return Endpoint(label=LABEL, url=place.url, path=place.url.removeprefix("unix://"), named=named)
    from urllib.parse import urlsplit  # brings more than most connections need

    try:
        parts = urlsplit(place.url)
        port = parts.port
    except ValueError as error:
        raise InvalidError(f"`{place.url}` is no address of Docker: {error}", hint=_ADDRESSES) from error
    if parts.scheme == "unix" and parts.path:
        return Endpoint(label=LABEL, url=place.url, path=parts.path, named=named)
    if parts.scheme == "ssh":
        from sandboxctl.ssh_tunnel import tunnel

        made = tunnel(place.url, parts, remote=SOCKET, timeout=connection.timeout)
        return Endpoint(label=LABEL, url=place.url, tunnel=made, named=named)
    if parts.scheme != "tcp" or not parts.hostname:
        raise InvalidError(f"`{place.url}` is no address of Docker that is known here", hint=_ADDRESSES)
    return _over_tcp(place, (parts.hostname, port), acknowledged=connection.acknowledged, named=named)


def _over_tcp(place: Place, address: tuple[str, int | None], *, acknowledged: bool, named: bool) -> Endpoint:
    host, port = address
    if place.certificates is not None:
        where = (host, port or _TLS_PORT)
        return Endpoint(label=LABEL, url=place.url, address=where, tls=_trusting(place.certificates), named=named)
    if host not in LOOPBACK and not acknowledged:
        raise InvalidError(
            f"Docker at {place.url}: without TLS whoever is on the way can take the engine over", hint=_SAFE_WAYS
        )
    return Endpoint(label=LABEL, url=place.url, address=(host, port or _PLAIN_PORT), named=named)


def _trusting(certificates: Certificates) -> SSLContext:
    """Checks the server's certificate and its name, always. Raises UnreachableError for files that cannot be used."""
    import ssl

    try:
        context = ssl.create_default_context(cafile=certificates.authority)
        if certificates.client is not None:
            context.load_cert_chain(*certificates.client)
    except (ssl.SSLError, OSError) as error:
        raise UnreachableError(
            f"the certificates in {certificates.directory} cannot be used: {error}", hint="see DOCKER_CERT_PATH"
        ) from error
    return context
