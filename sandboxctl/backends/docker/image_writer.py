"""Images on a Docker Engine: pulled, loaded, committed. A part of the writer, and like it the SDK's only user."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import IO

from docker import errors as sdk

from sandboxctl import committing
from sandboxctl.backends import archives
from sandboxctl.backends.base import ImageConfig
from sandboxctl.backends.builds import build_failed
from sandboxctl.backends.docker.client import Client
from sandboxctl.backends.docker.reported import reported
from sandboxctl.backends.pulls import pull_failed
from sandboxctl.image_reference import repository_and_tag
from sandboxctl.spec import Commit, Image, ImageBuild


class ImageWriter:
    """What changes the engine's store of images."""

    _api: Client

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        """Every line of the engine's stream is read, to its end: an error comes as a line, with status 200, and what
        is not read to its end keeps the connection."""
        from sandboxctl import registry_login  # what few applies need

        repository, tag = repository_and_tag(image)
        login = registry_login.of_docker(image)
        failed = partial(pull_failed, image, client="docker", login=login, platform=platform)
        auth = {} if login is None else login.fields()
        wrong = ""
        with reported():
            try:
                lines = self._api.pull(
                    repository, tag=tag, platform=platform, auth_config=auth, stream=True, decode=True
                )
            except sdk.APIError as error:
                raise failed(str(error.explanation)) from error
            for line in lines:
                wrong = wrong or str(line.get("error", ""))
                if line.get("id") is None and "status" in line:
                    progress(str(line["status"]))
            if wrong:
                raise failed(wrong)
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
        from sandboxctl import registry_login

        said = bytearray()
        self._api.log_in(registry_login.all_of_docker())
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
