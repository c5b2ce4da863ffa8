"""Logins for image registries, out of the stores that the engines' own clients keep (`docker login`, `podman login`).

Read when something is pulled, and not kept. A name, password or token is in no message: only where it was found. What
cannot be read, or a helper program that fails, is an error and never a pull without the login.
"""

from __future__ import annotations

import binascii
import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import UnreachableError
from sandboxctl.host import read_regular
from sandboxctl.image_reference import DEFAULT_DOMAIN, ImageReference, parse

_MAX_BYTES = 2**20
_HELPER_SECONDS = 60  # it may ask its user for a passphrase
_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")
_HUB_AT_DOCKERS = "https://index.docker.io/v1/"
_TOKEN = "<token>"  # noqa: S105  # the name that helpers give to what is no password
_NO_LOGIN = "credentials not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A name and password, or a token. `registry` is a domain, or of all logins what one is filed under.

    `source` is the file or program that had it.
    """

    registry: str
    source: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    def fields(self) -> dict[str, str]:
        """As the engines' interfaces name them."""
        if self.token:
            return {"identitytoken": self.token, "serveraddress": self.registry}
        return {"username": self.username, "password": self.password, "serveraddress": self.registry}


def of_docker(image: str) -> Login | None:
    """What `docker pull` would send for an image. Raises UnreachableError."""
    return _first(image, [docker_file()], stores=True, parts=False)


def of_podman(image: str) -> Login | None:
    """What `podman pull` would send: a login may be for a part of a registry, and `credsStore` is Docker's alone.

    Raises UnreachableError.
    """
    return _first(image, list(_podman_files()), stores=False, parts=True)


def all_of_docker() -> tuple[Login, ...]:
    """What `docker build` would send: nobody knows yet what a build pulls. Raises UnreachableError."""
    return _all([docker_file()], stores=True)


def all_of_podman() -> tuple[Login, ...]:
    """What `podman build` would send. Raises UnreachableError."""
    return _all(list(_podman_files()), stores=False)


