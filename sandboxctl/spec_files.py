"""Paths → the bytes of spec files: directories, standard input, each once. What they say is for `load`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO

from sandboxctl.dataclass import dataclass
from sandboxctl.errors import LocalFileError
from sandboxctl.problems import Problem, suggestion
from sandboxctl.spec import Loaded
from sandboxctl.text import MAX_BYTES

STDIN = "-"
STDIN_NAME = "<stdin>"
_SUFFIXES = (".yaml", ".yml")
_SHOWN = 5
_LOOKED_AT = 20
_OURS = b"sandboxctl.dev/"
_BEGINNING = 4096  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFile:
    """One file's bytes. Of a file in a directory foreign documents are skipped."""

    name: str
    data: bytes
    in_directory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResult:
    """What was made of files: `loaded` holds only sandboxes without an error of their own.

    `notes` say what was skipped, and why.
    """

    loaded: tuple[Loaded, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()


def read(paths: Sequence[str], stdin: BinaryIO | None) -> Iterator[SpecFile]:
    """Each file once, in the order of the paths. Raises LocalFileError for what cannot be read at all."""
    seen: set[str] = set()
    for path in paths:
        if path == STDIN:
            if STDIN not in seen and stdin is not None:
                yield SpecFile(name=STDIN_NAME, data=stdin.read(MAX_BYTES + 1))
            seen.add(STDIN)
            continue
        if "\0" in path:
            raise LocalFileError(f"{path!r}: no path has a zero byte")
        is_directory = os.path.isdir(path)
        for name in _in_directory(path) if is_directory else (path,):
            real = os.path.realpath(name)
            if real not in seen:
                seen.add(real)
                yield SpecFile(name=name, data=_bytes(name), in_directory=is_directory)


def _in_directory(path: str) -> tuple[str, ...]:
    """The spec files of a directory, by name; hidden ones are somebody's settings."""
    try:
        files = tuple(os.path.join(path, name) for name in _names(path))
    except OSError as error:
        raise _unreadable(path, error) from None
    if not files:
        over = next(_passed_over(path), None)
        hint = f"what lies in {over} is read where that is named" if over else "directories below are not searched"
        raise LocalFileError(f"{path}: no *.yaml or *.yml in this directory", hint=hint)
    return files


def _names(directory: str, suffixes: tuple[str, ...] = _SUFFIXES) -> list[str]:
    """The files of a directory with these endings, but for hidden ones, by name."""
    names = sorted(name for name in os.listdir(directory) if name.endswith(suffixes) and not name.startswith("."))
    return [name for name in names if not os.path.isdir(os.path.join(directory, name))]


def nearby(path: str) -> str:
    """What to name instead of a file that is not there: one that is called nearly so, or what there is."""
    directory, name = os.path.split(path)
    try:
        names = _names(directory or ".")
    except OSError:
        names = []
    stems = {os.path.splitext(each)[0]: each for each in names}
    near = stems.get(suggestion(os.path.splitext(name)[0], stems) or "")
    if near is not None:
        return f"did you mean `{os.path.join(directory, near)}`?"
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"name a file: there {'is' if len(names) == 1 else 'are'} {', '.join(names[:_SHOWN])}{more}"
    return "`sandboxctl init` writes a first spec"


def passed_over(paths: Sequence[str]) -> Iterator[str]:
    """Notes about specs that lie in a directory, and are not read with it: JSON, and directories below."""
    for path in dict.fromkeys(paths):
        if path != STDIN and os.path.isdir(path):
            yield from (f"{each}: not read with its directory, name it by itself" for each in _passed_over(path))


def _passed_over(directory: str) -> Iterator[str]:
    with suppress(OSError):
        yield from (each for each in _files(directory, (".json",)) if _is_spec(each))
        for name in sorted(os.listdir(directory)):
            below = os.path.join(directory, name, "")
            if not name.startswith(".") and os.path.isdir(below) and any(_is_spec(each) for each in _files(below)):
                yield below


def _files(directory: str, suffixes: tuple[str, ...] = _SUFFIXES) -> list[str]:
    """Of a directory with very many not all are looked at."""
    try:
        return [os.path.join(directory, name) for name in _names(directory, suffixes)[:_LOOKED_AT]]
    except OSError:
        return []


def _is_spec(path: str) -> bool:
    """Whether a file speaks of us at its beginning."""
    if not os.path.isfile(path):  # a fifo would be waited for
        return False
    try:
        with open(path, "rb") as file:
            return _OURS in file.read(_BEGINNING)
    except OSError:
        return False


def _bytes(path: str) -> bytes:
    """A file's bytes, at most one more than a spec may have. Never waits for a fifo's writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LocalFileError(f"{path}: not a regular file", hint="write `-` to read a pipe on standard input")
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> LocalFileError:
    if isinstance(error, FileNotFoundError):
        return LocalFileError(f"{path}: no such file or directory", hint=nearby(path))
    return LocalFileError(f"{path}: {(error.strerror or str(error)).lower()}")
