"""Times as engines write them, in seconds since the epoch. Pure; asks no clock. `datetime` and `calendar` cost 3 ms."""

from __future__ import annotations

import re

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:Z|([+-])(\d\d):(\d\d))")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_EPOCH = 719_163  # the day 1970-01-01, counted from 0001-01-01 as day 1


def rfc3339(text: str) -> float | None:
    """`2026-11-25T04:03:36.802443982Z` → seconds; None for Go's zero time, and for what is no time."""
    match = _RFC3339.fullmatch(text)
    if match is None or text.startswith("0001"):
        return None
    *numbers, fraction, sign, hours, minutes = match.groups()
    moment = [int(each) for each in numbers]
    if not (1 <= moment[1] <= 12 and 1 <= moment[2] <= 31 and moment[3] < 24 and moment[4] < 60 and moment[5] < 61):
        return None
    ahead = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    microseconds = int((fraction or ".0")[1:7].ljust(6, "0"))  # an engine's nanoseconds are more than a float can hold
    return _seconds(*moment) - ahead + microseconds / 1e6


def http_date(text: str) -> float:
    """The `Date` header of an answer: `Wed, 25 Nov 2026 03:29:22 GMT`."""
    _, day, month, year, clock, _ = text.split()
    hour, minute, second = clock.split(":")
    return float(_seconds(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """By the calendar that holds since 1582, for whatever year."""
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 + _BEFORE_MONTH[month - 1] + day
    if month > 2 and is_leap:
        days += 1
    return ((days - _EPOCH) * 24 + hour) * 3600 + minute * 60 + second
