"""How each engine is, for people and as JSON. Nothing is asked or judged here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sandboxctl.backends.base import Engine, Json
from sandboxctl.doctor import Examined
from sandboxctl.report.cells import PLAIN, Style, safe

_LOOKS = {"answers": "green", "absent": "dim", "silent": "red", "broken": "red"}


def to_text(examined: Sequence[Examined], style: Style = PLAIN) -> str:
    """A paragraph for each backend, and below it what is missing with the command that mends it."""
    return "\n".join("\n".join(_paragraph(each, style)) + "\n" for each in examined)


def _paragraph(each: Examined, style: Style) -> Iterator[str]:
    state = style.paint(each.state, _LOOKS[each.state])
    yield f"{style.paint(each.backend, 'bold')}  {state}"
    if each.engine is not None:
        yield from (f"  {name:<17} {safe(value)}" for name, value in _facts(each.engine) if value)
    for advice in each.advice:
        yield f"  {style.paint('!', 'red' if advice.fatal else 'yellow')} {safe(advice.what)}"
        yield f"    {safe(advice.fix)}"


def _facts(engine: Engine) -> Iterator[tuple[str, str]]:
    controllers = f": {' '.join(engine.controllers)}" if engine.controllers else ""
    yield "endpoint", engine.endpoint
    yield "version", engine.version
    yield "root", "no, this user's own" if engine.rootless else "yes"
    yield "control groups", "" if engine.pods else f"version {engine.cgroup_version}{controllers}"
    yield "security modules", " ".join(engine.security_modules)
    yield "runtimes", " ".join(engine.runtimes)
    yield "storage", " in ".join(filter(None, (engine.storage, engine.data_root)))


def to_json(examined: Sequence[Examined]) -> str:
    """`{"backends": [{"backend", "state", "usable", "engine", "advice": [{"what", "fix", "fatal"}]}]}`."""
    return json.dumps({"backends": [_entry(each) for each in examined]}, indent=2, sort_keys=True) + "\n"


def _entry(each: Examined) -> dict[str, Json]:
    return {
        "backend": each.backend,
        "state": each.state,
        "usable": each.usable,
        "engine": None if each.engine is None else _engine(each.engine),
        "advice": [{"what": advice.what, "fix": advice.fix, "fatal": advice.fatal} for advice in each.advice],
    }


def _engine(engine: Engine) -> dict[str, Json]:
    return {
        "endpoint": engine.endpoint,
        "version": engine.version,
        "rootless": engine.rootless,
        "cgroup_version": None if engine.pods else engine.cgroup_version,
        "controllers": list(engine.controllers),
        "security_modules": list(engine.security_modules),
        "runtimes": list(engine.runtimes),
        "storage": engine.storage,
    }