def docker_file() -> str:
    """Where Docker's client keeps logins, or says which program does."""
    return os.path.join(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"), "config.json")


def _podman_files() -> Iterator[str]:
    """In the order of containers-auth.json(5)."""
    if named := os.environ.get("REGISTRY_AUTH_FILE"):
        yield named
        return
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    yield f"{runtime}/containers/auth.json" if runtime else f"/run/containers/{os.getuid()}/auth.json"
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    yield os.path.join(config, "containers/auth.json")
    yield docker_file()


def _first(image: str, files: list[str], *, stores: bool, parts: bool) -> Login | None:
    reference = parse(image)
    if not isinstance(reference, ImageReference):
        return None
    for path in files:
        document = _read(path)
        domain = reference.domain
        found = _by_helper(path, document, domain, stores=stores) or _written(
            path, document, domain, list(_above(reference.repository)) if parts else [domain]
        )
        if found is not None:
            return found
    return None


def _all(files: list[str], *, stores: bool) -> tuple[Login, ...]:
    """One for each registry, or part of one: of several files the first that has it counts."""
    found: dict[str, Login] = {}
    for path in files:
        document = _read(path)
        keys = [*_section(path, document, "credHelpers"), *_section(path, document, "auths")]
        if stores and (store := document.get("credsStore")):
            program = f"docker-credential-{store}"
            listed = _object(_run(program, "list", b"", path) or b"{}", program, path)
            keys += [_plain(key) for key in listed]
        for key in keys:
            if key not in found and (login := _filed_under(path, document, key, stores=stores)):
                found[key] = login
    return tuple(found.values())


def _filed_under(path: str, document: Mapping[str, Any], key: str, *, stores: bool) -> Login | None:
    return _by_helper(path, document, key, stores=stores) or _written(path, document, key, [key])


def _above(repository: str) -> Iterator[str]:
    """`r/a/b` → r/a/b, r/a, r."""
    while repository:
        yield repository
        repository = repository.rpartition("/")[0]


def _read(path: str) -> Mapping[str, Any]:
    """Empty where there is no such file."""
    try:
        document = json.loads(read_regular(path, _MAX_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise _unusable(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError):
        raise _unusable(path, "is not JSON") from None  # the parser's error would have the text with it
    if not isinstance(document, dict):
        raise _unusable(path, "is not a JSON object")
    return document


def _section(path: str, document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise _unusable(path, f"has a `{name}` that is no object")
    return {_plain(key): value for key, value in found.items()}


def _plain(key: str) -> str:
    """What a login is filed under, without what old clients wrote around it: `https://r/v1/` → r."""
    _, scheme, rest = key.rpartition("://")
    bare = rest.partition("/")[0] if scheme else rest.rstrip("/")
    return DEFAULT_DOMAIN if bare in _HUB else bare


def _written(path: str, document: Mapping[str, Any], domain: str, keys: list[str]) -> Login | None:
    """What stands in the file itself, for the first of `keys`."""
    logins = _section(path, document, "auths")
    for key in keys:
        entry = logins.get(key)
        if entry is None:
            continue
        if not isinstance(entry, dict):
            raise _unusable(path, f"has a login for {key} that is no object")
        found = _decoded(path, entry, domain, key)
        if found is not None:
            return found
    return None


def _decoded(path: str, entry: Mapping[str, Any], domain: str, key: str) -> Login | None:
    """None for an entry that only says that somebody logged in: a program has it."""
    wrong = _unusable(path, f"has a login for {key} that is not base64 of NAME:PASSWORD")
    if token := entry.get("identitytoken"):
        return Login(registry=domain, source=path, token=str(token))
    username, password = entry.get("username"), entry.get("password")
    if auth := entry.get("auth"):
        try:
            text = b64decode(str(auth), validate=True).decode()
        except (binascii.Error, ValueError):
            raise wrong from None
        username, colon, password = text.partition(":")
        if not colon:
            raise wrong
    if not username:
        return None
    return Login(registry=domain, source=path, username=str(username), password=str(password or "").strip("\0"))


def _by_helper(path: str, document: Mapping[str, Any], domain: str, *, stores: bool) -> Login | None:
    """What the program has that the file names for this registry, or for all."""
    name = _section(path, document, "credHelpers").get(domain) or (document.get("credsStore") if stores else None)
    if not name:
        return None
    program = f"docker-credential-{name}"
    server = _HUB_AT_DOCKERS if stores and domain == DEFAULT_DOMAIN else domain
    output = _run(program, "get", server.encode(), path)
    return None if output is None else _answer(output, domain, program, path)


def _run(program: str, verb: str, question: bytes, path: str) -> bytes | None:
    """What a helper answers; None where it has no login."""
    try:
        done = subprocess.run(
            [program, verb], input=question, capture_output=True, timeout=_HELPER_SECONDS, check=False
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "not the name of a program"
        raise _failed(program, path, f"cannot be run: {reason}") from None
    except subprocess.TimeoutExpired:
        raise _failed(program, path, f"did not answer within {_HELPER_SECONDS} s") from None
    if done.returncode == 0:
        return done.stdout
    said = _said(done.stdout) or _said(done.stderr)
    if _NO_LOGIN in said.lower():
        return None
    raise _failed(program, path, f"ended with code {done.returncode}" + (f": {said}" if said else ""))


def _said(output: bytes) -> str:
    """The first line of what a helper says of its failure; nothing of what looks like a login."""
    line = output.decode(errors="replace").strip().partition("\n")[0][:200]
    return "" if "{" in line else line


def _answer(output: bytes, domain: str, program: str, path: str) -> Login | None:
    answer = _object(output, program, path)
    username, secret = answer.get("Username"), answer.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str):
        raise _failed(program, path, "answered with something else than a login")
    if not secret:
        return None
    if username == _TOKEN:
        return Login(registry=domain, source=program, token=secret)
    return Login(registry=domain, source=program, username=username, password=secret)


def _object(output: bytes, program: str, path: str) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise _failed(program, path, "answered with something else than JSON")
    return answer


def _unusable(path: str, what: str) -> UnreachableError:
    return UnreachableError(
        f"{path} {what}", hint="it holds the logins for registries: mend it, or log in anew", field=("image",)
    )


def _failed(program: str, path: str, what: str) -> UnreachableError:
    return UnreachableError(
        f"{program} {what}", hint=f"{path} says that it has the login for the registry", field=("image",)
    )
