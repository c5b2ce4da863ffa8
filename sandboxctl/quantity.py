"""Quantities as the spec writes them and as the code keeps them: integers with a unit in their type. No floats.

`parse_*` raise `ValueError` with a message that names the likely intention; the caller knows the place.
"""

from __future__ import annotations

import re
from typing import NewType

Bytes = NewType("Bytes", int)
MilliCpu = NewType("MilliCpu", int)
Milliseconds = NewType("Milliseconds", int)

_UNITS = {
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
    "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
}  # fmt: skip
_LIKELY_UNIT = {"k": "Ki", "kb": "Ki", "kib": "Ki", "K": "Ki", "m": "Mi", "mb": "Mi", "mib": "Mi", "g": "Gi",
                "gb": "Gi", "gib": "Gi", "t": "Ti", "tb": "Ti", "tib": "Ti", "ki": "Ki", "mi": "Mi", "gi": "Gi",
                "ti": "Ti"}  # fmt: skip
_MOST_BYTES = 2**60  # engines count in signed 64 bits, and add swap to memory
_BYTES = r"(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,9}))?([A-Za-z]*)"
_CPU = r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,9}))?(m?)"
_DURATION = r"(?:([0-9]{1,9})d)?(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?"
_SECONDS = r"(0|[1-9][0-9]{0,8})(?:\.([0-9]{1,3}))?(s?)"
_DURATION_PARTS = (86_400, 3_600, 60, 1)
_LONGEST = 100 * 365 * 86_400


def parse_bytes(text: str) -> Bytes:
    """`512Mi` → 536870912. A unit is needed, since `512m` and `512` mean different things on each engine."""
    match = re.fullmatch(_BYTES, text.strip())
    if match is None:
        raise ValueError(f"{_shown(text)} is not a size: write a number and a unit, as in 512Mi or 2Gi")
    whole, fraction, unit = match.groups()
    if unit not in _UNITS:
        raise ValueError(_unit_message(text.strip(), whole, unit))
    factor = _UNITS[unit]
    value = int(whole) * factor
    if fraction:
        part = int(fraction) * factor
        if part % 10 ** len(fraction):
            raise ValueError(f"{_shown(text)} is not a whole number of bytes: write it in a smaller unit")
        value += part // 10 ** len(fraction)
    if value > _MOST_BYTES:
        raise ValueError(f"{_shown(text)} is more than any machine has: did you mean a smaller unit?")
    return Bytes(value)


def _unit_message(text: str, whole: str, unit: str) -> str:
    if text == "0":
        return f"{_shown(text)} has no unit: write a size as in 512Mi; left out, it is the default"
    if not unit:
        return f"{_shown(text)} has no unit: did you mean {whole}Mi? (units are Ki Mi Gi Ti k M G T)"
    likely = _LIKELY_UNIT.get(unit) or _LIKELY_UNIT.get(unit.lower())
    if likely is None:
        return f"{_shown(text)} has an unknown unit {_shown(unit)}: the units are Ki Mi Gi Ti k M G T"
    extra = ", in Kubernetes' notation `m` is a thousandth" if unit == "m" else ""
    return f"{_shown(text)} has an unknown unit {_shown(unit)}{extra}: did you mean {whole}{likely}?"


def parse_cpu(text: str) -> MilliCpu:
    """`500m`, `0.5`, `2` → thousandths of a CPU, exactly."""
    match = re.fullmatch(_CPU, text.strip())
    if match is None:
        raise ValueError(f"{_shown(text)} is not a number of CPUs: write 500m, 0.5 or 2")
    whole, fraction, milli = match.groups()
    if milli:
        if fraction:
            raise ValueError(f"{_shown(text)} is finer than a thousandth of a CPU: write whole milli-CPUs, as in 500m")
        return MilliCpu(int(whole))
    digits = (fraction or "").rstrip("0")
    if len(digits) > 3:
        raise ValueError(f"{_shown(text)} is finer than a thousandth of a CPU: the smallest step is 1m (0.001)")
    return MilliCpu(int(whole) * 1000 + int(digits.ljust(3, "0") or "0"))


def parse_duration(text: str) -> Milliseconds:
    """`90s`, `15m`, `1h30m`, `2d` → milliseconds, always whole seconds."""
    match = re.fullmatch(_DURATION, text.strip())
    if match is None or not any(match.groups()):
        raise ValueError(f"{_shown(text)} is not a duration: {_likely_duration(text.strip())}")
    seconds = sum(int(part or 0) * size for part, size in zip(match.groups(), _DURATION_PARTS, strict=True))
    if seconds > _LONGEST:
        raise ValueError(f"{_shown(text)} is longer than 100 years: leave it out where no end is meant")
    return Milliseconds(seconds * 1000)


def _likely_duration(text: str) -> str:
    if text == "0":
        return "write it as in 90s; left out, it is the default"
    return f"did you mean {text}s?" if text.isdecimal() else "write it as in 90s, 15m or 1h30m"


def parse_seconds(text: str) -> Milliseconds:
    """`0.5`, `2` (seconds, exactly, at most three decimals) or a duration → milliseconds."""
    match = re.fullmatch(_SECONDS, text.strip())
    if match is None:
        return parse_duration(text)
    whole, fraction, _ = match.groups()
    return Milliseconds(int(whole) * 1000 + int((fraction or "0").ljust(3, "0")))


def format_bytes(value: int) -> str:
    """The shortest exact spelling: 67108864 → `64Mi`."""
    for unit in ("Ti", "Gi", "Mi", "Ki", "T", "G", "M", "k"):
        if value and value % _UNITS[unit] == 0:
            return f"{value // _UNITS[unit]}{unit}"
    return "0Mi" if value == 0 else _exact_fraction(value)


def _exact_fraction(value: int) -> str:
    return f"{value // 1000}.{value % 1000:03d}k"


def format_cpu(value: int) -> str:
    """1000 → `1`, 500 → `500m`."""
    return str(value // 1000) if value % 1000 == 0 else f"{value}m"


def format_duration(value: int) -> str:
    """Milliseconds as `1h30m`; below a whole second as a decimal, `0.5`."""
    if value % 1000:
        return f"{value / 1000:.3f}".rstrip("0")
    seconds = value // 1000
    text = ""
    for size, unit in zip(_DURATION_PARTS, "dhms", strict=True):
        if seconds >= size:
            text += f"{seconds // size}{unit}"
            seconds %= size
    return text or "0s"


def _shown(text: str) -> str:
    """A user's text inside a message: short, quoted, nothing a terminal would obey."""
    printable = "".join(char if char.isprintable() else "�" for char in text)
    return repr(printable if len(printable) <= 40 else printable[:37] + "...").replace("'", "`", 2)
