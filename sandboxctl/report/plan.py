"""A plan as people and programs read it (behaviour.md, "Plan"). No time stamps: the same plan gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sandboxctl import __version__, ownership
from sandboxctl.backends.base import Engine, Json
from sandboxctl.capabilities import Effect
from sandboxctl.diff import Cause, Change
from sandboxctl.fields import nest
from sandboxctl.plan import Action, Desired, Foreign, Kind, Plan
from sandboxctl.problems import Path, Problem, Range, dotted, errors, public_path
from sandboxctl.report import problems as report_problems
from sandboxctl.report.cells import PLAIN, Style, safe, short_id
from sandboxctl.report.values import masked, pair
from sandboxctl.spec import Secret

_SYMBOLS = {
    Kind.NO_OP: " ", Kind.CREATE: "+", Kind.UPDATE: "~", Kind.START: ">", Kind.REPLACE: "-/+", Kind.DELETE: "-",
    Kind.RECOVER: "*",
}  # fmt: skip
_LOOKS = {"+": "green", "~": "yellow", ">": "green", "-/+": "red", "+/-": "red", "-": "red", "*": "cyan", "!": "red"}
_CAUSES = {
    "spec_changed": "the spec changed",
    "drift": "changed behind our back",
    "tool": "made by another version of sandboxctl",
    "unknown": "differs from the spec",
    "image_moved": "its reference now names another image",
    "expired": "past its ttl",
    "stopped": "it is stopped",
    "paused": "it is paused",
    "failed": "it has failed",
    "requested": "as asked",
    "pruned": "pruned",
    "unfinished": "what an interrupted run left",
}
_FIELD_CAUSES = {Cause.DRIFT: "drift", Cause.TOOL: "tool", Cause.UNKNOWN: "cause unknown", Cause.EXPIRED: "expired",
                 Cause.IMAGE_MOVED: "image moved", Cause.SPEC: ""}  # fmt: skip
_ALWAYS_COUNTED = ("create", "update", "replace", "delete")
_COUNTED = {Kind.CREATE: "create", Kind.UPDATE: "update", Kind.REPLACE: "replace", Kind.DELETE: "delete",
            Kind.START: "start", Kind.RECOVER: "recover", Kind.NO_OP: "unchanged"}  # fmt: skip


def to_json(plans: Sequence[Plan], problems: Sequence[Problem] = ()) -> str:
    """The whole document, of all engines."""
    actions = [action for plan in plans for action in plan.actions]
    foreign = [(each, plan.engine) for plan in plans for each in plan.foreign]
    whole = {
        "format_version": "1.0",
        "tool_version": __version__,
        "errored": bool(foreign or errors(problems)),
        "backends": [
            {"type": plan.engine.backend, "endpoint": plan.engine.endpoint, "server_version": plan.engine.version}
            for plan in plans
        ],
        "resource_changes": [_resource_change(action) for action in actions],
        "foreign": [_foreign_json(each, engine) for each, engine in foreign],
        "recover": [_recovery(action) for action in actions if action.kind is Kind.RECOVER],
        "diagnostics": report_problems.to_json(problems),
        "summary": summary(plans),
    }
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def summary(plans: Iterable[Plan]) -> dict[str, int]:
    """How many sandboxes of each kind; `drifted` are those with a field that was changed behind our back."""
    counts = dict.fromkeys(("create", "update", "replace", "delete", "start", "recover", "unchanged", "drifted"), 0)
    for action in (action for plan in plans for action in plan.actions):
        counts[_COUNTED[action.kind]] += 1
        counts["drifted"] += any(change.cause is Cause.DRIFT for change in action.changes)
    return counts


def _resource_change(action: Action) -> dict[str, object]:
    desired, observed = action.desired, action.observed
    source = desired.loaded.source if desired else None
    return {
        "address": action.address,
        "backend": action.backend,
        "name": action.name,
        "project": action.project,
        "source": {"filename": source.filename, "document": source.document} if source else None,
        "change": {
            "actions": _actions(action),
            "before": _before(action),
            "after": _after(action),
            "replace_paths": [
                list(public_path(change.path)) for change in action.changes if change.effect is Effect.REPLACE
            ],
        },
        "action_reason": action.reason,
        "fields": [_field_json(change, action) for change in action.changes],
        "preconditions": {
            "id": action.ref,
            "spec_hash": observed.labels.get(ownership.SPEC_HASH) if observed else None,
        },
    }


def _actions(action: Action) -> list[str]:
    if action.kind is not Kind.REPLACE:
        return [str(action.kind)]
    return ["create", "delete"] if action.start_first else ["delete", "create"]


def _before(action: Action) -> dict[str, Json] | None:
    """Live values. What may be a secret is shown only where the spec has it in plain: nothing else permits that."""
    if action.observed is None:
        return None
    sensitive = {change.key for change in action.changes if change.sensitive}
    plain = frozenset(action.desired.wanted.fields) - sensitive if action.desired else frozenset()
    return nest(masked(action.observed.fields, plain))


def _after(action: Action) -> dict[str, Json] | None:
    if action.desired is None or action.kind is Kind.DELETE:
        return None
    wanted = action.desired.wanted
    return nest({**wanted.fields, **dict.fromkeys(wanted.secrets, None)})


def _field_json(change: Change, action: Action) -> dict[str, object]:
    where = action.desired.loaded.source.range(change.path) if action.desired else None
    return {
        "path": list(public_path(change.path)),
        "before": change.before,
        "after": change.after,
        "effect": str(change.effect),
        "cause": str(change.cause),
        "sensitive": change.sensitive,
        "range": where.to_json() if where else None,
    }


def _foreign_json(foreign: Foreign, engine: Engine) -> dict[str, object]:
    return {
        "address": _address(foreign, engine),
        "backend": foreign.backend,
        "name": foreign.name,
        "id": foreign.ref,
        "reason": foreign.reason,
    }


def _recovery(action: Action) -> dict[str, object]:
    steps = [{"do": step.do, "id": step.ref, "name": step.name, "to": step.to} for step in action.steps]
    return {"address": action.address, "backend": action.backend, "name": action.name, "steps": steps}


def to_text(plans: Sequence[Plan], style: Style = PLAIN) -> str:
    """What would be done, one sandbox after the other, and the counts on the last line."""
    lines: list[str] = []
    for plan in plans:
        for action in plan.pending:
            lines += _action(action, style)
        lines += [_foreign(each, plan.engine, style) for each in plan.foreign]
    if lines:
        lines.append("")
    lines.append(style.paint(tally(plans), "bold"))
    return "\n".join(lines) + "\n"


def tally(plans: Iterable[Plan]) -> str:
    """`Plan: 1 to create, 0 to update, 0 to replace, 0 to delete, 3 unchanged.`"""
    counts = summary(plans)
    named = [each for each in (*_ALWAYS_COUNTED, "start", "recover") if each in _ALWAYS_COUNTED or counts[each]]
    parts = [f"{counts[each]} to {each}" for each in named]
    return f"Plan: {', '.join(parts)}, {counts['unchanged']} unchanged."


def _action(action: Action, style: Style) -> list[str]:
    symbol = "+/-" if action.kind is Kind.REPLACE and action.start_first else _SYMBOLS[action.kind]
    why = f"  ({_CAUSES[action.cause]})" if action.cause else ""
    project = f"  project {safe(action.project)}" if action.project else ""
    lines = [f"{style.paint(f'{symbol:>3}', _LOOKS[symbol])} {safe(action.address)}  {_subject(action)}{project}{why}"]
    lines += [f"      {_field(change, action, style)}" for change in action.changes]
    lines += [_loosened(problem, style) for problem in (action.desired.loaded.loosened if action.desired else ())]
    lines += [f"      {_step(step.do, step.name, step.to)}" for step in action.steps]
    lines += [f"      note: {safe(note)}" for note in action.notes]
    return lines


def _loosened(problem: Problem, style: Style) -> str:
    """What an overlay made weaker than the spec: it stands beside what is done by it."""
    return f"      {style.paint(f'! {safe(problem.message)}', 'red')}{_place(problem.range)}"


def _place(where: Range | None) -> str:
    """`  sandbox.yaml:9`; what was said on the command line has no lines."""
    if where is None:
        return ""
    line = "" if where.filename.startswith("--") else f":{where.start.line}"
    return f"  {safe(where.filename)}{line}"


def _subject(action: Action) -> str:
    """What is created, of which image; for the rest what is done."""
    if action.kind is Kind.CREATE and action.desired is not None:
        return f"{safe(action.desired.sandbox.image.name)}{_resolved(action.desired)}"
    started = ", and start it" if action.starts and action.kind is Kind.UPDATE else ""
    return f"{action.kind}{started}"


def _resolved(desired: Desired) -> str:
    """The id of the image, which a node finds for itself."""
    if desired.image_id == desired.sandbox.image.name:
        return ""
    return "  (known after apply)" if desired.image_id is None else f"  {safe(short_id(desired.image_id))}"


def _field(change: Change, action: Action, style: Style) -> str:
    symbol = "~"
    if change.sensitive:
        values = "(sensitive, changed)"
    else:
        symbol = "+" if change.before is None else "-" if change.after is None else "~"
        before, after = pair(change.key, change.before, change.after)
        comes = change.after is None and change.key == ("image",)
        values = f"{before} → {'(known after apply)' if comes else after}"
    effect = ", ".join(word for word in (str(change.effect), _FIELD_CAUSES[change.cause]) if word)
    where = _said(change, action.desired) if action.desired else ""
    return f"{style.paint(symbol, _LOOKS[symbol])} {safe(dotted(change.path))}  {values}  ({effect}){where}"


def _said(change: Change, desired: Desired) -> str:
    """Where the spec says so, or that it is a default."""
    source, path = desired.loaded.source, _written_at(change, desired)
    return _place(source.range(path)) if source.says(path) else "  the default"


def _written_at(change: Change, desired: Desired) -> Path:
    """Of a variable from a file the line that names the file."""
    value = desired.sandbox.env.get(str(change.path[-1])) if change.path[:-1] == ("spec", "env") else None
    return (value.path if isinstance(value, Secret) else ()) or change.path


def _step(do: str, name: str, to: str | None) -> str:
    return f"{do} {safe(name)}" + (f" to {safe(to)}" if to else "")


def _foreign(foreign: Foreign, engine: Engine, style: Style) -> str:
    what = "in the hands of" if foreign.busy else "not ours:"
    return f"{style.paint('  !', 'red')} {safe(_address(foreign, engine))}  {what} {safe(foreign.reason)}"


def _address(foreign: Foreign, engine: Engine) -> str:
    return "/".join(part for part in (foreign.backend, engine.namespace, foreign.name) if part)
