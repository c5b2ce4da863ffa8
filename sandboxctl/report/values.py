"""A field's value in the spelling of the spec: sizes, CPUs and durations by the name of the field. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast

from sandboxctl.backends.base import Json, Key
from sandboxctl.fields import may_be_secret
from sandboxctl.quantity import format_bytes, format_cpu, format_duration
from sandboxctl.report.cells import safe, short_id, shortened

_LONGEST = 60
_SIZES = frozenset({"memory", "swap", "shm", "disk", "scratch", "size"})
_DURATIONS = frozenset({"ttl", "stopGrace", "interval", "timeout", "startPeriod"})
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+=")


def shown(key: Key, value: Json) -> str:
    """`64Mi` for 67108864 under `resources.memory`; long values are cut."""
    return shortened(_shown(key[-1] if key else "", key, value), _LONGEST)


def pair(key: Key, one: Json, other: Json) -> tuple[str, str]:
    """Two values of a field; of long lists of ports or rules what only one of them has."""
    texts = _shown(key[-1], key, one), _shown(key[-1], key, other)
    if key == ("image",):
        texts = short_id(texts[0]), short_id(texts[1])
    if max(map(len, texts)) > _LONGEST and _are_mappings(one) and _are_mappings(other):
        texts = _shown(key[-1], key, _without(one, other)), _shown(key[-1], key, _without(other, one))
    return shortened(texts[0], _LONGEST), shortened(texts[1], _LONGEST)


def _are_mappings(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _without(one: Json, other: Json) -> Json:
    return [item for item in cast("list[Json]", one) if item not in cast("list[Json]", other)]


def _shown(name: str, key: Key, value: Json) -> str:
    match value:
        case None:
            return "(not set)"
        case bool():
            return "true" if value else "false"
        case int():
            return _format(name, key)(value)
        case str():
            return value if value and set(value) <= _WORD else safe(json.dumps(value, ensure_ascii=False))
        case list():
            return "[" + ", ".join(_shown(name, key, item) for item in value) + "]"
        case dict():
            return _mapping(key, value)


def _mapping(key: Key, value: Mapping[str, Json]) -> str:
    """In the short form of the spec, where it has one."""
    match value:
        case {"container": container, "host": host, "address": address, "protocol": protocol}:
            return f"{_bracketed(str(address))}:{host}->{container}/{protocol}"
        case {"cidr": cidr, "domain": domain, "ports": list() as ports}:
            return safe(" ".join(str(part) for part in (cidr or domain, *ports)))
        case {"soft": soft, "hard": hard} if soft == hard:
            return str(soft)
        case _:
            return "{" + ", ".join(_entry(part, key, item) for part, item in value.items()) + "}"


def _bracketed(address: str) -> str:
    return f"[{safe(address)}]" if ":" in address else safe(address)


def _entry(name: str, key: Key, value: Json) -> str:
    """The name may be a whole dotted field, as in what `verify` says of one."""
    return f"{safe(name)}: {_shown(name.rpartition('.')[2], (*key, name), value)}"


def _format(name: str, key: Key) -> Callable[[int], str]:
    """Env values and labels are texts whatever they are called, so they never come here."""
    if name in _SIZES:
        return format_bytes
    if name == "cpu":
        return format_cpu
    if name in _DURATIONS and key[:1] in (("lifecycle",), ("health",)):
        return format_duration
    return str


def masked(fields: Mapping[Key, Json], plain: frozenset[Key]) -> dict[Key, Json]:
    """Live fields with every value covered that may be a secret and is not known to be `plain`."""
    return {key: None if may_be_secret(key) and key not in plain else value for key, value in fields.items()}
