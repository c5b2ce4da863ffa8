"""Files into a sandbox and out of it, through `tar` in an exec, as its user; whole or not at all."""

from __future__ import annotations

import os
import posixpath
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

from sandboxctl import extraction
from sandboxctl.backends.base import Backend, Observed
from sandboxctl.errors import ExecError, LocalFileError, SandboxctlError
from sandboxctl.live import running


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
        result = backend.runner.exec(observed.ref, (*words, *arguments), stdin=stdin, stdout=stdout)
    except ExecError as error:
        raise SandboxctlError(f"{brief}: {error.brief}", hint=error.hint) from error
    _check_tar(result.code, result.stderr or result.stdout, brief)


_READING_ALL = 'tar "$@"; code=$?; cat >/dev/null; exit $code'
"""Input that is left unread ends the stream, and with it the last words of `tar` (Podman 4.3 at times, 5.8 mostly)."""


def _has_shell(observed: Observed, backend: Backend) -> bool:
    try:
        return backend.runner.exec(observed.ref, ("sh", "-c", "exec cat </dev/null")).code == 0
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
        return {0: True, 1: False}.get(backend.runner.exec(observed.ref, ("test", "-d", path)).code)
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
