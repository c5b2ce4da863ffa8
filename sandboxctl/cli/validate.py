"""`sandboxctl validate`: everything wrong with the specs, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandboxctl.problems import Problem
    from sandboxctl.spec_files import LoadResult


def _backends(words: str | tuple[str, ...]) -> tuple[str, ...]:
    """`docker,k8s` as full names, each once."""
    listed = words.split(",") if isinstance(words, str) else words
    return tuple(dict.fromkeys(options.form_name(word.strip()) for word in listed))


@click.command("validate")
@options.paths
@click.option("--for", "backends", type=_backends, default=(), metavar="BACKENDS",
              help="Also what these backends would refuse: docker,podman,kubernetes,quadlet.")  # fmt: skip
@options.session(outputs=("text", "json", "sarif"), specs=True, backend=True, policy=True, forms=True)
def command(session: Session, paths: tuple[str, ...], backends: tuple[str, ...]) -> int:
    """Say everything that is wrong with specs.

    All of it at once, and without asking an engine.
    """
    from sandboxctl.cli import policies, specs
    from sandboxctl.errors import ExitCode
    from sandboxctl.problems import errors, ordered

    result = specs.read(session, specs.paths_only(paths))
    found = [*result.problems, *policies.refusals(session, result.loaded)]
    judges = dict.fromkeys((*backends, *((session.backend,) if session.backend else ())))
    if judges:
        from sandboxctl.capabilities import left_to_do, refusals

        for each in result.loaded:
            for name in judges:
                found += [*refusals(each, name), *left_to_do(each, name)]
    problems = ordered(found)
    session.result(_shown(session, problems))
    if errors(problems):
        return ExitCode.INVALID
    if session.output == "text":
        session.result(_praise(result, backends))
        _tell_weaker(session, result, backends)
    return ExitCode.DONE


def _shown(session: Session, problems: Sequence[Problem]) -> str:
    import json

    from sandboxctl.report import problems as report

    match session.output:
        case "json":
            return json.dumps({"diagnostics": report.to_json(problems)}, indent=2, sort_keys=True) + "\n"
        case "sarif":
            from sandboxctl.report import sarif

            return sarif.to_json(problems)
        case _:
            return report.to_text(problems, session.style())


def _praise(result: LoadResult, backends: tuple[str, ...]) -> str:
    from sandboxctl.report.cells import counted

    where = f", and can be had on {', '.join(backends)}" if backends else ""
    return f"{counted(len(result.loaded), 'sandbox', 'sandboxes')}: valid{where}\n"


def _tell_weaker(session: Session, result: LoadResult, backends: tuple[str, ...]) -> None:
    """The defaults of which a backend gives less: no refusals, but to be known before moving there."""
    from sandboxctl.capabilities import weaker

    for each in result.loaded:
        for backend in backends:
            fields = ", ".join(".".join(field) for field, _ in weaker(each.sandbox, backend))
            if fields:
                session.note(f"note: {each.sandbox.name} on {backend}: weaker: {fields}\n")
