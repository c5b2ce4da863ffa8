"""Times as engines write them, in seconds since the epoch. Pure; asks no clock."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import datetime

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc3339(text: str) -> float | None:
    """`2026-11-25T04:03:36.802443982Z` → seconds; None for Go's zero time, and for what is no time."""
    match = _RFC3339.fullmatch(text)
    if match is None or text.startswith("0001"):
        return None
    fraction = (match[2] or ".0")[:7].ljust(7, "0")  # nanoseconds are more than `datetime` knows
    return datetime.fromisoformat(match[1] + fraction + match[3].replace("Z", "+00:00")).timestamp()


def http_date(text: str) -> float:
    """The `Date` header of an answer: `Wed, 25 Nov 2026 03:29:22 GMT`."""
    _, day, month, year, clock, _ = text.split()
    hour, minute, second = clock.split(":")
    moment = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    return float(timegm((*moment, 0, 0, 0)))
