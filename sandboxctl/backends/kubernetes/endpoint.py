"""Which cluster, and as whom: flag, KUBECONFIG, ~/.kube/config, the pod we run in, in this order. Asks no cluster.

Certificates and tokens are read here. What needs a program or a flow to be had (exec plugins, OIDC) is left to the
official client, which is imported only for such a kubeconfig.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sandboxctl import sdk
from sandboxctl.backends.base import Connection
from sandboxctl.backends.kubernetes import kubeconfig
from sandboxctl.backends.kubernetes.kubeconfig import Entry
from sandboxctl.dataclass import dataclass
from sandboxctl.engine_http import Endpoint
from sandboxctl.errors import AbsentError, InvalidError, UnreachableError

if TYPE_CHECKING:
    from ssl import SSLContext

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_IN_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster and the namespace in it that is meant."""

    endpoint: Endpoint
    namespace: str
    user: str


def resolve(connection: Connection) -> Target:
    """The cluster that a command means. Raises UnreachableError (AbsentError where nothing names one)."""
    files = _files(connection)
    if files:
        entry = kubeconfig.read(files, context=connection.context)
        return Target(
            endpoint=_endpoint(entry), namespace=connection.namespace or entry.namespace, user=entry.user_name
        )
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if host and (_IN_POD / "token").exists():
        return _in_pod(host, connection)
    raise AbsentError(
        "no Kubernetes cluster is named: there is no ~/.kube/config and no KUBECONFIG", hint="use --kubeconfig"
    )


def _files(connection: Connection) -> list[Path]:
    """A file that is named has to be there; of a list in KUBECONFIG, and of the default, those that are."""
    if connection.kubeconfig:
        return [Path(os.path.expanduser(connection.kubeconfig))]
    listed = [Path(os.path.expanduser(each)) for each in os.environ.get("KUBECONFIG", "").split(os.pathsep) if each]
    if len(listed) == 1:
        return listed
    return [path for path in listed or [Path(os.path.expanduser("~/.kube/config"))] if path.exists()]


def _in_pod(host: str, connection: Connection) -> Target:
    """By the pod's own service account."""
    try:
        token = (_IN_POD / "token").read_text().strip()
        namespace = (_IN_POD / "namespace").read_text().strip()
        authority = (_IN_POD / "ca.crt").read_text()
    except OSError as error:
        raise UnreachableError(f"this pod's service account cannot be read: {error}") from error
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    endpoint = Endpoint(
        label="Kubernetes", url=f"https://{host}:{port}", address=(host, int(port)), tls=_context(authority),
        headers={"Host": f"{host}:{port}", "Authorization": f"Bearer {token}"},
    )  # fmt: skip
    return Target(endpoint=endpoint, namespace=connection.namespace or namespace, user="service account")


def _endpoint(entry: Entry) -> Endpoint:
    url = urlsplit(entry.cluster.get("server") or "")
    if not url.hostname or url.scheme not in ("https", "http"):
        raise UnreachableError(f"{entry.place} has no usable `server`", hint="it is like https://HOST:6443")
    if entry.cluster.get("proxy-url"):
        raise InvalidError(f"{entry.place}: `proxy-url` is not built yet", hint="use a context without a proxy")
    port = url.port or (443 if url.scheme == "https" else 80)
    headers = {"Host": url.netloc.rpartition("@")[2], **_bearer(entry)}
    tls: SSLContext | None = None
    if url.scheme == "https":
        tls = _trusting(entry)
        _identify(tls, entry)
    elif url.hostname not in _LOOPBACK:
        raise InvalidError(f"{entry.place}: plain http is used on the loopback only", hint="use https")
    return Endpoint(
        label="Kubernetes", url=f"{url.scheme}://{url.netloc}", address=(url.hostname, port), tls=tls,
        server_name=entry.cluster.get("tls-server-name"), headers=headers,
    )  # fmt: skip


def _bearer(entry: Entry) -> dict[str, str]:
    """The token, where the user has one. Raises InvalidError for ways to log in that are not built."""
    user = entry.user
    for way in ("exec", "auth-provider"):
        if way in user:
            return {"Authorization": _from_official_client(entry)}
    if "username" in user:
        raise InvalidError(f"{entry.place}: a user name and password are not accepted by any current server")
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = _file(entry, user["tokenFile"]).decode().strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _from_official_client(entry: Entry) -> str:
    """What an exec plugin or an identity provider answers."""
    try:
        from kubernetes import config
        from kubernetes.client import Configuration
    except ImportError as error:
        raise sdk.missing("kubernetes", f"{entry.place} logs in by a program, and needs it") from error
    found = Configuration()
    try:
        config.load_kube_config_from_dict(entry.alone(), client_configuration=found)  # type: ignore[no-untyped-call]  # the package has no types
        token = found.get_api_key_with_prefix("authorization") or found.get_api_key_with_prefix("BearerToken")
    except (config.ConfigException, OSError, ValueError, KeyError) as error:
        raise UnreachableError(f"{entry.place}: logging in failed: {' '.join(str(error).split())[:200]}") from error
    if not token:
        raise UnreachableError(f"{entry.place}: logging in gave no token", hint="log in again by its own tool")
    return str(token)


def _trusting(entry: Entry) -> SSLContext:
    cluster = entry.cluster
    if cluster.get("insecure-skip-tls-verify"):
        raise InvalidError(
            f"{entry.place}: `insecure-skip-tls-verify` lets anybody pose as the cluster",
            hint="name its certificate with `certificate-authority-data`",
        )
    authority = _material(entry, cluster, "certificate-authority")
    return _context(None if authority is None else authority.decode("ascii", "replace"))


def _context(authority: str | None) -> SSLContext:
    import ssl

    try:
        return ssl.create_default_context(cadata=authority)
    except ssl.SSLError as error:
        raise UnreachableError("the cluster's certificate authority is not a certificate") from error


def _identify(context: SSLContext, entry: Entry) -> None:
    """The client's certificate. OpenSSL reads files alone: the key goes to it in memory, never to the disk."""
    import ssl

    certificate = _material(entry, entry.user, "client-certificate")
    key = _material(entry, entry.user, "client-key")
    if certificate is None and key is None:
        return
    handle = os.memfd_create("client", os.MFD_CLOEXEC)
    try:
        os.write(handle, (certificate or b"") + b"\n" + (key or b""))
        context.load_cert_chain(f"/proc/self/fd/{handle}")
    except (ssl.SSLError, OSError) as error:
        raise UnreachableError(f"{entry.place}: the client's certificate and key cannot be used: {error}") from error
    finally:
        os.close(handle)


def _material(entry: Entry, section: Mapping[str, Any], name: str) -> bytes | None:
    """`NAME-data` in base64, else the file that `NAME` names."""
    data = section.get(f"{name}-data")
    if data:
        try:
            return base64.b64decode(str(data), validate=False)
        except binascii.Error as error:
            raise UnreachableError(f"{entry.place}: `{name}-data` is not base64") from error
    return _file(entry, section[name]) if section.get(name) else None


def _file(entry: Entry, name: object) -> bytes:
    """Relative to the kubeconfig, as everybody reads it."""
    try:
        return (entry.directory / str(name)).read_bytes()
    except OSError as error:
        raise UnreachableError(f"{entry.place}: cannot read {name}: {error.strerror}") from error
