"""What each backend makes of each field, or of one spec: tables for people, Markdown for the docs, JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sandboxctl import explanation
from sandboxctl.capabilities import Asked, Capability, Effect, Status
from sandboxctl.explanation import Row
from sandboxctl.problems import dotted, public_path
from sandboxctl.report.cells import PLAIN, Style, counted, safe, table
from sandboxctl.spec import Loaded

TITLES: Mapping[str, str] = {"docker": "Docker", "podman": "Podman", "kubernetes": "Kubernetes", "quadlet": "Quadlet"}

_LOOKS: Mapping[Status, str] = {Status.WEAKER: "yellow", Status.REFUSED: "red"}
_CHANGES: Mapping[Effect, str] = {
    Effect.NONE: "a change does nothing to what runs",
    Effect.LIVE: "a change is made in place",
    Effect.RESTART: "a change restarts it",
    Effect.REPLACE: "a change replaces it",
    Effect.IMPOSSIBLE: "it cannot be changed",
}

Judgements = Mapping[str, Sequence[Asked]]
"""By backend, what it makes of each thing that one spec asks for."""


def to_table(rows: Sequence[Row], style: Style = PLAIN) -> str:
    """A line for each field: its status on each backend, and what a change of it takes."""
    names = list(rows[0].backends)
    cells = [["FIELD", *(name.upper() for name in names)]]
    cells += [[row.name, *(_cell(row.backends[name]) for name in names)] for row in rows]
    header, *body = table(cells)
    lines = [style.paint(header, "bold"), *body, ""]
    lines += [f"{name}: {tally(each)}" for name, each in explanation.counts(rows).items()]
    return "\n".join(lines) + "\n"


def _cell(found: Capability) -> str:
    """`enforced, live`; a refused field has nothing that could change, and some changes do nothing."""
    if found.status is Status.REFUSED:
        return "refused"
    if found.effect is Effect.NONE:
        return str(found.status)
    if found.effect is Effect.IMPOSSIBLE:
        return f"{found.status}, fixed"
    change = "live" if found.live_since == "" else f"live from {found.live_since}" if found.live_since else found.effect
    return f"{found.status}, {change}"


def tally(counts: Mapping[Status, int]) -> str:
    """`150 enforced, 12 emulated, …`: all six, in their order."""
    return ", ".join(f"{number} {status}" for status, number in counts.items())


def to_details(rows: Sequence[Row], style: Style = PLAIN) -> str:
    """Each field with its meaning, and on each backend all that is known."""
    return "\n".join("\n".join(_details(row, style)) + "\n" for row in rows)


def _details(row: Row, style: Style) -> list[str]:
    lines = [f"{style.paint(row.name, 'bold')}  {row.field.description}"]
    cells = [[backend, str(found.status), _how(found)] for backend, found in row.backends.items()]
    for line, found in zip(table(cells, indent="  "), row.backends.values(), strict=True):
        look = _LOOKS.get(found.status)
        lines.append(style.paint(line, look) if look else line)
    return lines


def _how(found: Capability) -> str:
    parts = [found.how]
    if found.since:
        parts.append(f"from {found.since} on")
    if found.status is Status.REFUSED:
        return "; ".join([*parts, *([found.hint] if found.hint else [])])
    in_place_later = found.live_since and found.effect is not Effect.LIVE
    later = f", in place from {found.live_since} on" if in_place_later else ""
    return "; ".join([*parts, _CHANGES[found.effect] + later])


def to_json(rows: Sequence[Row]) -> str:
    """`{"fields": […], "counts": {…}}`."""
    fields = [
        {
            "path": list(row.field.field),
            "variant": row.variant,
            "description": row.field.description,
            "default": row.field.default,
            "backends": {name: _capability(found) for name, found in row.backends.items()},
        }
        for row in rows
    ]
    counts = {name: {str(status): number for status, number in each.items()}
              for name, each in explanation.counts(rows).items()}  # fmt: skip
    return json.dumps({"fields": fields, "counts": counts}, indent=2, sort_keys=True) + "\n"


def _capability(found: Capability) -> dict[str, object]:
    return {
        "status": str(found.status),
        "how": found.how,
        "since": found.since,
        "effect": str(found.effect),
        "live_since": found.live_since,
        "hint": found.hint,
    }


def to_markdown(rows: Sequence[Row]) -> str:
    """The table as a page, one section for each part of the spec."""
    lines: list[str] = []
    section = ""
    for row in rows:
        if row.field.field[0] != section:
            section = row.field.field[0]
            names = [TITLES[name] for name in row.backends]
            lines += ["", f"## {section}", "", f"| field | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
        cells = (f"**{found.status}** {_how(found)}" for found in row.backends.values())
        lines.append("| " + " | ".join([_markdown_name(row), *(cell.replace("|", "\\|") for cell in cells)]) + " |")
    return "\n".join(lines).strip() + "\n"


def _markdown_name(row: Row) -> str:
    """The field, with its meaning where the row is about the field as a whole."""
    if row.variant is not None:
        return f"`{row.field.name}`, where it is {row.variant}"
    return f"`{row.field.name}`<br>{row.field.description}".replace("|", "\\|")


def spec_to_text(loaded: Loaded, judged: Judgements, style: Style = PLAIN) -> str:
    """What each backend would make of one spec: a table, then by backend what is not as it says, and why."""
    names = list(judged)
    rows = [["FIELD", *(name.upper() for name in names)], *_asked_rows(judged)]
    header, *body = table(rows)
    title = f"{safe(loaded.sandbox.name)}  {safe(loaded.source.filename)}"
    lines = [style.paint(title, "bold"), style.paint(header, "bold"), *body, ""]
    for name in names:
        lines += _verdict(loaded, name, judged[name], style)
    return "\n".join(lines) + "\n"


def _asked_rows(judged: Judgements) -> list[list[str]]:
    """A row for each place of the spec, and for each default that is weaker somewhere."""
    by_name: dict[str, dict[str, str]] = {}
    for backend, found in judged.items():
        for each in found:
            by_name.setdefault(_asked_name(each), {})[backend] = str(each.capability.status)
    return [[name, *(cells.get(backend, "as asked") for backend in judged)] for name, cells in by_name.items()]


def _asked_name(each: Asked) -> str:
    return dotted(each.path) if each.path is not None else f"{'.'.join(each.field)} (default)"


def _verdict(loaded: Loaded, backend: str, found: Sequence[Asked], style: Style) -> list[str]:
    refused = [each for each in found if each.capability.status is Status.REFUSED]
    weaker = [each for each in found if each.capability.status is Status.WEAKER]
    if refused:
        line = style.paint(f"{backend}: refuses {counted(len(refused), 'field')}", "red")
    elif weaker:
        line = style.paint(f"{backend}: can be had, {len(weaker)} weaker", "yellow")
    else:
        line = style.paint(f"{backend}: can be had as it is", "green")
    left = [each for each in found if each.capability.left]
    return [line, *(f"  {_reason(loaded, each)}" for each in (*refused, *weaker, *left))]


def _reason(loaded: Loaded, each: Asked) -> str:
    """`refused  network.egress  sandbox.yaml:9  Docker cannot filter …; use …`."""
    where = loaded.source.range(each.path) if each.path is not None else None
    place = f"  {safe(where.filename)}:{where.start.line}" if where else ""
    found = each.capability
    hint = f"; {found.hint}" if found.hint else ""
    return f"{found.status}  {safe(_asked_name(each))}{place}  {safe(found.left or found.how)}{safe(hint)}"


def specs_to_json(specs: Sequence[tuple[Loaded, Judgements]]) -> str:
    """`{"sandboxes": [{"name", "filename", "backends": {"docker": {"refused", "fields": […]}}}]}`."""
    sandboxes = [
        {
            "name": loaded.sandbox.name,
            "filename": loaded.source.filename,
            "backends": {name: _judged_json(loaded, found) for name, found in judged.items()},
        }
        for loaded, judged in specs
    ]
    return json.dumps({"sandboxes": sandboxes}, indent=2, sort_keys=True) + "\n"


def _judged_json(loaded: Loaded, found: Sequence[Asked]) -> dict[str, object]:
    entries = []
    for each in found:
        where = loaded.source.range(each.path) if each.path is not None else None
        path = public_path(each.path) if each.path is not None else each.field
        entries.append(
            {
                "path": list(path),
                "written": each.path is not None,
                "range": where.to_json() if where else None,
                **_capability(each.capability),
            }
        )
    return {"refused": any(each.capability.status is Status.REFUSED for each in found), "fields": entries}
