"""Unpacking an archive that a sandbox wrote: every byte of it may be meant to harm whoever unpacks it.

Nothing is followed on the way down: each directory is opened from the one above it, and a link there is an error. So
what stands in the archive decides names below one directory, and nothing else: no absolute path, no `..`, no device, no
owner, no set-uid bit, no link that leads out. What it may cost is limited before anything is written. All of it is
unpacked aside first, and moved to where it belongs in the end: what fails leaves nothing behind.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sandboxctl.errors import LocalFileError

MAX_BYTES = 16 * 2**30
MAX_ENTRIES = 1_000_000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_FILE = "neither a file nor a directory"

Parts = tuple[str, ...]


class UnsafeError(Exception):
    """What an entry of the archive would do, that it may not."""


def unpack(
    archive: IO[bytes],
    parent: Path,
    *,
    entry: str,
    name: str | None,
    max_bytes: int = MAX_BYTES,
    max_entries: int = MAX_ENTRIES,
) -> tuple[str, ...]:
    """Unpacks `entry`, the one thing that was asked for (`.`: all), into a directory; as `name`, where that is given.

    It is laid over what is there. Returns what was left out, in words: links that lead out, pipes, sockets and devices.
    Raises LocalFileError: for what is not safe, too much, or cannot be written; nothing is changed then.
    """
    try:
        with tarfile.open(fileobj=archive, mode="r:") as found, _aside(parent) as aside:
            _check_size(found, max_bytes, max_entries)
            with _opened(aside) as below:
                unpacking = _Unpacking(found, below, entry, name)
                unpacking.all()
                with _opened(parent) as target:
                    _check_room(below, target)
                    _move(below, target)
            return tuple(unpacking.left_out)
    except (UnsafeError, tarfile.TarError, EOFError) as error:
        raise LocalFileError(f"the sandbox sent an archive that is not safe to unpack: {error}") from error
    except OSError as error:
        where = f" {error.filename}" if error.filename and not os.path.isabs(error.filename) else ""
        raise LocalFileError(f"cannot write{where} in {parent}: {error.strerror or error}") from error


@contextmanager
def _aside(parent: Path) -> Iterator[Path]:
    """A directory of its own beside the place, on the same file system; gone afterwards, whatever is in it."""
    made = Path(tempfile.mkdtemp(prefix=".sandboxctl-cp-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _opened(directory: str | Path, *, above: int | None = None) -> Iterator[int]:
    """A directory; one that is named from `above` is no link."""
    flags = _DIRECTORY if above is not None else _DIRECTORY & ~os.O_NOFOLLOW
    descriptor = os.open(directory, flags, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_size(found: tarfile.TarFile, max_bytes: int, max_entries: int) -> None:
    """By what the headers say, sparse files at their whole size."""
    size = 0
    for count, member in enumerate(found, start=1):
        size += member.size
        if count > max_entries:
            raise UnsafeError(f"it has more than {max_entries:,} entries")
        if size > max_bytes:
            raise UnsafeError(f"it unpacks to more than {max_bytes:,} bytes")


def _check_room(aside: int, target: int, path: str = "") -> None:
    """Whether all of it can be laid over what is there: raises OSError before the first is moved."""
    for name in os.listdir(aside):
        new, there = _mode(aside, name), _mode(target, name)
        if there is None:
            continue
        shown = os.path.join(path, name)
        if stat.S_ISDIR(new or 0):
            with _opened(name, above=aside) as inner, _opened(name, above=target) as below:
                _check_room(inner, below, shown)
        elif stat.S_ISDIR(there):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), shown)
        elif not (stat.S_ISREG(there) or stat.S_ISLNK(there)):
            raise FileExistsError(errno.EEXIST, f"what is there is {_NO_FILE}", shown)


def _move(aside: int, target: int) -> None:
    """Each file at once; what is there is replaced, never written through."""
    for name in os.listdir(aside):
        if stat.S_ISDIR(_mode(aside, name) or 0) and _mode(target, name) is not None:
            with _opened(name, above=aside) as inner, _opened(name, above=target) as below:
                _move(inner, below)
        else:
            os.rename(name, name, src_dir_fd=aside, dst_dir_fd=target)


def _mode(directory: int, name: str) -> int | None:
    """What a name is itself, were it a link; None where nothing is there."""
    try:
        return os.lstat(name, dir_fd=directory).st_mode
    except FileNotFoundError:
        return None


class _Unpacking:
    """One archive on its way below one directory, which is empty. `left_out` says in words what is not unpacked."""

    def __init__(self, found: tarfile.TarFile, below: int, entry: str, name: str | None) -> None:
        self._found = found
        self._below = below
        self._entry: Parts = () if entry == "." else (entry,)
        self._top: Parts = self._entry if name is None else (name,)
        self._files: set[Parts] = set()
        self._links: dict[Parts, str] = {}
        self.left_out: list[str] = []

    def all(self) -> None:
        """Every entry, in the order of the archive."""
        for member in self._found:
            place = self._place(member.name)
            if place:
                self._one(member, place)

    def _place(self, written: str) -> Parts:
        """Where a name of the archive belongs; () is the directory itself, which is there."""
        if written.startswith("/"):
            raise UnsafeError(f"`{written}` is an absolute path")
        parts = tuple(part for part in written.split("/") if part not in ("", "."))
        if ".." in parts or "\0" in written:
            raise UnsafeError(f"`{written}` leads out of its directory")
        if parts[: len(self._entry)] != self._entry:
            raise UnsafeError(f"`{written}` is not what was asked for")
        return (*self._top, *parts[len(self._entry) :])

    def _one(self, member: tarfile.TarInfo, place: Parts) -> None:
        linked = self._linked(member)
        if linked is not None:
            self._links[place] = linked
            if self._leads_out(linked, place):
                self._leave_out(member, place, f"a link to {linked}")
                return
        elif not (member.isdir() or member.isreg() or member.islnk()):
            self._leave_out(member, place, _NO_FILE)
            return
        with self._directory(place[:-1]) as above:
            if member.isdir():
                _make_directory(above, place[-1])
                return
            _make_room(above, place[-1])
            if linked is not None:
                os.symlink(linked, place[-1], dir_fd=above)
            elif member.islnk():
                self._hard_link(member, above, place)
            else:
                self._file(member, above, place)

    def _linked(self, member: tarfile.TarInfo) -> str | None:
        """What a link says, also where it is said by a hard link to it; None for all else."""
        if member.issym():
            return member.linkname
        return self._links.get(self._place(member.linkname)) if member.islnk() else None

    def _leave_out(self, member: tarfile.TarInfo, place: Parts, what: str) -> None:
        shown = "/".join(part for part in member.name.split("/") if part not in ("", "."))
        if place == self._top:
            raise LocalFileError(f"{shown} is {what}", hint="name a file or a directory")
        self.left_out.append(f"{shown}, {what}")

    def _file(self, member: tarfile.TarInfo, above: int, place: Parts) -> None:
        content = self._found.extractfile(member)
        descriptor = os.open(place[-1], _NEW, 0o600, dir_fd=above)
        with os.fdopen(descriptor, "wb") as file:
            if content is not None:
                shutil.copyfileobj(content, file)
            file.flush()
            os.fchmod(descriptor, 0o600 | (member.mode & (0o755 if member.mode & 0o100 else 0o644)))
            os.utime(descriptor, (member.mtime, member.mtime))
        self._files.add(place)
        self._links.pop(place, None)

    def _hard_link(self, member: tarfile.TarInfo, above: int, place: Parts) -> None:
        target = self._place(member.linkname)
        if target not in self._files:
            raise UnsafeError(f"`{member.name}` is a link to what is not in the archive")
        with self._directory(target[:-1]) as other:
            os.link(target[-1], place[-1], src_dir_fd=other, dst_dir_fd=above, follow_symlinks=False)
        self._files.add(place)

    def _leads_out(self, linked: str, place: Parts) -> bool:
        """It may climb at its beginning alone, no higher than what is unpacked: so no chain leads out."""
        parts = [part for part in linked.split("/") if part not in ("", ".")]
        climbs = next((index for index, part in enumerate(parts) if part != ".."), len(parts))
        deep = len(place) - 1 - len(self._top)
        return linked.startswith("/") or ".." in parts[climbs:] or climbs > max(deep, 0)

    @contextmanager
    def _directory(self, parts: Parts) -> Iterator[int]:
        """The directory at `parts`, made where it is missing; a link on the way is an error."""
        opened = os.dup(self._below)
        try:
            for part in parts:
                _make_directory(opened, part)
                deeper = os.open(part, _DIRECTORY, dir_fd=opened)
                os.close(opened)
                opened = deeper
            yield opened
        finally:
            os.close(opened)


def _make_directory(above: int, name: str) -> None:
    try:
        os.mkdir(name, 0o777, dir_fd=above)
    except FileExistsError:
        os.close(os.open(name, _DIRECTORY, dir_fd=above))


def _make_room(above: int, name: str) -> None:
    """What is there is replaced, never written through; a directory stays, and is an error."""
    try:
        os.unlink(name, dir_fd=above)
    except FileNotFoundError:
        return
