"""`sandboxctl delete`: removes sandboxes, by file, name or project."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sandboxctl.apply import Result
    from sandboxctl.backends.base import Backend
    from sandboxctl.cli.locking import Locking
    from sandboxctl.plan import Plan
    from sandboxctl.spec import Sandbox

    _Wanted = tuple[Backend, tuple[str, ...], Mapping[str, Sandbox] | None]
    """An engine, the names to delete there, and their specs where files give them."""


@click.command("delete")
@click.argument("arguments", nargs=-1, metavar="[PATHS|NAMES]...")
@click.option("--project", metavar="NAME", help="Every sandbox of this project.")
@click.option("--yes", "-y", is_flag=True, help="Don't ask.")
@click.option("--fail-fast", is_flag=True, help="Start nothing new after a failure.")
@options.locking
@options.session(specs=True, engines=True)
def command(
    session: Session,
    arguments: tuple[str, ...],
    project: str | None,
    *,
    yes: bool,
    fail_fast: bool,
    holding: Locking,
) -> int:
    """Remove sandboxes; one that is not there is no error."""
    from sandboxctl.apply import ApplyOptions
    from sandboxctl.cli import carrying_out, outlook

    def plan() -> list[tuple[Backend, Plan]]:
        return [(each[0], _plan(*each, break_lock=holding.break_lock)) for each in wanted]

    if bool(arguments) == (project is not None):
        raise UsageError("what is to be deleted?" if project is None else "names and --project exclude each other",
                         hint="give files, names, or --project")  # fmt: skip
    with ExitStack() as stack:
        wanted = _wanted(session, arguments, project, stack)
        plans = plan()
        foreign = [each for _, found in plans for each in found.strangers]
        there = {each.name for each in foreign} | {name for _, found in plans for name in found.held}
        names = dict.fromkeys(name for _, names, _ in wanted for name in names)
        return carrying_out.carry_out(
            session,
            plans,
            plan,
            yes=yes,
            arguments=arguments,
            options=ApplyOptions(fail_fast=fail_fast),
            holding=holding,
            absent=[_absent(name) for name in names if name not in there],
            conflict=outlook.conflict(foreign) if foreign else None,
        )


def _absent(name: str) -> Result:
    from sandboxctl.apply import Result

    return Result(name=name, code=0, outcome="unchanged", brief="there is no such sandbox")


def _plan(backend: Backend, names: Sequence[str], specs: Mapping[str, Sandbox] | None, *, break_lock: bool) -> Plan:
    from sandboxctl import observe

    if specs is None:
        return observe.prepare_delete(names, backend, break_lock=break_lock)
    projects = {name: sandbox.project for name, sandbox in specs.items()}
    commits = {name: sandbox.commit for name, sandbox in specs.items()}
    return observe.prepare_delete(names, backend, projects=projects, commits=commits, break_lock=break_lock)


def _wanted(session: Session, arguments: tuple[str, ...], project: str | None, stack: ExitStack) -> list[_Wanted]:
    """The names to delete on each engine. The specs of files say which engine is meant; a name is looked for on all."""
    from sandboxctl import observe
    from sandboxctl.cli import engines, specs
    from sandboxctl.load import OF_THIS_MACHINE

    if project is not None:
        backends = stack.enter_context(engines.in_use(session))
        return [(backend, observe.names_of_project(project, backend), None) for backend in backends]
    paths, names = specs.split(arguments)
    wanted: list[_Wanted] = []
    if paths:
        loaded, _ = specs.valid(session, paths, forgiven=OF_THIS_MACHINE)
        for group in engines.grouped(session, loaded):
            backend = stack.enter_context(engines.opened(session, group))
            sandboxes = {each.sandbox.name: each.sandbox for each in group.loaded}
            wanted.append((backend, tuple(sandboxes), sandboxes))
    return [*wanted, *_by_name(session, names, stack)]


def _by_name(session: Session, names: tuple[str, ...], stack: ExitStack) -> Iterator[_Wanted]:
    from sandboxctl.cli import engines

    if names:
        backends = stack.enter_context(engines.in_use(session))
        found: dict[int, list[str]] = {}
        for name in names:
            found.setdefault(engines.index_of(backends, name), []).append(name)
        yield from ((backends[index], tuple(here), None) for index, here in found.items())
