"""Image references: `python:3.12` is `docker.io/library/python:3.12` on every engine. Pure; knows no engine, no spec.

The grammar is that of the distribution project's reference package (`domain/path:tag@digest`).
"""

from __future__ import annotations

import re
from functools import cache

from sandboxctl.dataclass import dataclass

DEFAULT_DOMAIN = "docker.io"
_MAX_NAME = 255
_HEX = 64
_DOMAIN_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]{{1,5}})?"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}"
_DIGEST_LIKE = r"(?:sha256|sha512):[0-9a-zA-Z]*"
_SCHEME = r"[a-zA-Z][a-zA-Z0-9+.-]*://"
_TRANSPORT = r"(?:docker-archive|docker-daemon|oci|oci-archive|containers-storage|dir):"
_IMAGE_ID = r"(?:sha256:[0-9a-f]{12,64}|[0-9a-f]{64})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """One image, whole: either `tag`, `digest` or both are there. `tagged` says whether the tag was written."""

    domain: str
    path: str
    tag: str | None
    digest: str | None
    tagged: bool

    @property
    def repository(self) -> str:
        """Domain and path, `docker.io/library/python`."""
        return f"{self.domain}/{self.path}"

    @property
    def movable(self) -> bool:
        """Whether it is `latest`, written or not, and no digest holds it."""
        return self.digest is None and self.tag == "latest"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFault:
    """Why a text is no reference. `message` shows nothing of a text that may hold credentials."""

    code: str
    message: str
    hint: str | None = None


def parse(text: str) -> ImageReference | ReferenceFault:
    """The reference a text means, with the default domain, `library/` and `latest` filled in."""
    fault = _foreign_form(text)
    if fault is not None:
        return fault
    name, at, digest = text.rpartition("@") if "@" in text else (text, "", "")
    if at and not re.fullmatch(_DIGEST, digest):
        return _bad_digest(digest)
    repository, tag = _split_tag(name)
    domain, path = _split_domain(repository)
    fault = _bad_part(domain, path, tag)
    if fault is not None:
        return fault
    implied = None if digest else "latest"
    return ImageReference(domain=domain, path=path, tag=tag or implied, digest=digest or None, tagged=tag is not None)


def _foreign_form(text: str) -> ReferenceFault | None:
    """What people paste that is something else: an URL, a transport, an id, a login."""
    name, _, digest = text.rpartition("@")
    if "@" in name or (name and "/" in digest):
        return ReferenceFault(
            code="image-credentials",
            message="the image reference holds credentials (a part before `@`)",
            hint="remove them, and change the password: log in with the engine's own client instead",
        )
    if match := ("://" in text and re.match(_SCHEME, text)) or re.match(_TRANSPORT, text):
        return ReferenceFault(
            code="image-reference",
            message=f"an image reference has no `{match[0]}` in front",
            hint="write the registry, the name and the tag alone; a local archive is image.archive",
        )
    if (text.startswith("sha256:") or len(text) == _HEX) and re.fullmatch(_IMAGE_ID, text):
        return ReferenceFault(
            code="image-reference",
            message="this is an image id, which only one engine knows",
            hint="write a name with a tag or a digest, as in python@sha256:…",
        )
    return None


def _bad_digest(digest: str) -> ReferenceFault:
    if re.fullmatch(_DIGEST_LIKE, digest):
        message = "the digest is not whole: sha256 has 64 lower-case hex digits, sha512 has 128"
    else:
        message = "what follows `@` is no digest: write @sha256: and 64 hex digits"
    return ReferenceFault(code="image-reference", message=message, hint="`docker images --digests` shows whole digests")


def _split_tag(name: str) -> tuple[str, str | None]:
    """A colon after the last slash begins the tag; one before it is a port."""
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        return name, None
    return head, tag


def _split_domain(repository: str) -> tuple[str, str]:
    first, slash, rest = repository.partition("/")
    is_domain = slash and ("." in first or ":" in first or first == "localhost" or first != first.lower())
    domain, path = (first, rest) if is_domain else (DEFAULT_DOMAIN, repository)
    if domain in ("index.docker.io", "registry-1.docker.io"):
        domain = DEFAULT_DOMAIN
    if domain == DEFAULT_DOMAIN and "/" not in path:
        path = f"library/{path}"
    return domain, path


def _bad_part(domain: str, path: str, tag: str | None) -> ReferenceFault | None:
    shown = path.removeprefix("library/")
    if not re.fullmatch(_DOMAIN, domain):
        return ReferenceFault(
            code="image-reference",
            message=f"`{domain}` is not a registry: write a host name, with a port where it needs one",
        )
    if path != path.lower():
        return ReferenceFault(
            code="image-reference",
            message=f"an image name is lower case, and `{shown}` is not",
            hint=f"did you mean `{shown.lower()}`?",
        )
    if not re.fullmatch(_PATH, path) or len(f"{domain}/{path}") > _MAX_NAME:
        return ReferenceFault(
            code="image-reference",
            message=f"`{shown}` is not an image name",
            hint="write it as in docker.io/library/python:3.12-slim",
        )
    if tag is not None and not re.fullmatch(_TAG, tag):
        return ReferenceFault(
            code="image-reference",
            message=f"`{tag}` is not a tag: letters, digits, `_`, `.` and `-`, at most 128",
        )
    return None


@cache
def normalise(text: str) -> str:
    """The whole spelling of a reference; a text that is none (an image id) stays as it is."""
    parsed = parse(text)
    return str(parsed) if isinstance(parsed, ImageReference) else text


def repository_and_tag(image: str) -> tuple[str, str]:
    """As the engines' calls take a reference: `localhost:5000/x:1` → its two parts. A digest counts as a tag."""
    if "@" in image:
        repository, _, digest = image.partition("@")
        return repository, digest
    repository, _, tag = image.rpartition(":")
    return (repository, tag) if repository and "/" not in tag else (image, "latest")
