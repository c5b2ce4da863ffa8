"""`image.build`: an image that the engine builds from a directory, kept by a name that holds its content."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO, cast

from sandboxctl.apply.events import Event
from sandboxctl.backends.base import Backend
from sandboxctl.build_context import Context
from sandboxctl.errors import ConflictError, LocalFileError
from sandboxctl.spec import Image, ImageBuild

Emit = Callable[[Event], None]
_IN_MEMORY = 8 * 2**20


def build(name: str, image: Image, how: ImageBuild, backend: Backend, *, emit: Emit) -> str:
    """The id of the built image. Raises FailedError for a step that fails, ConflictError for a context that changed."""
    emit(Event(name=name, step="build", message=f"image from {how.context}"))

    def progress(text: str) -> None:
        emit(Event(name=name, step="build", message=text))

    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        _pack(name, how, cast("IO[bytes]", file))
        return backend.writer.build(image, how, cast("IO[bytes]", file), progress=progress)


def _pack(name: str, how: ImageBuild, file: IO[bytes]) -> None:
    """What is sent is what was read with the spec, and gave the image its name."""
    import hashlib

    context = Context(directory=how.context, dockerfile=how.dockerfile)
    try:
        context.write(file)
    except (OSError, ValueError) as error:
        raise LocalFileError(f"{name}: image.build.context cannot be read: {error}") from error
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    if digest.hexdigest() != how.digest:
        raise ConflictError(f"{name}: {how.context} has changed since the spec was read", hint="run it again")
    file.seek(0)
