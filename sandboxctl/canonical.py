"""The canonical form of a spec: plain JSON with the spec's own key names, integers for quantities, sorted maps.

`encode` and `decode` are inverse but for secrets, which are written as fingerprints and file contents as digests. Pure.
"""

from __future__ import annotations

import hashlib
import types
import typing
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin

from sandboxctl import spec
from sandboxctl.backends.base import Json
from sandboxctl.dataclass import default, is_dataclass, names
from sandboxctl.spec import Sandbox, Secret, SecretDigest

_TAG = "is"
"""The key that says which of several classes a map is: no field has this name."""
_TAGS: dict[type, str] = {
    spec.BindMount: "bind",
    spec.VolumeMount: "volume",
    spec.TmpfsMount: "tmpfs",
    spec.FileMount: "file",
    spec.ObjectMount: "object",
    spec.KeyReference: "reference",
    SecretDigest: "sensitive",
}
_CLASSES = {tag: kind for kind, tag in _TAGS.items()}


def camel(name: str) -> str:
    """`read_only` → `readOnly`."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def encode(sandbox: Sandbox, *, salt: bytes) -> dict[str, Json]:
    """The canonical form; a Secret becomes its fingerprint under `salt`, a seccomp profile and a file their digest."""
    return cast("dict[str, Json]", _encode(sandbox, salt))


def _encode(value: object, salt: bytes) -> Json:  # noqa: C901  (one branch for each kind of value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Secret):
        return _encode(SecretDigest(origin=value.origin, fingerprint=value.fingerprint(salt)), salt)
    if isinstance(value, tuple):
        return [_encode(item, salt) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _encode(item, salt) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_encode(item, salt) for item in value]
    if not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} has no canonical form")
    encoded: dict[str, Json] = {}
    if type(value) in _TAGS:
        encoded[_TAG] = _TAGS[type(value)]
    for name in names(type(value)):
        item = getattr(value, name)
        if item is not None or default(type(value), name) is not None:  # an absent one must not come back as a default
            encoded[camel(name)] = _encode(item, salt)
    content = value.content if isinstance(value, spec.FileMount) else None
    if isinstance(content, str) and not isinstance(content, spec.TextDigest):
        encoded["content"] = "sha256:" + hashlib.sha256(content.encode()).hexdigest()
    return dict(sorted(encoded.items()))


def decode(value: object) -> Sandbox:
    """A canonical form back into a Sandbox. Raises ValueError for what `encode` never writes."""
    try:
        return cast("Sandbox", _decode(value, Sandbox))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a canonical spec: {error}") from error


def _decode(value: object, kind: Any) -> object:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(value, get_args(kind))
    if origin is tuple:
        item = get_args(kind)[0]
        return tuple(_decode(each, item) for each in _expect(value, list))
    if origin is not None and origin is not Literal and issubclass(origin, Mapping):
        item = get_args(kind)[1]
        return {key: _decode(each, item) for key, each in _expect(value, dict).items()}
    if is_dataclass(kind):
        return _decode_dataclass(_expect(value, dict), cast("type[Any]", kind))
    return value


def _decode_union(value: object, kinds: tuple[Any, ...]) -> object:
    if isinstance(value, dict) and value.get(_TAG) in _CLASSES:
        return _decode_dataclass(value, _CLASSES[value[_TAG]])
    if value is None or isinstance(value, str | bool | int):
        return value
    structured = [kind for kind in kinds if is_dataclass(kind) or get_origin(kind) not in (None, Literal)]
    return _decode(value, structured[0])


def _decode_dataclass(value: dict[str, object], kind: type[Any]) -> object:
    hints = _hints(cast("Hashable", kind))
    known = {camel(name): name for name in hints}
    if kind is spec.FileMount and isinstance(value.get("content"), str):
        value = {**value, "content": spec.TextDigest(value["content"])}
    return kind(**{known[key]: _decode(item, hints[known[key]]) for key, item in value.items() if key != _TAG})


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cast("type[Any]", kind))


def _expect(value: object, kind: type[Any]) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value
