"""The tar archives that go to an engine, and what one from the user is. No engine is asked here."""

from __future__ import annotations

import io
import tarfile
import time

from sandboxctl.errors import InvalidError


def directory(name: str, *, user: int, group: int) -> bytes:
    """One empty directory, mode 0700. One without today's date would be half a century old."""
    return _archive(name, b"", user=user, group=group, mode=0o700, kind=tarfile.DIRTYPE)


def file(name: str, content: bytes, *, user: int, group: int, mode: int) -> bytes:
    """One file."""
    return _archive(name, content, user=user, group=group, mode=mode, kind=tarfile.REGTYPE)


def _archive(name: str, content: bytes, *, user: int, group: int, mode: int, kind: bytes) -> bytes:
    """Without the zeroes up to a full record: Podman 4.3 stops reading at the end mark, and then fails on the rest."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid = kind, mode, user, group
        entry.size, entry.mtime = len(content), int(time.time())
        archive.addfile(entry, io.BytesIO(content))
        end = archive.offset + 2 * tarfile.BLOCKSIZE
    return buffer.getvalue()[:end]


def is_image(path: str) -> bool:
    """A docker or OCI archive has its manifest or index at the top. Raises InvalidError for what is no archive."""
    try:
        with tarfile.open(path) as archive:
            return any(entry.name.removeprefix("./") in ("manifest.json", "index.json") for entry in archive)
    except tarfile.TarError as error:
        raise InvalidError(f"{path} is not an archive of an image: {error}") from error
