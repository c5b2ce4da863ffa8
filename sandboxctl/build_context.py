"""The directory that an image is built from, as one tar that is the same wherever its content is. It asks no engine.

Owner and times are the same for every file, so that the tar's digest is a name for the content: a checkout by somebody
else, or of tomorrow, builds the same image. `.dockerignore` is read as Docker's client reads it;
`DOCKERFILE.dockerignore` beside a Dockerfile comes before it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tarfile
from collections.abc import Iterator, Sequence
from typing import IO, cast

from sandboxctl.dataclass import dataclass

_MODIFIED = 946_684_800  # 2000-01-01: zip, and so Python's packaging, knows no time before 1980


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A directory, and the Dockerfile in it, relative to it. All raise OSError where something is not readable."""

    directory: str
    dockerfile: str

    def digest(self) -> str:
        """The sha256 of the tar, in hex."""
        sink = _Digest()
        self.write(cast("IO[bytes]", sink))
        return sink.digest.hexdigest()

    def write(self, file: IO[bytes]) -> None:
        """The tar. Raises ValueError for what cannot be in one (a socket, a device)."""
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, dereference=False) as archive:
            for path in self._paths():
                _add(archive, os.path.join(self.directory, path), path)

    def _paths(self) -> Iterator[str]:
        """Relative, sorted within each directory; what is in an ignored one is there where a `!` names it."""
        ignored = Ignored(self._ignore_lines(), always=self.dockerfile)
        yield from _walk(self.directory, "", ignored)

    def _ignore_lines(self) -> Sequence[str]:
        for name in (f"{self.dockerfile}.dockerignore", ".dockerignore"):
            try:
                with open(os.path.join(self.directory, name), encoding="utf-8-sig") as file:
                    return file.read().splitlines()
            except FileNotFoundError:
                continue
        return ()


class Ignored:
    """Lines of a `.dockerignore`. The last that matches a path, or a directory above it, decides."""

    def __init__(self, lines: Sequence[str], *, always: str = "") -> None:
        self._rules = tuple(_rules(lines))
        self._kept = (always, ".dockerignore", f"{always}.dockerignore")
        self.any_exception = any(not ignores for _, ignores in self._rules)

    def __call__(self, path: str) -> bool:
        """Whether a path, relative to the context, is left out."""
        if path in self._kept:
            return False
        parts = path.split("/")
        above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        verdict = False
        for pattern, ignores in self._rules:
            if ignores != verdict and any(pattern.fullmatch(each) for each in above):
                verdict = ignores
        return verdict

    def prunes(self, path: str) -> bool:
        """Whether nothing below this directory can be kept."""
        below = any(each.startswith(f"{path}/") for each in self._kept)
        return self(path) and not self.any_exception and not below


def _rules(lines: Sequence[str]) -> Iterator[tuple[re.Pattern[str], bool]]:
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if line.startswith("#") or not text:
            continue
        ignores = not text.startswith("!")
        cleaned = os.path.normpath(text.removeprefix("!").strip()).lstrip("/")
        if cleaned in (".", ""):
            continue
        try:
            yield re.compile(_expression(cleaned), re.DOTALL), ignores
        except re.error:
            raise ValueError(f"line {number} of its .dockerignore, `{text}`, is no pattern") from None


def _expression(pattern: str) -> str:
    """`*` and `?` stay within a directory, `**` does not."""
    found, index = "", 0
    while index < len(pattern):
        rest = pattern[index:]
        if rest.startswith("**/"):
            found, index = found + "(?:.*/)?", index + 3
        elif rest.startswith("**"):
            found, index = found + ".*", index + 2
        elif rest[0] == "[" and "]" in rest[2:]:
            end = rest.index("]", 2)
            inside = rest[1:end].replace("[", r"\[")
            found, index = found + f"[{inside}]", index + end + 1
        elif rest[0] == "\\" and len(rest) > 1:
            found, index = found + re.escape(rest[1]), index + 2
        else:
            found, index = found + {"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0])), index + 1
    return found


def _walk(directory: str, prefix: str, ignored: Ignored) -> Iterator[str]:
    with os.scandir(os.path.join(directory, prefix)) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = f"{prefix}{entry.name}"
        is_directory = entry.is_dir(follow_symlinks=False)
        if is_directory and ignored.prunes(path):
            continue
        if not ignored(path):
            yield path
        if is_directory:
            yield from _walk(directory, f"{path}/", ignored)


def _add(archive: tarfile.TarFile, real: str, path: str) -> None:
    found = os.lstat(real)
    member = tarfile.TarInfo(path)
    member.mtime, member.mode = _MODIFIED, stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode):
        member.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(real)
    elif not stat.S_ISREG(found.st_mode):
        raise ValueError(f"has `{path}`, which is no file, directory or link; name it in .dockerignore")
    else:
        with open(real, "rb") as content:
            member.size = os.fstat(content.fileno()).st_size
            archive.addfile(member, content)
        return
    archive.addfile(member)


class _Digest:
    """A file that keeps nothing."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self.digest.update(chunk)
        return len(chunk)
