"""`sandboxctl explain`: what each backend makes of each field, or of one spec; what a code means. Asks no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxctl.explanation import Row


@click.command("explain")
@click.argument("paths", nargs=-1, metavar="[PATHS|CODE]...")
@click.option("--field", "name", metavar="FIELD", help="Only this field, as in resources.memory, or all below it.")
@options.session(outputs=("text", "json", "markdown"), specs=True, backend=True, forms=True)
def command(session: Session, paths: tuple[str, ...], name: str | None) -> int:
    """Say what each backend makes of each field.

    Its status, how it is done, since which version of the engine, and what a change of it takes. With PATHS: what each
    backend would honour, weaken or refuse of these specs. With the CODE of an error: what is wrong, and the fix.
    """
    from sandboxctl.errors import UsageError
    from sandboxctl.spec import BACKENDS

    if len(paths) == 1 and name is None and _may_be_code(paths[0]):
        return _code(session, paths[0])
    backends = (session.backend,) if session.backend else BACKENDS
    if paths and name is not None:
        raise UsageError("--field is about any spec, and PATHS are these ones", hint="give one of them")
    return _specs(session, paths, backends) if paths else _fields(session, name, backends)


def _may_be_code(argument: str) -> bool:
    import os

    from sandboxctl.cli import specs

    return not specs.is_path(argument) and not os.path.exists(argument)


def _code(session: Session, name: str) -> int:
    from sandboxctl import codes
    from sandboxctl.errors import UsageError
    from sandboxctl.report import codes as report

    code = codes.find(name)
    if code is None:
        near = codes.nearest(name)
        hint = f"did you mean `{near}`?" if near else "docs/errors.md lists them; a spec is named by its file"
        raise UsageError(f"there is no code `{name}`", hint=hint)
    session.result(report.to_json(code) if session.json else report.to_text(code, session.style()))
    return 0


def _fields(session: Session, name: str | None, backends: Sequence[str]) -> int:
    from sandboxctl import explanation
    from sandboxctl.report import explain as report
    from sandboxctl.schema import load_schema

    rows = explanation.rows(load_schema(), backends)
    chosen = rows if name is None else _within(rows, name)
    match session.output:
        case "json":
            session.result(report.to_json(chosen))
        case "markdown":
            session.result(report.to_markdown(chosen))
        case _ if name is None:
            session.result(report.to_table(chosen, session.style()))
        case _:
            session.result(report.to_details(chosen, session.style()))
    return 0


def _within(rows: Sequence[Row], name: str) -> Sequence[Row]:
    from sandboxctl import explanation
    from sandboxctl.errors import UsageError
    from sandboxctl.problems import suggestion

    found = explanation.within(rows, name)
    if found:
        return found
    known = dict.fromkeys(row.field.name for row in rows)
    last = {each.rpartition(".")[2]: each for each in reversed(known)}
    near = suggestion(name, known) or last.get(suggestion(name.rpartition(".")[2], last) or "")
    hint = f"did you mean `{near}`?" if near else "`sandboxctl explain` lists them; a mount's are `mounts.TYPE.FIELD`"
    raise UsageError(f"there is no field `{name}`", hint=hint)


def _specs(session: Session, paths: Sequence[str], backends: Sequence[str]) -> int:
    from sandboxctl.capabilities import asked
    from sandboxctl.cli import specs
    from sandboxctl.errors import UsageError
    from sandboxctl.report import explain as report

    if session.output == "markdown":
        raise UsageError("there is no markdown of one spec", hint="say --output text or json")
    loaded, warnings = specs.valid(session, specs.paths_only(paths))
    specs.warn(session, warnings)
    judged = [(each, {name: asked(each, name) for name in backends}) for each in loaded]
    if session.json:
        session.result(report.specs_to_json(judged))
    else:
        session.result("\n".join(report.spec_to_text(each, found, session.style()) for each, found in judged))
    return 0
