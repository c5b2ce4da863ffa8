"""The API's quantities as numbers: `512Mi`, `1500m`, `1.5`. Pure."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

_SUFFIXES = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{letter: Decimal(1000**power) for power, letter in enumerate("kMGTPE", start=1)},
    **{f"{letter}i": Decimal(1024**power) for power, letter in enumerate("KMGTPE", start=1)},
}


def amount(text: object) -> Decimal | None:
    """A quantity of the API's, exactly; None for what is none."""
    number = str(text).rstrip("kKMGTPEim")
    suffix = _SUFFIXES.get(str(text)[len(number) :])
    try:
        return None if text is None or suffix is None else Decimal(number) * suffix
    except InvalidOperation:
        return None


def whole(text: object) -> int | None:
    """In units, rounded up: bytes of `512Mi`."""
    exact = amount(text)
    return None if exact is None else math.ceil(exact)


def milli(text: object) -> int | None:
    """In thousandths: `1500m` and `1.5` are 1500."""
    exact = amount(text)
    return None if exact is None else math.ceil(exact * 1000)
