"""Plain values and our data classes as JSON, and exactly back: the same types, the same order, defaults left out. Pure.

What may be written is a closed list. Secrets, contents of files, what prepares an image and numbers with a fraction
are not in it: `encode` refuses them, so whoever keeps what it writes never keeps one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from sandboxctl import problems, spec
from sandboxctl.backends.base import Json
from sandboxctl.dataclass import default, names

_CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        spec.BackendSection, spec.BindMount, spec.Capabilities, spec.Commit, spec.Device, spec.Dns, spec.EgressRule,
        spec.Health, spec.Image, spec.KeyReference, spec.Lifecycle, spec.Network, spec.ObjectMount, spec.Port,
        spec.Ready, spec.Requests, spec.Resources, spec.Restart, spec.Sandbox, spec.Seccomp, spec.Security,
        spec.Selinux, spec.TmpfsMount, spec.Ulimit, spec.VolumeMount, problems.Position, problems.Problem,
        problems.Range,
    )
}  # fmt: skip
_PLAIN = (str, int, bool, type(None))
_TUPLE, _LIST, _SEVERITY = "()", "[]", "!"


def encode(value: object) -> Json:
    """Raises ValueError for what has no exact form. Arrays begin with what they are; objects are maps."""
    kind = type(value)
    if kind in _PLAIN:
        return cast("Json", value)
    if kind is tuple or kind is list:
        items = cast("list[object]", value)
        return [_TUPLE if kind is tuple else _LIST, *(encode(each) for each in items)]
    if isinstance(value, problems.Severity):
        return [_SEVERITY, str(value)]
    if isinstance(value, Mapping):
        return {_key(key): encode(item) for key, item in value.items()}
    if _CLASSES.get(kind.__name__) is not kind:
        raise ValueError(f"{kind.__name__} is not kept")
    own = {name: getattr(value, name) for name in names(kind)}
    return [kind.__name__, {name: encode(item) for name, item in own.items() if not _is_default(kind, name, item)}]


def decode(form: object) -> object:
    """The inverse. Raises ValueError, KeyError or TypeError for what `encode` never writes."""
    kind = type(form)
    if kind is list:
        tag, *items = cast("list[object]", form)
        if tag == _TUPLE:
            return tuple([decode(each) for each in items])
        if tag == _LIST:
            return [decode(each) for each in items]
        if tag == _SEVERITY:
            return problems.Severity(cast("str", items[0]))
        return _CLASSES[cast("str", tag)](**cast("dict[str, object]", decode(items[0])))
    if kind is dict:
        return {key: decode(item) for key, item in cast("dict[str, object]", form).items()}
    if kind in _PLAIN:
        return form
    raise ValueError(f"{kind.__name__} is never written")


def _key(key: object) -> str:
    if type(key) is not str:
        raise ValueError(f"a key that is a {type(key).__name__} is not kept")
    return key


def _is_default(kind: type, name: str, item: object) -> bool:
    """By what it looks like, too: 1 is True and yet not the same, and maps of another order are equal."""
    usual = default(kind, name)
    return type(item) is type(usual) and item == usual and repr(item) == repr(usual)
