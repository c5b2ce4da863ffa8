"""What is done with one running sandbox by its name: exec, shell, logs, cp. The plan has no part in it."""

from __future__ import annotations

import os
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
from sandboxctl.states import remedy, sandbox_state, spoken

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
    if observed.status.state == "running":
        return observed
    from sandboxctl.snapshot import applied_to  # brings the plan, which no exec needs

    applied = applied_to(observed.ref, observed.labels)
    if applied is None:
        raise ExecError(f"{name} is not running", hint="`sandboxctl apply` brings it back")
    ttl = ownership.ttl_seconds(observed.labels)
    state = sandbox_state(applied.sandbox, observed.status, ttl=ttl, now=backend.reader.now())
    hint = remedy(state, restarts=backend.reader.engine().restarts)
    raise ExecError(f"{name} is not running: it is {spoken(state, observed.status)}", hint=hint)


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
    path = Path(source)
    if not os.path.lexists(path):
        raise LocalFileError(f"there is no {source}")
    observed = _at_hand(name, backend)
    target = _absolute(target, observed)
    into, brief = _is_directory(observed, target, backend), f"cannot copy to {name}:{target}"
    if into or (into is None and target.endswith("/")):
        directory, entry = target, path.absolute().name
    else:
        directory, entry = posixpath.split(target)
        _check_directory(observed, directory if entry else target, backend, brief)
    with _spooled() as spool:
        try:
            with tarfile.open(fileobj=spool, mode="w") as archive:
                archive.add(path, arcname=entry, filter=_anonymous)
        except OSError as error:
            raise LocalFileError(f"cannot read {source}: {error.strerror or error}") from error
        spool.seek(0)
        _unpack_in(observed, directory, spool, backend, brief)


def archive_in(archive: IO[bytes], name: str, target: str, backend: Backend) -> None:
    """What is in a tar archive into an existing directory of a sandbox, as `docker cp - NAME:PATH`."""
    observed = _at_hand(name, backend)
    target = _absolute(target, observed)
    brief = f"cannot copy to {name}:{target}"
    _check_directory(observed, target, backend, brief)
    _unpack_in(observed, target, archive, backend, brief)


def copy_out(name: str, source: str, target: str, backend: Backend) -> tuple[str, ...]:
    """A file or directory of a sandbox to us; the files are the caller's own. Returns what was left out, in words."""
    place = Path(target)
    parent, renamed = (place, None) if place.is_dir() else (place.parent, place.name)
    if not parent.is_dir():
        raise LocalFileError(f"there is no directory {parent}")
    observed = _at_hand(name, backend)
    source, entry = _source(source, observed)
    with _spooled() as spool:
        _pack_out(observed, source, _limited(spool), backend, f"cannot copy from {name}:{source}")
        spool.seek(0)
        return extraction.unpack(spool, parent, entry=entry, name=renamed)


def archive_out(name: str, source: str, write: Callable[[bytes], None], backend: Backend) -> None:
    """The same as a tar archive, as the sandbox made it and not judged: `docker cp NAME:PATH -`."""
    observed = _at_hand(name, backend)
    source, _ = _source(source, observed)
    _pack_out(observed, source, write, backend, f"cannot copy from {name}:{source}")


def _at_hand(name: str, backend: Backend) -> Observed:
    """See `running`; nobody's own exit code is passed on here, so 125 would say nothing."""
    try:
        return running(name, backend)
    except ExecError as error:
        raise SandboxctlError(error.brief, hint=error.hint, sandbox=name) from error


def _source(path: str, observed: Observed) -> tuple[str, str]:
    """A path in the sandbox, and its last part; `.` for all that is below it."""
    whole = _absolute(path, observed)
    return whole, posixpath.basename(whole.rstrip("/")) or "."


def _unpack_in(observed: Observed, directory: str, archive: IO[bytes], backend: Backend, brief: str) -> None:
    """Whoever the archive says that its files are of: they are of the sandbox's user."""
    _tar(observed, ("-xof", "-", "-C", directory), backend, brief, stdin=archive)


def _pack_out(observed: Observed, path: str, write: Callable[[bytes], None], backend: Backend, brief: str) -> None:
    directory, entry = posixpath.split(path.rstrip("/") or "/")
    # no option, whatever its name
    _tar(observed, ("-cf", "-", "-C", directory or "/", f"./{entry or '.'}"), backend, brief, stdout=write)


def _tar(
    observed: Observed,
    arguments: Sequence[str],
    backend: Backend,
    brief: str,
    *,
    stdin: IO[bytes] | None = None,
    stdout: Callable[[bytes], None] | None = None,
) -> None:
    words = ("sh", "-c", _READING_ALL, "sh") if stdin is not None and _has_shell(observed, backend) else ("tar",)
    try:
        result = backend.writer.exec(observed.ref, (*words, *arguments), stdin=stdin, stdout=stdout)
    except ExecError as error:
        raise SandboxctlError(f"{brief}: {error.brief}", hint=error.hint) from error
    _check_tar(result.code, result.stderr or result.stdout, brief)


_READING_ALL = 'tar "$@"; code=$?; cat >/dev/null; exit $code'
"""Input that is left unread ends the stream, and with it the last words of `tar` (Podman 4.3 at times, 5.8 mostly)."""


def _has_shell(observed: Observed, backend: Backend) -> bool:
    try:
        return backend.writer.exec(observed.ref, ("sh", "-c", "exec cat </dev/null")).code == 0
    except ExecError:
        return False


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


def _is_directory(observed: Observed, path: str, backend: Backend) -> bool | None:
    """None where the image has no `test`."""
    try:
        return {0: True, 1: False}.get(backend.writer.exec(observed.ref, ("test", "-d", path)).code)
    except ExecError:
        return None


def _check_directory(observed: Observed, path: str, backend: Backend, brief: str) -> None:
    """Looked at first, as Podman 4.3 may lose the last words of a `tar` that leaves its input unread."""
    if _is_directory(observed, path, backend) is False:
        raise SandboxctlError(f"{brief}: there is no directory {path}", hint="`exec` with `mkdir -p` makes it")


_NO_CAUSE = ("Exiting with failure status", "Error is not recoverable", "Error exit delayed", "unixpacket")
"""How `tar` ends after an error (GNU, BSD), and what Podman 4.3 adds where it could not deliver all of the input."""

_HINTS = {
    "Read-only file system": "its root is read-only: copy to the workdir, /tmp or a mount that is writable",
    "No space left on device": "see resources.scratch, or the size of the mount",
    "Wrote only": "there is no space left: see resources.scratch, or the size of the mount",
    "Permission denied": "it is done as the sandbox's own user",
}


def _check_tar(code: int, stderr: bytes, brief: str) -> None:
    """Raises for an image without tar, and for tar's own complaint, which is what it says first."""
    if code == 0:
        return
    if code in (126, 127):
        raise SandboxctlError(f"{brief}: the image has no `tar`", hint="use an image with tar, or mount the files")
    said = [line.removeprefix("tar: ") for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    causes = [line for line in said if not any(words in line for words in _NO_CAUSE)]
    causes = causes or [f"its `tar` ended with code {code}"]
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    hint = next((hint for words, hint in _HINTS.items() if words in causes[0]), None)
    raise SandboxctlError(f"{brief}: {causes[0]}{more}", hint=hint)
