"""How a file of a spec reaches an engine that is perhaps elsewhere: in a volume of its own, named by its content. Pure.

The container gets that one file of the volume, read-only. The name says what is in it, so that inspect shows whether a
file is the one that the spec means; of a sensitive one it says nothing that could be guessed from (an HMAC under the
object's salt), and what was applied has its fingerprint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sandboxctl.backends.base import Json, Key
from sandboxctl.dataclass import replace
from sandboxctl.digest import hexadecimal, sha256
from sandboxctl.fields import Wanted
from sandboxctl.spec import FileMount, Sandbox, Secret, SecretDigest

FILE = "content"
"""What the file is called in its volume."""

HIDDEN: Key = ("mounts", "*", "secret")
"""Of a sensitive content inspect shows nothing."""

_PREFIX = "sandboxctl-file."
_PLAIN = "sha256-"
_SECRET = "secret-"  # noqa: S105  (a word in a volume's name)
_SOURCE = rf".*/(sandboxctl-file\.[a-z0-9-]+\.([0-7]{{4}})\.((?:{_PLAIN}|{_SECRET})[0-9a-f]{{32,64}}))/_data/{FILE}"


def mounts(sandbox: Sandbox) -> Iterator[FileMount]:
    """The files that a spec puts into its sandbox."""
    return (mount for mount in sandbox.mounts if isinstance(mount, FileMount))


def is_one(volume: str) -> bool:
    """Whether a volume of this name holds a file of a spec."""
    return volume.startswith(_PREFIX)


def volume_name(sandbox: str, mount: FileMount, *, salt: bytes) -> str:
    """The volume of one file of the sandbox of this name."""
    content = mount.content
    if isinstance(content, str):
        what = _PLAIN + hexadecimal(content.encode())
    else:
        text = content.reveal() if isinstance(content, Secret) else content.fingerprint
        import hmac  # OpenSSL, which only secrets need

        key = sha256(salt + mount.target.encode()).digest()
        what = _SECRET + hmac.new(key, text.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:32]
    return f"{_PREFIX}{sandbox}.{mount.mode}.{what}"


def shown_source(sandbox: str, mount: FileMount) -> str:
    """Where the file would come from, for showing: only the engine knows where it keeps a volume."""
    if isinstance(mount.content, str):
        return f"{volume_name(sandbox, mount, salt=b'')}/{FILE}"
    return f"{_PREFIX}{sandbox}.{mount.mode}.secret/{FILE}"


def _match(mount: Mapping[str, Any]) -> re.Match[str] | None:
    return re.fullmatch(_SOURCE, mount.get("Source") or "") if mount["Type"] == "bind" else None


def in_use(inspected: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The volumes of ours among the `Mounts` of an inspect, by target."""
    found = {mount["Destination"]: _match(mount) for mount in inspected}
    return {target: match[1] for target, match in found.items() if match is not None}


def read(mount: Mapping[str, Any]) -> dict[str, Json] | None:
    """What one of the `Mounts` of an inspect is in the spec's words; None where it is no file of ours."""
    match = _match(mount)
    if match is None:
        return None
    found: dict[str, Json] = {"type": "file", "mode": match[2]}
    if mount.get("RW", True):
        found["readOnly"] = False
    if match[3].startswith(_PLAIN):
        found["content"] = "sha256:" + match[3].removeprefix(_PLAIN)
    return found


def wanted(generic: Wanted, sandbox: Sandbox) -> Wanted:
    """The fields as such an engine shows them: a sensitive content is compared by its fingerprint alone."""
    values, secrets, paths = dict(generic.fields), dict(generic.secrets), dict(generic.paths)
    for mount in mounts(sandbox):
        if isinstance(mount.content, Secret | SecretDigest):
            shown: Key = ("mounts", mount.target, "content")
            hidden: Key = ("mounts", mount.target, HIDDEN[-1])
            values.pop(shown)
            secrets[hidden] = mount.content
            paths[hidden] = paths.pop(shown)
    return replace(generic, fields=values, secrets=secrets, paths=paths)


def sources(sandbox: Sandbox, known: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Target and source of every file; `known` is where the engine has them."""
    return [
        (mount.target, known[mount.target] if known is not None else shown_source(sandbox.name, mount))
        for mount in mounts(sandbox)
    ]
