"""What is done with one running sandbox by its name: exec, shell, logs, cp. The plan has no part in it."""

from __future__ import annotations

import posixpath
import sys
import tarfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Literal, cast

from sandboxctl import extraction, ownership
from sandboxctl.backends.base import Backend, Observed
from sandboxctl.errors import ConflictError, ExecError, LocalFileError, NotFoundError, SandboxctlError

Write = Callable[[Literal[1, 2], bytes], None]
"""Takes what a sandbox says: 1 is its standard output, 2 its standard error."""


def find(name: str, backend: Backend) -> Observed:
    """The sandbox of this name. Raises NotFoundError, ConflictError for an object that is not ours."""
    observed = backend.reader.observe(name)
    if observed is None or observed.name != name:
        raise NotFoundError(f"there is no sandbox {name} on {backend.name}", hint="`sandboxctl list` shows them")
    if not ownership.is_ours(observed):
        raise ConflictError(f"{name} on {backend.name} was not made by sandboxctl", hint="use the engine's own client")
    return observed


def running(name: str, backend: Backend) -> Observed:
    """The same, and it runs. Raises ExecError where it does not."""
    observed = find(name, backend)
    if observed.status.state != "running":
        raise ExecError(f"{name} is not running: it is {observed.status.state}", hint="`sandboxctl apply` starts it")
    return observed


def exec_in(
    name: str,
    command: Sequence[str],
    backend: Backend,
    *,
    user: str | None = None,
    workdir: str | None = None,
    stdin: bool = False,
    tty: bool = False,
    write: Write,
) -> int:
    """Runs a command with our own streams; returns its exit code. With `tty` what it writes is the terminal's own."""
    observed = running(name, backend)
    if tty and sys.stdin is None:
        raise ExecError("a terminal needs a standard input, and there is none", hint="leave -t out")
    if tty:
        return backend.writer.interactive(observed.ref, command, user=user, workdir=workdir)
    return backend.writer.exec(
        observed.ref,
        command,
        user=user,
        workdir=workdir,
        stdin=sys.stdin.buffer if stdin and sys.stdin is not None else None,
        stdout=partial(write, 1),
        stderr=partial(write, 2),
    ).code


def shell(name: str, backend: Backend, *, user: str | None = None, workdir: str | None = None, write: Write) -> int:
    """bash where the image has it, else sh; on the terminal if there is one."""
    on_terminal = sys.stdin is not None and sys.stdin.isatty()
    command = ("sh", "-c", "if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi")
    return exec_in(name, command, backend, user=user, workdir=workdir, stdin=True, tty=on_terminal, write=write)


def logs(
    name: str,
    backend: Backend,
    *,
    tail: int | None,
    follow: bool,
    write: Write,
) -> None:
    """Hands every chunk to `write`: 1 is standard output, 2 standard error."""
    observed = find(name, backend)
    for stream, chunk in backend.reader.logs(observed.ref, tail=tail, follow=follow):
        write(stream, chunk)


def copy_in(source: str, name: str, target: str, backend: Backend) -> None:
    """A file or directory of ours into a sandbox, as `docker cp`: into an existing directory, else under that name.

    It goes through `tar` in an exec, as the sandbox's user: the engines refuse their own copy on a read-only root.
    """
    observed = running(name, backend)
    path = Path(source)
    if not path.exists():
        raise LocalFileError(f"there is no {source}")
    target = _absolute(target, observed)
    directory, entry = (
        (target, path.absolute().name) if _is_directory(observed, target, backend) else posixpath.split(target)
    )
    with _spooled() as spool:
        try:
            with tarfile.open(fileobj=spool, mode="w") as archive:
                archive.add(path, arcname=entry, filter=_anonymous)
        except OSError as error:
            raise LocalFileError(f"cannot read {source}: {error.strerror or error}") from error
        spool.seek(0)
        result = backend.writer.exec(observed.ref, ("tar", "-xf", "-", "-C", directory or "/"), stdin=spool)
    _check_tar(result.code, result.stderr, f"cannot copy to {name}:{target}")


def copy_out(name: str, source: str, target: str, backend: Backend) -> None:
    """A file or directory of a sandbox to us; the files are the caller's own."""
    observed = running(name, backend)
    source = _absolute(source, observed)
    directory, entry = posixpath.split(source.rstrip("/") or "/")
    with _spooled() as spool:
        command = ("tar", "-cf", "-", "-C", directory or "/", f"./{entry or '.'}")  # no option, whatever its name
        result = backend.writer.exec(observed.ref, command, stdout=_limited(spool))
        _check_tar(result.code, result.stderr, f"cannot copy from {name}:{source}")
        spool.seek(0)
        place = Path(target)
        parent, renamed = (place, None) if place.is_dir() else (place.parent, place.name)
        if not parent.is_dir():
            raise LocalFileError(f"there is no directory {parent}")
        extraction.unpack(spool, parent, entry=entry or ".", name=renamed)


def _limited(spool: IO[bytes]) -> Callable[[bytes], None]:
    """A sandbox that never stops sending fills no disk."""
    left = extraction.MAX_BYTES + 2**20

    def write(chunk: bytes) -> None:
        nonlocal left
        left -= len(chunk)
        if left < 0:
            raise LocalFileError(f"the sandbox sent more than {extraction.MAX_BYTES:,} bytes")
        spool.write(chunk)

    return write


def _spooled() -> IO[bytes]:
    """A temporary file: an exec's standard input has to be one that can be waited on."""
    import tempfile

    return cast("IO[bytes]", tempfile.TemporaryFile())


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Files in the sandbox belong to its user: who unpacks is who owns."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def _absolute(path: str, observed: Observed) -> str:
    workdir = observed.fields.get(("workdir",))
    return posixpath.join(workdir if isinstance(workdir, str) else "/", path)


def _is_directory(observed: Observed, path: str, backend: Backend) -> bool:
    try:
        return backend.writer.exec(observed.ref, ("test", "-d", path)).code == 0
    except ExecError:
        return path.endswith("/")


def _check_tar(code: int, stderr: bytes, brief: str) -> None:
    """Raises for an image without tar, and for tar's own complaint."""
    if code == 0:
        return
    if code in (126, 127):
        raise SandboxctlError(f"{brief}: the image has no `tar`", hint="use an image with tar, or mount the files")
    words = stderr.decode("utf-8", "replace").strip().splitlines()
    raise SandboxctlError(f"{brief}: {words[-1] if words else f'tar ended with code {code}'}")
