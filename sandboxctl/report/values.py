"""A field's value in the spelling of the spec: sizes, CPUs and durations by the name of the field. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from sandboxctl.backends.base import Json, Key
from sandboxctl.fields import may_be_secret
from sandboxctl.quantity import format_bytes, format_cpu, format_duration
from sandboxctl.report.cells import safe, shortened

_LONGEST = 60
_SIZES = frozenset({"memory", "swap", "shm", "disk", "scratch", "size"})
_DURATIONS = frozenset({"ttl", "stopGrace", "interval", "timeout", "startPeriod"})
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@+=")


def shown(key: Key, value: Json) -> str:
    """`64Mi` for 67108864 under `resources.memory`; long values are cut."""
    return shortened(_shown(key[-1] if key else "", key, value), _LONGEST)


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
            return "{" + ", ".join(_entry(part, key, item) for part, item in value.items()) + "}"


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
