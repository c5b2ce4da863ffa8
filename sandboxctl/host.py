"""The only reading that decode and rules cause: variables, files and paths of this machine. It writes nothing."""

from __future__ import annotations

import os
import stat
from io import BufferedReader

from sandboxctl.facts import PathFacts, PathKind, Unreadable

MAX_TEXT = 2**20
_ENDPOINT_VARIABLES = ("DOCKER_HOST", "CONTAINER_HOST")
_DATA_DIRECTORIES = (".local/share/docker", ".local/share/containers")


class Host:
    """The `HostFacts` of the machine we run on. Every answer is read anew: nothing here outlives a question."""

    def variable(self, name: str) -> str | None:
        """A variable of our own environment."""
        return os.environ.get(name)

    def text(self, path: str) -> str | Unreadable:
        """The text of a regular file of at most 1 MiB, UTF-8."""
        try:
            with _open_regular(path) as file:
                content = file.read(MAX_TEXT + 1)
            return _decoded(content)
        except (OSError, ValueError) as error:
            return Unreadable(reason=_reason(error))

    def digest(self, path: str) -> str | Unreadable:
        """The sha256 of a regular file's bytes, in hex."""
        import hashlib  # 2 ms, and only archives need it

        try:
            with _open_regular(path) as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (OSError, ValueError) as error:
            return Unreadable(reason=_reason(error))

    def build_context(self, directory: str, dockerfile: str) -> str | Unreadable:
        """The sha256 of what is sent of a directory to build from, in hex; `dockerfile` is relative to it."""
        from sandboxctl.build_context import Context  # tarfile, and only builds need it

        try:
            return Context(directory=directory, dockerfile=dockerfile).digest()
        except OSError as error:
            return Unreadable(reason=f"has `{error.filename}`, which {_reason(error)}")
        except ValueError as error:
            return Unreadable(reason=str(error))

    def look(self, path: str) -> PathFacts:
        """What is at a path, links followed."""
        real = path  # where a link on the way may not even be read
        try:
            real = os.path.realpath(path)
            found = os.stat(real)
        except (FileNotFoundError, NotADirectoryError):
            return PathFacts(real=real, kind="missing")
        except OSError:
            return PathFacts(real=real, kind="unreadable")
        except ValueError:  # a zero byte, or half of a surrogate pair
            return PathFacts(real=path, kind="unreadable")
        return PathFacts(
            real=real, kind=_kind(found.st_mode), uid=found.st_uid, gid=found.st_gid, mode=stat.S_IMODE(found.st_mode)
        )

    def engine_sockets(self) -> tuple[str, ...]:
        """The sockets of `DOCKER_HOST` and `CONTAINER_HOST`."""
        endpoints = (os.environ.get(name, "") for name in _ENDPOINT_VARIABLES)
        paths = (text.removeprefix("unix://") for text in endpoints if text.startswith("unix:///"))
        return tuple(os.path.realpath(path) for path in paths)

    def engine_directories(self) -> tuple[str, ...]:
        """Where rootless engines of this user keep their images, if they do."""
        home = os.environ.get("HOME", "")
        if not home.startswith("/"):
            return ()
        paths = (os.path.join(home, name) for name in _DATA_DIRECTORIES)
        return tuple(os.path.realpath(path) for path in paths if os.path.isdir(path))


def read_regular(path: str, limit: int) -> bytes:
    """At most `limit` bytes of a regular file. OSError or ValueError for all else."""
    with _open_regular(path) as file:
        return file.read(limit)


def _open_regular(path: str) -> BufferedReader:
    """Opens a file without ever waiting for a fifo's writer. OSError for all that is no regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(f"is a {_kind(mode)}, not a regular file")
    return os.fdopen(descriptor, "rb")


def _decoded(content: bytes) -> str | Unreadable:
    if len(content) > MAX_TEXT:
        return Unreadable(reason="is larger than 1 MiB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return Unreadable(reason="is not UTF-8 text")


def _reason(error: OSError | ValueError) -> str:
    match error:
        case FileNotFoundError():
            return "does not exist"
        case PermissionError():
            return "may not be read by this user"
        case OSError(strerror=str(reason)):
            return reason.lower()
        case OSError():
            return str(error)
        case _:
            return "cannot be the name of a file"


def _kind(mode: int) -> PathKind:
    kinds: tuple[tuple[int, PathKind], ...] = (
        (stat.S_IFDIR, "directory"),
        (stat.S_IFREG, "file"),
        (stat.S_IFSOCK, "socket"),
        (stat.S_IFIFO, "fifo"),
    )
    return next((kind for form, kind in kinds if stat.S_IFMT(mode) == form), "device")
