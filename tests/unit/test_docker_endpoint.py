"""Which Docker is meant, and which ways to it are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from sandboxctl.backends.base import Connection
from sandboxctl.backends.docker.endpoint import resolve
from sandboxctl.errors import InvalidError, UnreachableError

FAR = "tcp://192.0.2.1:2375"


def context(home: Path, name: str, **endpoint: object) -> Path:
    """A context as Docker's client writes it; the directory of its certificates, which is not there yet."""
    folder = hashlib.sha256(name.encode()).hexdigest()
    meta = home / ".docker" / "contexts" / "meta" / folder
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))
    return home / ".docker" / "contexts" / "tls" / folder / "docker"


@pytest.mark.parametrize(
    ("url", "reached", "local"),
    [
        ("unix:///run/d.sock", "unix:///run/d.sock", True),
        ("tcp://127.0.0.1", "tcp://127.0.0.1:2375", True),
        ("tcp://[::1]:1", "tcp://[::1]:1", True),
    ],
)
def test_what_is_on_this_machine(clean_home: Path, url: str, reached: str, local: bool) -> None:
    endpoint, certificates = resolve(Connection(docker_host=url))
    assert (endpoint.reached, endpoint.local, endpoint.tls, certificates) == (reached, local, None, None)


def test_plain_tcp_to_elsewhere_is_refused_until_somebody_says_so(clean_home: Path) -> None:
    with pytest.raises(InvalidError) as refused:
        resolve(Connection(docker_host=FAR))
    assert str(refused.value) == f"Docker at {FAR}: without TLS whoever is on the way can take the engine over"
    endpoint, _ = resolve(Connection(docker_host=FAR, acknowledged=True))
    assert (endpoint.reached, endpoint.local) == (FAR, False)


def test_with_tls_asked_for_the_server_is_always_checked(clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    monkeypatch.setenv("DOCKER_TLS_VERIFY", "0")  # any text asks for it, as with Docker's own client
    endpoint, _ = resolve(Connection(docker_host="tcp://192.0.2.1"))
    assert endpoint.tls is not None
    assert (endpoint.reached, endpoint.tls.verify_mode, endpoint.tls.check_hostname) == (
        "tcp://192.0.2.1:2376", ssl.CERT_REQUIRED, True,
    )  # fmt: skip


def test_a_context_that_checks_nobody_is_refused(clean_home: Path) -> None:
    context(clean_home, "lab", Host="tcp://192.0.2.1:2376", SkipTLSVerify=True)
    with pytest.raises(InvalidError, match="the Docker context lab does not check the server's certificate"):
        resolve(Connection(docker_context="lab"))


def test_a_contexts_certificates_lie_beside_it(clean_home: Path) -> None:
    directory = context(clean_home, "lab", Host="tcp://192.0.2.1:2376")
    directory.mkdir(parents=True)
    (directory / "ca.pem").write_text("no certificate")
    with pytest.raises(UnreachableError, match=f"the certificates in {directory} cannot be used"):
        resolve(Connection(docker_context="lab"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ssh://", "`ssh://` names no host for ssh"),
        ("ssh://-oProxyCommand=true", "`ssh://-oProxyCommand=true` names no host for ssh"),
        ("ssh://-x@host", "`ssh://-x@host` names no host for ssh"),
        ("ssh://user:secret@host", "ssh://host: a password in an address is never used"),
        ("http://host", "`http://host` is no address of Docker that is known here"),
        ("npipe:////./pipe/x", "`npipe:////./pipe/x` is no address of Docker that is known here"),
        (
            "tcp://host:port",
            "`tcp://host:port` is no address of Docker: Port could not be cast to integer value as 'port'",
        ),
    ],
)
def test_an_address_that_is_none_is_refused(clean_home: Path, url: str, message: str) -> None:
    with pytest.raises(InvalidError) as refused:
        resolve(Connection(docker_host=url))
    assert str(refused.value) == message
