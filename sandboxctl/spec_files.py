"""Paths → the bytes of spec files: directories, standard input, each once. What they say is for `load`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from sandboxctl.dataclass import dataclass
from sandboxctl.errors import LocalFileError
from sandboxctl.problems import Problem
from sandboxctl.spec import Loaded
from sandboxctl.text import MAX_BYTES

STDIN = "-"
STDIN_NAME = "<stdin>"
_SUFFIXES = (".yaml", ".yml")


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
        names = sorted(name for name in os.listdir(path) if name.endswith(_SUFFIXES) and not name.startswith("."))
    except OSError as error:
        raise _unreadable(path, error) from None
    files = tuple(file for file in (os.path.join(path, name) for name in names) if not os.path.isdir(file))
    if not files:
        raise LocalFileError(f"{path}: no *.yaml or *.yml in this directory", hint="directories below are not searched")
    return files


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
        return LocalFileError(f"{path}: no such file or directory", hint="`sandboxctl init` writes a first spec")
    return LocalFileError(f"{path}: {(error.strerror or str(error)).lower()}")
