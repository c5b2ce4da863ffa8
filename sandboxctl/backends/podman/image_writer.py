"""Images of a Podman service: pulled, loaded, committed. A part of the writer, which says how a request is sent."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from sandboxctl import committing
from sandboxctl.backends import archives
from sandboxctl.backends.base import ImageConfig
from sandboxctl.backends.builds import build_failed
from sandboxctl.backends.pulls import pull_failed
from sandboxctl.errors import EngineError, UnreachableError
from sandboxctl.image_reference import repository_and_tag
from sandboxctl.spec import Commit, Image, ImageBuild

if TYPE_CHECKING:
    from sandboxctl.registry_login import Login

Query = Mapping[str, str | list[str]]


class Response(Protocol):
    """What is used of a response of the client's."""

    status_code: int
    content: bytes

    def iter_lines(self) -> Iterator[bytes]:
        """The body line by line, as it comes."""


class ImageWriter(ABC):
    """What changes the service's store of images."""

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        """Every line of the stream is read, to its end: an error comes as a line with status 200, an id only with
        success, and what is not read to its end keeps the connection."""
        from sandboxctl import registry_login  # what few applies need

        query = {"reference": image, "policy": "always", **_platform(platform)}
        login = registry_login.of_podman(image)
        failed = partial(pull_failed, image, client="podman", login=login, platform=platform)
        header = _header("X-Registry-Auth", [login] if login else [])
        try:
            response = self._send("post", "/images/pull", query, headers=header, stream=True, endless=True)
        except EngineError as error:
            raise failed(error.brief) from error
        found = wrong = ""
        for line in response.iter_lines():
            report = json.loads(line) if line.strip() else {}
            wrong = wrong or str(report.get("error", ""))
            if report.get("stream"):
                progress(" ".join(str(report["stream"]).split()))
            found = report.get("id") or found
        if wrong:
            raise failed(wrong)
        if not found:
            raise UnreachableError(f"cannot pull {image}: Podman does not say why", hint="try `podman pull`")
        return str(found)

    def load(self, path: str, *, reference: str) -> str:
        """`podman load` for an archive with a manifest, else `podman import` of a root file system."""
        repository, _, tag = reference.rpartition(":")
        with open(path, "rb") as archive:
            if archives.is_image(path):
                loaded = self._json("post", "/images/load", data=archive, endless=True)
                name = loaded["Names"][0]
                self._send("post", f"/images/{name}/tag", {"repo": repository, "tag": tag})
            else:
                self._send("post", "/images/import", {"reference": reference}, data=archive, endless=True)
        return str(self._json("get", f"/images/{reference}/json")["Id"])

    def delete_image(self, reference: str) -> None:
        """Gone already is success."""
        self._send("delete", f"/images/{quote(reference, safe='')}", missing_is_done=True)

    def build(self, image: Image, how: ImageBuild, context: IO[bytes], *, progress: Callable[[str], None]) -> str:
        """In Docker's format: the other drops what Docker's has (engines.md, section 5). Errors come as with `pull`."""
        from sandboxctl import registry_login

        said = bytearray()
        query = {
            "t": image.base, "dockerfile": how.dockerfile, "buildargs": json.dumps(dict(how.args)),
            "outputformat": "application/vnd.docker.distribution.manifest.v2+json", "rm": "true", "forcerm": "true",
            "layers": "true", "pullpolicy": "always" if image.pull == "always" else "missing",
            **({"target": how.target} if how.target else {}),
            **({"platform": image.platform} if image.platform else {}),
        }  # fmt: skip
        logins = _header("X-Registry-Config", registry_login.all_of_podman())
        response = self._send("post", "/build", query, data=context, headers=logins, stream=True, endless=True)
        for line in response.iter_lines():
            report = json.loads(line) if line.strip() else {}
            if "error" in report:
                raise build_failed(str(report["error"]), bytes(said))
            text = str(report.get("stream") or "")
            said += text.encode()
            if text.lower().startswith("step "):
                progress(text.strip())
        return str(self._json("get", f"/images/{image.base}/json")["Id"])

    def commit(self, ref: str, commit: Commit, *, labels: Mapping[str, str], process: ImageConfig | None = None) -> str:
        """In Docker's format: the other has no place for a message."""
        repository, tag = repository_and_tag(commit.image)
        query: dict[str, str | list[str]] = {
            "container": ref,
            "repo": repository,
            "tag": tag,
            "format": "docker",
            "pause": str(commit.pause).lower(),
            "changes": committing.changes(labels, process),
        }
        if commit.message is not None:
            query["comment"] = commit.message
        if commit.author is not None:
            query["author"] = commit.author
        return str(self._json("post", "/commit", query, endless=True)["Id"])

    def _json(self, method: str, path: str, query: Query | None = None, **options: Any) -> Any:
        return decoded(self._send(method, path, query, **options).content, f"{method.upper()} {path}")

    @abstractmethod
    def _send(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        data: object = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        timeout: float | None = None,
        endless: bool = False,
        missing_is_done: bool = False,
    ) -> Response:
        """One request, as the writer sends it."""


def _header(name: str, logins: Sequence[Login]) -> dict[str, str]:
    """Each by its registry, so that it goes nowhere else; without any the service looks into its own store."""
    if not logins:
        return {}
    content = json.dumps({each.registry: each.fields() for each in logins})
    return {name: urlsafe_b64encode(content.encode()).decode()}


def _platform(platform: str | None) -> dict[str, str]:
    """`linux/arm64/v8` → the three words of the API."""
    if platform is None:
        return {}
    names = ("OS", "Arch", "Variant")
    return dict(zip(names, platform.split("/"), strict=False))


def decoded(content: bytes, step: str) -> Any:
    """What an answer says. Raises UnreachableError for what is no JSON."""
    try:
        return json.loads(content)
    except ValueError as error:
        raise UnreachableError(f"Podman sent no JSON ({step})", hint="is something between us and it?") from error
