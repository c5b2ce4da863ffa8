"""What is kept between runs: one file for each key, below the user's cache directory. What it means is not known here.

Deleting all of it changes nothing but time. It is believed only where nobody else can have written it (the directory
and the file are ours, and nobody else may touch them) and where it is whole: the first line says which form it has and
the sha256 of the rest. A file is replaced by a rename, so that nobody ever reads half of one.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable

from sandboxctl.digest import hexadecimal

FORM = b"sandboxctl cache 1"
_LARGEST = 64 * 2**20
_MOST = 256
"""Files; half of them go when there are more."""

Told = Callable[[str], None]


def directory() -> str | None:
    """`$XDG_CACHE_HOME/sandboxctl`, by default below `~/.cache`; None where the environment says neither."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return os.path.join(base, "sandboxctl")
    home = os.environ.get("HOME", "")
    return os.path.join(home, ".cache", "sandboxctl") if os.path.isabs(home) else None


def read(key: str, told: Told) -> object | None:
    """What was kept under a key (hex), or None. Where something is not to be believed, `told` hears why."""
    place = directory()
    if place is None:
        return None
    try:
        return _value(_content(place, key))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        told(f"the cache in {place} is not used: {_reason(error)}")
        return None


def write(key: str, value: object, told: Told) -> None:
    """Keeps a JSON value. Where that cannot be, `told` hears why, and nothing else happens."""
    place = directory()
    if place is None:
        return
    body = json.dumps(value, separators=(",", ":")).encode("ascii")
    try:
        _make(place)
        _replace(place, key, _head(body) + b"\n" + body)
        _make_room(place)
    except (OSError, ValueError) as error:
        told(f"nothing is kept in {place}: {_reason(error)}")


def _value(content: bytes) -> object:
    head, _, body = content.partition(b"\n")
    if head != _head(body):
        raise ValueError("an entry is not whole, or of another form")
    value: object = json.loads(body)
    return value


def _head(body: bytes) -> bytes:
    return FORM + b" " + hexadecimal(body).encode()


def _content(place: str, key: str) -> bytes:
    above = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _check(os.fstat(above), kind=stat.S_ISDIR, forbidden=0o077)
        descriptor = os.open(key, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=above)
    finally:
        os.close(above)
    with os.fdopen(descriptor, "rb") as file:
        _check(os.fstat(descriptor), kind=stat.S_ISREG, forbidden=0o022)
        return file.read(_LARGEST)


def _make(place: str) -> None:
    """The directory. Raises ValueError where it would lie in somebody else's: root with a user's HOME leaves none."""
    if not os.path.lexists(place):
        above = os.path.dirname(place)
        while not os.path.lexists(above):
            above = os.path.dirname(above)
        _check(os.stat(above), kind=stat.S_ISDIR, forbidden=0o002)
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        os.mkdir(place, 0o700)
    _check(os.stat(place, follow_symlinks=False), kind=stat.S_ISDIR, forbidden=0o077)


def _check(found: os.stat_result, *, kind: Callable[[int], bool], forbidden: int) -> None:
    """Raises ValueError for what somebody else may have written."""
    if not kind(found.st_mode):
        raise ValueError("it is something else")
    if found.st_uid != os.geteuid():
        raise ValueError("it belongs to another user")
    if found.st_mode & forbidden:
        raise ValueError("others may write to it, or read it")


def _replace(place: str, key: str, content: bytes) -> None:
    fresh = os.path.join(place, f"{key}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.replace(fresh, os.path.join(place, key))
    except BaseException:
        os.unlink(fresh)
        raise


def _make_room(place: str) -> None:
    with os.scandir(place) as found:
        files = [(each.stat(follow_symlinks=False).st_mtime_ns, each.path) for each in found]
    if len(files) > _MOST:
        for _, path in sorted(files)[: len(files) - _MOST // 2]:
            os.unlink(path)


def _reason(error: BaseException) -> str:
    strerror = error.strerror if isinstance(error, OSError) else None
    return (strerror or str(error) or type(error).__name__).lower()
