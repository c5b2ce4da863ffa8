"""The rows of `list` and `status`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sandboxctl.problems import dotted
from sandboxctl.report.cells import safe, short_id, table
from sandboxctl.report.values import pair

if TYPE_CHECKING:
    from sandboxctl.observe import Row

_HEADER = ("NAME", "PROJECT", "BACKEND", "STATE", "READY", "AGE", "EXPIRES", "SPEC", "IMAGE")
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def to_json(rows: Sequence[Row]) -> str:
    """`{"sandboxes": […]}`."""
    return json.dumps({"sandboxes": [_entry(row) for row in rows]}, indent=2, sort_keys=True) + "\n"


def _entry(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "project": row.project,
        "backend": row.backend,
        "id": row.id,
        "image": row.image,
        "state": row.state,
        "ready": row.ready,
        "created": row.created,
        "expires": row.expires,
        "spec": row.spec,
        "exit_code": row.exit_code,
    }


def to_table(rows: Sequence[Row], *, now: datetime) -> str:
    """One line a sandbox; ages and ends are from `now`, which is in UTC."""
    body = [
        (
            row.name, row.project or "-", row.backend, _state(row), _yes(row.ready), age(row.created, now),
            _until(row.expires, now), row.spec, short_id(row.image),
        )
        for row in rows
    ]  # fmt: skip
    return "\n".join(table([_HEADER, *body])) + "\n"


def to_details(rows: Sequence[Row], *, now: datetime) -> str:
    """All that is known of each, and the fields that differ from its spec."""
    return "\n".join("\n".join(_details(row, now)) + "\n" for row in rows)


def _details(row: Row, now: datetime) -> list[str]:
    pairs = [
        ("name", row.name),
        ("project", row.project or "-"),
        ("backend", row.backend),
        ("id", row.id),
        ("image", row.image),
        ("state", f"{_state(row)}{', ready' if row.ready else ''}"),
        *_end(row),
        ("created", f"{row.created or '-'}  ({age(row.created, now)} ago)" if row.created else "-"),
        ("expires", f"{row.expires}  ({_until(row.expires, now)})" if row.expires else "never"),
        ("ports", ", ".join(row.ports) or "none"),
        ("spec", row.spec),
    ]
    lines = table(pairs)
    for change in row.changes:
        values = "(sensitive, changed)"
        if not change.sensitive:
            values = ", its spec says ".join(pair(change.key, change.before, change.after))
        lines.append(f"  {safe(dotted(change.path))}  {values}")
    return lines


def _state(row: Row) -> str:
    """Where it is not what it says by itself: past its time and still there, or with which code it ended."""
    if row.state == "expired" and row.running:
        return "expired (runs on)"
    return f"failed ({row.exit_code})" if row.state == "failed" and row.exit_code is not None else row.state


def _end(row: Row) -> list[tuple[str, str]]:
    if row.exit_code is None:
        return []
    return [("exit code", f"{row.exit_code}{'  (killed: out of memory)' if row.oom_killed else ''}")]


def age(since: str | None, now: datetime) -> str:
    """`3m`, `2h`, `5d`: the largest unit that fits."""
    return "-" if since is None else _rough((now - datetime.fromisoformat(since)).total_seconds())


def _until(end: str | None, now: datetime) -> str:
    if end is None:
        return "never"
    left = (datetime.fromisoformat(end) - now).total_seconds()
    return f"in {_rough(left)}" if left > 0 else "past"


def _rough(seconds: float) -> str:
    whole = max(0, int(seconds))
    return next((f"{whole // size}{unit}" for size, unit in _UNITS if whole >= size), "0s")


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
