"""The canonical form of a spec: plain JSON with the spec's own key names, integers for quantities, sorted maps.

`encode` and `decode` are inverse but for secrets, which are written as fingerprints and file contents as digests. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import Any, cast

from sandboxctl import spec
from sandboxctl.backends.base import Json
from sandboxctl.dataclass import default, is_dataclass, names
from sandboxctl.digest import hexadecimal
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
_UNIONS = ("Mount", "EnvValue", "str | Secret | SecretDigest")
"""Annotations of fields whose value says by its tag what it is."""
_TUPLE, _MAPPING = "tuple[", "Mapping[str, "


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
        encoded["content"] = "sha256:" + hexadecimal(content.encode())
    return dict(sorted(encoded.items()))


def decode(value: object) -> Sandbox:
    """A canonical form back into a Sandbox. Raises ValueError for what `encode` never writes."""
    try:
        return cast("Sandbox", _decode_dataclass(_expect(value, dict), Sandbox))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a canonical spec: {error}") from error


_Decode = Callable[[object], object]


def _decode_dataclass(value: dict[str, object], kind: type[Any]) -> object:
    known = _known(cast("Hashable", kind))
    if kind is spec.FileMount and isinstance(value.get("content"), str):
        value = {**value, "content": spec.TextDigest(value["content"])}
    decoded: dict[str, object] = {}
    for key, item in value.items():
        if key != _TAG:
            name, decode_item = known[key]
            decoded[name] = item if decode_item is None else decode_item(item)
    return kind(**decoded)


@cache
def _known(kind: Hashable) -> dict[str, tuple[str, _Decode | None]]:
    """By key of the canonical form: the field, and what makes its value; None where that is the value itself."""
    own = cast("type[Any]", kind)
    return {camel(name): (name, _decoder(own.__annotations__[name])) for name in names(own)}


def _decoder(annotation: str) -> _Decode | None:
    """By a field's annotation as it is written: to have them evaluated costs more than all the rest of a plan."""
    whole = annotation.removesuffix(" | None")
    structured = _structured(whole)
    if structured is None or whole is annotation:
        return structured
    return lambda value: value if value is None or isinstance(value, str | bool | int) else structured(value)


def _structured(annotation: str) -> _Decode | None:
    if annotation.startswith(_TUPLE):
        item = _decoder(annotation[len(_TUPLE) : -len(", ...]")])
        return lambda value: tuple([each if item is None else item(each) for each in _expect(value, list)])
    if annotation.startswith(_MAPPING):
        item = _decoder(annotation[len(_MAPPING) : -1])
        return lambda value: {key: each if item is None else item(each) for key, each in _expect(value, dict).items()}
    kind = getattr(spec, annotation, None)
    if is_dataclass(kind):
        return lambda value: _decode_dataclass(_expect(value, dict), cast("type[Any]", kind))
    return _tagged if annotation in _UNIONS else None


def _tagged(value: object) -> object:
    """One of several classes, which the value names, or a plain value."""
    if isinstance(value, dict):
        return _decode_dataclass(value, _CLASSES[value[_TAG]])
    return value


def _expect(value: object, kind: type[Any]) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
    return value
