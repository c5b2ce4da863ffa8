"""How a pull that failed is told, on every engine that pulls for us. It asks nobody itself.

The words are those of Docker 20.10 to 29 and Podman 4.3 to 5.8; what a registry says stands at their end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxctl.errors import InvalidError, SandboxctlError, UnreachableError
from sandboxctl.image_reference import ImageReference, parse

if TYPE_CHECKING:
    from sandboxctl.registry_login import Login

_OTHER_PLATFORM = ("no matching manifest", "no image found in manifest list", "no image found in image index")
_ABSENT = ("manifest unknown", "name unknown", "repository name not known", "not found", "does not exist", "no such")
_DENIED = (
    "unauthorized", "no basic auth credentials", "authentication required", "invalid username/password", "denied",
    "forbidden",
)  # fmt: skip
_UNTRUSTED = ("x509", "certificate", "tls: ", "http response to https client", "not speak tls")


def pull_failed(image: str, text: str, *, client: str, login: Login | None, platform: str | None) -> SandboxctlError:
    """The cause of an engine's `text`. `client` is the program that logs in, `login` what was sent."""
    said = text.lower().replace(image.lower(), "")
    brief = f"cannot pull {image}: {' '.join(text.split())[:300]}"
    if _any(_OTHER_PLATFORM, said):
        field = ("image",) if platform is None else ("image", "platform")
        return InvalidError(brief, hint="the registry has it for other platforms: see image.platform", field=field)
    if _any(_ABSENT, said) and "lookup" not in said:  # of a host that has no address, its name server says so too
        return InvalidError(brief, hint="check the name and the tag; for a private one, log in first", field=("image",))
    return UnreachableError(brief, hint=_hint(image, said, client, login), field=("image",))


def _hint(image: str, said: str, client: str, login: Login | None) -> str:
    if _any(_UNTRUSTED, said):
        return (
            "the engine has to trust the registry: its certificate's authority, or plain HTTP, is the engine's setting"
        )
    if _any(_DENIED, said):
        how = f"{client} login {registry_of(image)}"
        return (
            f"log in first: {how}"
            if login is None
            else f"the login from {login.source} is refused, log in again: {how}"
        )
    return "is the registry reachable from the engine?"


def _any(words: tuple[str, ...], said: str) -> bool:
    return any(each in said for each in words)


def registry_of(image: str) -> str:
    """`docker.io` for a short name."""
    parsed = parse(image)
    return parsed.domain if isinstance(parsed, ImageReference) else image
