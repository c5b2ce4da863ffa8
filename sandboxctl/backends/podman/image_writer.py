"""Images of a Podman service: pulled, loaded, committed. A part of the writer, which says how a request is sent."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any, Protocol
from urllib.parse import quote

from sandboxctl import committing
from sandboxctl.backends import archives
from sandboxctl.backends.base import ImageConfig
from sandboxctl.backends.builds import build_failed
from sandboxctl.errors import InvalidError, SandboxctlError, UnreachableError
from sandboxctl.image_reference import repository_and_tag
from sandboxctl.spec import Commit, Image, ImageBuild

_NOT_THERE = ("manifest unknown", "not found", "does not exist", "no such", "name unknown")

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
        """Every line of the stream is read: an error comes as a line with status 200, and an id only with success."""
        query = {"reference": image, "policy": "always", **_platform(platform)}
        response = self._send("post", "/images/pull", query, stream=True, endless=True)
        found = ""
        for line in response.iter_lines():
            report = json.loads(line) if line.strip() else {}
            if "error" in report:
                raise _pull_error(image, str(report["error"]))
            if report.get("stream"):
                progress(" ".join(str(report["stream"]).split()))
            found = report.get("id") or found
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
        said = bytearray()
        query = {
            "t": image.base, "dockerfile": how.dockerfile, "buildargs": json.dumps(dict(how.args)),
            "outputformat": "application/vnd.docker.distribution.manifest.v2+json", "rm": "true", "forcerm": "true",
            "layers": "true", "pullpolicy": "always" if image.pull == "always" else "missing",
            **({"target": how.target} if how.target else {}),
            **({"platform": image.platform} if image.platform else {}),
        }  # fmt: skip
        response = self._send("post", "/build", query, data=context, stream=True, endless=True)
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
        stream: bool = False,
        timeout: float | None = None,
        endless: bool = False,
        missing_is_done: bool = False,
    ) -> Response:
        """One request, as the writer sends it."""


def _platform(platform: str | None) -> dict[str, str]:
    """`linux/arm64/v8` → the three words of the API."""
    if platform is None:
        return {}
    names = ("OS", "Arch", "Variant")
    return dict(zip(names, platform.split("/"), strict=False))


def _pull_error(image: str, text: str) -> SandboxctlError:
    brief = f"cannot pull {image}: {' '.join(text.split())[:300]}"
    if any(words in text.lower() for words in _NOT_THERE) and "lookup" not in text.lower():
        return InvalidError(brief, hint="check the name and the tag; for a private one, log in first", field=("image",))
    hint = "is the registry reachable from the engine, and are you logged in?"
    return UnreachableError(brief, hint=hint, field=("image",))


def decoded(content: bytes, step: str) -> Any:
    """What an answer says. Raises UnreachableError for what is no JSON."""
    try:
        return json.loads(content)
    except ValueError as error:
        raise UnreachableError(f"Podman sent no JSON ({step})", hint="is something between us and it?") from error
