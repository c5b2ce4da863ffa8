"""Images on a Docker Engine: pulled, loaded, committed. A part of the writer, and like it the SDK's only user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import IO

from docker import APIClient
from docker import errors as sdk

from sandboxctl import committing
from sandboxctl.backends import archives
from sandboxctl.backends.base import ImageConfig
from sandboxctl.backends.builds import build_failed
from sandboxctl.backends.docker.reported import reported
from sandboxctl.errors import InvalidError, SandboxctlError, UnreachableError
from sandboxctl.image_reference import repository_and_tag
from sandboxctl.spec import Commit, Image, ImageBuild

_NOT_THERE = ("manifest unknown", "not found", "does not exist", "no such", "repository name not known")


class ImageWriter:
    """What changes the engine's store of images."""

    _api: APIClient

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        """Every line of the engine's stream is read: an error comes as a line, with status 200."""
        repository, tag = repository_and_tag(image)
        with reported():
            try:
                lines = self._api.pull(repository, tag=tag, platform=platform, stream=True, decode=True)
            except sdk.APIError as error:
                raise _pull_error(image, str(error.explanation)) from error
            for line in lines:
                if "error" in line:
                    raise _pull_error(image, str(line["error"]))
                if line.get("id") is None and "status" in line:
                    progress(str(line["status"]))
            return str(self._api.inspect_image(image)["Id"])

    def load(self, path: str, *, reference: str) -> str:
        """`docker load` for an archive with a manifest, else `docker import` of a root file system."""
        repository, _, tag = reference.rpartition(":")
        with reported():
            if not archives.is_image(path):
                self._api.import_image_from_file(path, repository=repository, tag=tag)
                return str(self._api.inspect_image(reference)["Id"])
            with open(path, "rb") as archive:
                loaded = "".join(str(line.get("stream", "")) for line in self._api.load_image(archive))
            name = loaded.rpartition("Loaded image")[2].partition(":")[2].strip()
            self._api.tag(name.splitlines()[-1] if name else "", repository, tag)
            return str(self._api.inspect_image(reference)["Id"])

    def delete_image(self, reference: str) -> None:
        """Gone already is success."""
        with reported(), suppress(sdk.NotFound):
            self._api.remove_image(reference, noprune=True)

    def build(self, image: Image, how: ImageBuild, context: IO[bytes], *, progress: Callable[[str], None]) -> str:
        """By the classic builder: BuildKit needs a session of the client's. What a step said last is in the error."""
        said = bytearray()
        with reported():
            lines = self._api.build(
                fileobj=context, custom_context=True, tag=image.base, dockerfile=how.dockerfile,
                target=how.target, buildargs=dict(how.args), platform=image.platform, pull=image.pull == "always",
                rm=True, forcerm=True, decode=True, timeout=None,
            )  # fmt: skip
            for line in _lines(lines):
                text = str(line.get("stream") or "")
                said += text.encode()
                if "error" in line:
                    raise build_failed(str(line["error"]), bytes(said))
                if text.lower().startswith("step "):
                    progress(text.strip())
            return str(self._api.inspect_image(image.base)["Id"])

    def commit(self, ref: str, commit: Commit, *, labels: Mapping[str, str], process: ImageConfig | None = None) -> str:
        """Always with repository and tag: without both the image would have no name."""
        repository, tag = repository_and_tag(commit.image)
        with reported():
            answer = self._api.commit(
                ref,
                repository=repository,
                tag=tag,
                message=commit.message,
                author=commit.author,
                pause=commit.pause,
                changes=committing.changes(labels, process),
            )
        return str(answer["Id"])


def _lines(lines: Iterator[dict[str, object]]) -> Iterator[dict[str, object]]:
    """Of a build. A Dockerfile that is none is no line, but a refusal of the request: here it is like any other."""
    try:
        yield from lines
    except sdk.APIError as error:
        yield {"error": str(error.explanation)}


def _pull_error(image: str, text: str) -> SandboxctlError:
    brief = f"cannot pull {image}: {' '.join(text.split())[:300]}"
    if any(words in text.lower() for words in _NOT_THERE) and "lookup" not in text.lower():
        return InvalidError(brief, hint="check the name and the tag; for a private one, log in first", field=("image",))
    hint = "is the registry reachable from the engine, and are you logged in?"
    return UnreachableError(brief, hint=hint, field=("image",))
