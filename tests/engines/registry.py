"""Real registries as fixtures: one that is open, one that wants a login. Images are pushed by the registry's own API.

The API is that of the distribution project (version 2): blobs first, then the manifest that names them.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import socketserver
import ssl
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = Path(__file__).parent / "registry.sh"
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What a registry has under a name: its manifest, and the id that an engine gives the image."""

    digest: str
    size: int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One that runs. `address` is how the name of an image begins there."""

    address: str
    username: str | None = None
    password: str | None = None

    def push(self, repository: str, tag: str, rootfs: Path, *, says: str = "", compressed: int = 1) -> Pushed:
        """An image of one layer. `says`: another text makes another image, which has it as the variable SAYS.

        `compressed`: another level makes another manifest of the same image.
        """
        tar = rootfs.read_bytes()
        layer = gzip.compress(tar, compresslevel=compressed, mtime=0)
        config = json.dumps({
            "architecture": "amd64", "os": "linux",
            "config": {"Env": ["PATH=/bin", f"SAYS={says}"], "Cmd": ["sh"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
        }).encode()  # fmt: skip
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": _MANIFEST,
            "config": self._blob(repository, config, _CONFIG),
            "layers": [self._blob(repository, layer, _LAYER)],
        }).encode()  # fmt: skip
        self._send("PUT", f"/v2/{repository}/manifests/{tag}", manifest, {"Content-Type": _MANIFEST})
        return Pushed(digest=_digest(manifest), size=len(manifest), id=_digest(config))

    def push_index(self, repository: str, tag: str, pushed: Pushed, *, architecture: str) -> None:
        """A list of one image, which is for another architecture."""
        platform = {"architecture": architecture, "os": "linux"}
        entry = {"mediaType": _MANIFEST, "digest": pushed.digest, "size": pushed.size, "platform": platform}
        index = json.dumps({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [entry]}).encode()
        self._send("PUT", f"/v2/{repository}/manifests/{tag}", index, {"Content-Type": _INDEX})

    def _blob(self, repository: str, content: bytes, kind: str) -> dict[str, Any]:
        digest = _digest(content)
        place = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"")["Location"]
        mark = "&" if "?" in place else "?"
        kinds = {"Content-Type": "application/octet-stream"}
        self._send("PUT", f"{place}{mark}digest={digest}", content, kinds)
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """The headers of the answer; a refusal fails the test."""
        whole = url if "://" in url else f"http://{self.address}{url}"
        request = urllib.request.Request(whole, data=body, method=method, headers=dict(headers or {}))
        if self.username is not None:
            login = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {login}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(answer.headers)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@contextmanager
def _running(kind: str) -> Iterator[Registry]:
    """Started, and stopped in the end where it did not run before."""
    ran = subprocess.run([_SCRIPT, "status", kind], stdout=subprocess.DEVNULL, timeout=60).returncode == 0
    done = subprocess.run([_SCRIPT, "start", kind], stdout=subprocess.PIPE, text=True, timeout=600)
    assert done.returncode == 0, f"registry.sh start {kind}: exit {done.returncode} (its words are above)"
    yield Registry(**dict(line.split("=", 1) for line in done.stdout.splitlines()))
    if not ran:
        subprocess.run([_SCRIPT, "stop", kind], check=True, timeout=60)


@contextmanager
def untrusted(host: str, directory: Path) -> Iterator[str]:
    """The address of one that speaks TLS with a certificate that nobody has signed. Nobody ever gets further."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN={host} -addext subjectAltName=IP:{host}"
    subprocess.run([*words.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Handshake(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                context.wrap_socket(self.request, server_side=True).close()

    with socketserver.ThreadingTCPServer((host, 0), Handshake) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.05,))
        serving.start()
        yield f"{host}:{server.server_address[1]}"
        server.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def registry() -> Iterator[Registry]:
    """One that anybody may read and write."""
    with _running("open") as found:
        yield found


@pytest.fixture(scope="module")
def closed_registry() -> Iterator[Registry]:
    """One that lets nobody in without its name and password."""
    with _running("login") as found:
        yield found
