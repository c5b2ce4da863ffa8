"""What stands on a live object, and whose it is (behaviour.md, "Identity, ownership, state"). Pure.

There is no state file: the labels say who made an object and from what, and are believed only where they are bound to
it: by the image id, since labels survive `commit` and `clone`, or by where it is, where the engine has no image ids.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Literal, cast

from sandboxctl import __version__, canonical
from sandboxctl.backends.base import Json, Listed, Observed
from sandboxctl.dataclass import dataclass, replace
from sandboxctl.spec import Sandbox

PREFIX = "sandboxctl.dev/"
MANAGED = PREFIX + "managed"
NAME = PREFIX + "name"
PROJECT = PREFIX + "project"
SPEC_HASH = PREFIX + "spec-hash"
IMAGE_ID = PREFIX + "image-id"
IDENTITY = PREFIX + "identity"
VERIFIED = PREFIX + "verified"
SALT = PREFIX + "salt"
"""That of the fingerprints, in hexadecimal, where an engine keeps it apart from what was applied."""
APPLIED = PREFIX + "applied"
TTL = PREFIX + "ttl"
HOLDER = PREFIX + "holder"
SETUP_BASE = PREFIX + "setup-base"
"""On a prepared image: the id of what it was prepared from."""
TOOL = PREFIX + "tool"
UNFINISHED = PREFIX + "unfinished"
VOLUMES = PREFIX + "volumes"
APPLIED_LIMIT = 2**20


Unfinished = Literal["start", "volumes", "removal"]
"""A start that has not passed its gate; the making of volumes; a removal, whose volumes go once the sandbox is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an object was made from; `salt` is that of its fingerprints."""

    sandbox: Sandbox
    salt: bytes


def labels(
    sandbox: Sandbox, *, spec_hash: str, image_id: str = "", identity: str = "", salt: bytes, holder: str
) -> dict[str, str]:
    """All `sandboxctl.dev/*` labels of an object that is to be made; `image_id` or `identity` binds them to it.

    One that is bound by where it is has a store of secrets beside it, and in that the salt.
    """
    made = {
        MANAGED: "true",
        SPEC_HASH: spec_hash,
        **({IDENTITY: identity} if identity else {IMAGE_ID: image_id}),
        APPLIED: encode_applied(sandbox, salt, apart=bool(identity)),
        HOLDER: holder,
        TOOL: __version__,
    }
    if sandbox.lifecycle.ttl is not None:
        made[TTL] = str(sandbox.lifecycle.ttl // 1000)
    return made


def encode_applied(sandbox: Sandbox, salt: bytes, *, apart: bool = False) -> str:
    """base64(zlib(canonical spec)), with the salt of its fingerprints, unless that is kept `apart`."""
    whole = {"sandbox": canonical.encode(sandbox, salt=salt), "salt": "" if apart else salt.hex()}
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("utf-8", "surrogatepass"), 9)).decode()


def decode_applied(text: str) -> Applied | None:
    """The inverse; None for anything that we did not write, or that would unpack to more than 1 MiB."""
    try:
        packed = base64.b64decode(text, validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, APPLIED_LIMIT)
        if unpacker.unconsumed_tail or not unpacker.eof:
            return None
        whole = json.loads(plain)
        return Applied(sandbox=canonical.decode(whole["sandbox"]), salt=bytes.fromhex(cast("str", whole["salt"])))
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, RecursionError):
        return None


def applied(found: Mapping[str, str]) -> Applied | None:
    """What the labels of an object say that it was made from; None where they say nothing that is ours."""
    decoded = decode_applied(found.get(APPLIED, ""))
    if decoded is None or SALT not in found:
        return decoded
    try:
        return replace(decoded, salt=bytes.fromhex(found[SALT]))
    except ValueError:
        return decoded


def own_name(found: Mapping[str, str]) -> str | None:
    """The sandbox that an object says it is."""
    return found.get(NAME) if found.get(MANAGED) == "true" else None


def staging_names(name: str) -> tuple[str, str]:
    """`NAME.new`, which is being made, and `NAME.old`, which is being replaced."""
    return f"{name}.new", f"{name}.old"


def mark_name(name: str) -> str:
    """`NAME.helper`, never started: while it is there, what its labels say is unfinished."""
    return f"{name}.helper"


def helper_names(name: str) -> tuple[str, ...]:
    """`NAME.probe`, which looks at a sandbox, and `NAME.volume`, which gives a volume to its user: gone in a moment."""
    return f"{name}.probe", f"{name}.volume"


def reserved_names(name: str) -> tuple[str, ...]:
    """Every name besides its own under which something of a sandbox can be found."""
    return (*staging_names(name), *helper_names(name), mark_name(name))


def helper_labels(name: str, *, project: str | None, image_id: str, holder: str) -> dict[str, str]:
    """Those of a helper container: ours to remove, and of no spec."""
    labels = {MANAGED: "true", NAME: name, IMAGE_ID: image_id, HOLDER: holder}
    return labels if project is None else {**labels, PROJECT: project}


def mark_labels(unfinished: Unfinished, volumes: Sequence[str] = ()) -> dict[str, str]:
    """What a mark says; `volumes` are those that have to go if this ends here."""
    return {UNFINISHED: unfinished, VOLUMES: json.dumps(list(volumes))}


def marked_volumes(found: Mapping[str, str]) -> tuple[str, ...]:
    """The volumes of a mark; () for anything that we did not write."""
    try:
        volumes = json.loads(found.get(VOLUMES, "[]"))
    except (ValueError, RecursionError):
        return ()
    return tuple(each for each in volumes if isinstance(each, str)) if isinstance(volumes, list) else ()


def is_ours(found: Listed | Observed) -> bool:
    """Managed, under its own or a reserved name, and bound to its image."""
    name = own_name(found.labels)
    return name is not None and found.name in (name, *reserved_names(name)) and _is_bound(found)


def _is_bound(found: Listed | Observed) -> bool:
    if found.identity:
        return found.labels.get(IDENTITY) == found.identity
    return found.labels.get(IMAGE_ID) == found.image_id


def is_marked(found: Listed) -> bool:
    """Whether its maker came to the end, where a mark says so: it repeats the hash."""
    return found.labels.get(VERIFIED) == found.labels.get(SPEC_HASH)


def foreign_reason(found: Listed | Observed, *, project: str | None) -> str | None:
    """Why an object is not for us to touch; None where it is ours and of this project."""
    name = own_name(found.labels)
    if name is None:
        return "it was not made by sandboxctl"
    if found.name not in (name, *reserved_names(name)):
        return f"its labels are those of {name}"
    if not _is_bound(found):
        return f"its labels were copied: they name another {'place' if found.identity else 'image'}"
    theirs = found.labels.get(PROJECT)
    if theirs != project:
        mine = f"project {project}" if project else "no project"
        return f"it belongs to {f'project {theirs}' if theirs else 'no project'}, this spec to {mine}"
    return None


def newer_tool(found: Mapping[str, str]) -> str | None:
    """The version that made an object, if it is newer than this one."""
    theirs = found.get(TOOL, "")
    return theirs if _version(theirs) > _version(__version__) else None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in text.split("."))


def ttl_seconds(found: Mapping[str, str]) -> int | None:
    """Its time to live from its creation, in seconds."""
    text = found.get(TTL, "")
    return int(text) if text.isdecimal() else None


def public_labels(found: Mapping[str, str]) -> dict[str, Json]:
    """Labels without ours."""
    return {key: value for key, value in sorted(found.items()) if not key.startswith(PREFIX)}
