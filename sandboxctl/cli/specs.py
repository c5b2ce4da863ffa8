"""From arguments to specs: what is a path and what a name, the variables, and loading with everything wrong at once."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sandboxctl import spec_files
from sandboxctl.cli.refusal import RefusedError
from sandboxctl.cli.session import Session
from sandboxctl.errors import LocalFileError, SandboxctlError, UsageError
from sandboxctl.problems import Problem, errors
from sandboxctl.report.cells import safe

if TYPE_CHECKING:
    from sandboxctl.overlay import Edits
    from sandboxctl.spec import Loaded
    from sandboxctl.spec_files import LoadResult, SpecFile

DEFAULT = "sandbox.yaml"
_NAME = r"[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"


def is_path(argument: str) -> bool:
    """A path has a `/`, ends in `.yaml` or `.yml`, or is `-`; all else is a name."""
    return "/" in argument or argument == "-" or argument.endswith((".yaml", ".yml"))


def split(arguments: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths and names, each in their order."""
    paths = tuple(each for each in arguments if is_path(each))
    names = tuple(each for each in arguments if not is_path(each))
    for name in names:
        check_name(name, hint=f"a path needs a `/`: `{safe(name)}/`" if os.path.exists(name) else None)
    return paths, names


def check_name(name: str, *, hint: str | None = None) -> str:
    """Raises UsageError for what can be no sandbox's name."""
    if not re.fullmatch(_NAME, name):
        letters = "lower case letters, digits and `-`, 2 to 63"
        raise UsageError(f"`{safe(name)}` is no name of a sandbox", hint=hint or letters)
    return name


def paths_only(arguments: Sequence[str]) -> tuple[str, ...]:
    """The paths to read, `sandbox.yaml` by default. A directory without a `/` is one too: no name can be meant here."""
    for each in arguments:
        if not is_path(each) and not os.path.exists(each):
            raise UsageError(
                f"`{each}` is the name of a sandbox, and this takes files", hint=spec_files.nearby(f"{each}.yaml")
            )
    if arguments:
        return tuple(arguments)
    if not os.path.exists(DEFAULT):
        raise LocalFileError(f"there is no {DEFAULT} here", hint=spec_files.nearby(DEFAULT))
    return (DEFAULT,)


def read(session: Session, paths: Sequence[str], *, forgiven: frozenset[str] = frozenset()) -> LoadResult:
    """Everything in the files, right or wrong, but for problems that are forgiven. Notes go to standard error."""
    stdin = None if sys.stdin is None else sys.stdin.buffer
    if "-" in paths and stdin is None:
        raise UsageError("`-` is standard input, and there is none")
    result = _judged(session, spec_files.read(paths, stdin), forgiven)
    for note in (*spec_files.passed_over(paths), *result.notes):
        session.note(f"note: {note}\n")
    return result


def _judged(session: Session, files: Iterator[SpecFile], forgiven: frozenset[str]) -> LoadResult:
    """As it was remembered, where that is the same; a file of variables may hold secrets, which no one keeps."""
    known, changes = variables(session), edits(session)
    if session.cache and not (forgiven or changes or session.var_file):
        from sandboxctl import remembered

        return remembered.judge(tuple(files), known, session.aside)
    from sandboxctl.host import Host
    from sandboxctl.load import judge

    meant = tuple(each.partition("=")[0] for each in session.var)
    return judge(files, variables=known, edits=changes, forgiven=forgiven, meant=meant, facts=Host())


def valid(
    session: Session, paths: Sequence[str], *, forgiven: frozenset[str] = frozenset()
) -> tuple[tuple[Loaded, ...], tuple[Problem, ...]]:
    """The sandboxes of the files, and the warnings. Raises RefusedError if anything is wrong with any of them."""
    result = read(session, paths, forgiven=forgiven)
    if errors(result.problems):
        raise RefusedError(result.problems)
    if not result.loaded:
        raise RefusedError([_empty(paths)])
    return result.loaded, result.problems


def _empty(paths: Sequence[str]) -> Problem:
    return Problem(code="no-sandbox", message=f"there is no sandbox in {', '.join(paths)}",
                   hint="a spec begins with `apiVersion: sandboxctl.dev/v1` and `kind: Sandbox`")  # fmt: skip


def warn(session: Session, warnings: Sequence[Problem]) -> None:
    """Warnings of a command whose result is something else."""
    from sandboxctl.report import problems

    if not session.json:
        session.note(problems.to_text(warnings, session.style(sys.stderr)))


def tell(session: Session, error: SandboxctlError) -> None:
    """An error beside a result that stands on its own: to standard error in either form."""
    from sandboxctl.report import failure

    session.note(failure.to_text(error, session.style(sys.stderr)))


def edits(session: Session) -> Edits | None:
    """What `--overlay` and `--set` lay over the specs; None where there is neither."""
    if not session.overlay and not session.assignments:
        return None
    from sandboxctl.overlay import reading

    return reading.edits(session.overlay, session.assignments)


def variables(session: Session) -> Mapping[str, str]:
    """`--var` over `--var-file`, a later file over an earlier one."""
    if not session.var and not session.var_file:
        return {}
    from sandboxctl.variables import parse_assignment

    values: dict[str, str] = {}
    for path in session.var_file:
        values.update(_variable_file(path))
    for each in session.var:
        name, value = parse_assignment(each)
        values[name] = value
    return values


def _variable_file(path: str) -> Mapping[str, str]:
    from sandboxctl import envfile
    from sandboxctl.facts import Unreadable
    from sandboxctl.host import Host

    text = Host().text(path)
    if isinstance(text, Unreadable):
        raise LocalFileError(f"the variable file {path} {text.reason}")
    values, problems = envfile.parse(text, filename=path)
    if problems:
        raise RefusedError(problems)
    return values
