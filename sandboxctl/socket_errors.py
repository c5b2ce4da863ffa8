"""What an error on the way to an engine, the operating system's or OpenSSL's, means in a user's words. Pure."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from sandboxctl.errors import AbsentError, UnreachableError

if TYPE_CHECKING:
    from sandboxctl.engine_http import Endpoint

_CERTIFICATES = "do the certificates of both sides come from the authorities that the other one knows?"
_FLAG = "see --docker-host, --podman-uri"


def unreachable(endpoint: Endpoint, error: OSError) -> UnreachableError:
    """AbsentError where nothing is there, and nobody said that it would be."""
    label, url = endpoint.label, endpoint.url
    if endpoint.tls is not None and (words := _tls_complaint(error)):
        return UnreachableError(f"{label} at {url} cannot be reached by TLS: {words}", hint=_CERTIFICATES)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        kind = UnreachableError if endpoint.named else AbsentError
        return kind(f"there is no {label} at {url}", hint=f"install and start it, or say where it is ({_FLAG})")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UnreachableError(
            f"no permission to use {label} at {url}",
            hint=f"run as a user who may: the group that owns the socket (often `docker`), or root; {_FLAG}",
        )
    if error.errno == errno.ECONNREFUSED:
        return UnreachableError(f"{label} is not running at {url}", hint=f"start its service, or {_FLAG}")
    if error.errno in (errno.ECONNRESET, errno.EPIPE):
        return UnreachableError(f"{label} at {url} closed the connection in mid-answer", hint="is it restarting?")
    return UnreachableError(f"{label} at {url} cannot be reached: {error.strerror or error}", hint=_FLAG)


def _tls_complaint(error: OSError) -> str | None:
    """OpenSSL's words, if they are any. Its errors have numbers of their own, and 1 is not EPERM."""
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return " ".join(str(error.reason or error).split()).replace("_", " ").lower()
    return None
