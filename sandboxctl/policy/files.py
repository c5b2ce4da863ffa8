"""Where policies are, and reading them. One that is there and cannot be read, or is wrong, stops everything.

All that are found apply: the machine's, the user's, the project's (beside the spec or the working directory, or in a
directory above), and those of `--policy`. None can be left out by naming another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from sandboxctl.dataclass import dataclass
from sandboxctl.errors import LocalFileError
from sandboxctl.facts import HostFacts
from sandboxctl.host import read_regular
from sandboxctl.policy import KIND, Policy
from sandboxctl.problems import Problem, errors, ordered
from sandboxctl.text import MAX_BYTES

MACHINE = "/etc/sandboxctl/policy.yaml"
PROJECT = ".sandboxctl-policy.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The policies, and what is wrong with their files."""

    policies: tuple[Policy, ...]
    problems: tuple[Problem, ...]


def load(
    named: Sequence[str], *, beside: Iterable[str], facts: HostFacts, machine: str = MACHINE, home: str | None = None
) -> Found:
    """`named` must be there; `beside` are directories whose project's policy holds; `home` is the configuration's.

    Raises LocalFileError for a file that is there and cannot be read.
    """
    policies: list[Policy] = []
    problems: list[Problem] = []
    for path in _paths(named, beside, machine, home):
        found, wrong = _read(path, facts)
        policies.extend(found)
        problems.extend(wrong)
    return Found(policies=tuple(policies), problems=ordered(problems))


def _read(path: str, facts: HostFacts) -> tuple[list[Policy], list[Problem]]:
    from sandboxctl import schema  # most machines have no policy, and need none of this
    from sandboxctl.document import read
    from sandboxctl.policy.decode import decode

    policies: list[Policy] = []
    documents, found = read(_content(path), filename=path, kind=KIND)
    problems = list(found)
    for document in documents:
        wrong = schema.check(document, schema.POLICY)
        problems.extend(wrong)
        if not errors(wrong):
            policy, faults = decode(document, facts=facts)
            policies.append(policy)
            problems.extend(faults)
    return policies, problems


def home_directory(config_home: str | None, home: str | None) -> str | None:
    """Of `XDG_CONFIG_HOME` and `HOME`, as the environment has them; None where neither says."""
    if config_home and os.path.isabs(config_home):
        return os.path.join(config_home, "sandboxctl")
    return os.path.join(home, ".config", "sandboxctl") if home else None


def _paths(named: Sequence[str], beside: Iterable[str], machine: str, home: str | None) -> Iterator[str]:
    """Every policy once, in the order of their weight."""
    seen: set[str] = set()
    unasked = [machine, *([os.path.join(home, "policy.yaml")] if home else []), *_projects(beside)]
    for path in (*(path for path in unasked if _is_there(path)), *named):
        real = os.path.realpath(path)
        if real not in seen:
            seen.add(real)
            yield path


def _projects(beside: Iterable[str]) -> Iterator[str]:
    """The project file of each directory and of all above it."""
    for start in beside:
        directory = os.path.realpath(start)
        while True:
            yield os.path.join(directory, PROJECT)
            above = os.path.dirname(directory)
            if above == directory:
                break
            directory = above


def _is_there(path: str) -> bool:
    """Anything of that name: what cannot be looked at may be a policy."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise _unreadable(path, error) from error
    return True


def _content(path: str) -> bytes:
    try:
        return read_regular(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError | ValueError) -> LocalFileError:
    reason = getattr(error, "strerror", None) or str(error)
    return LocalFileError(f"the policy {path} cannot be read: {reason.lower()}",
                          hint="without it nothing is done: it may forbid what is asked for")  # fmt: skip
