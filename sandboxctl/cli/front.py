"""The short way in: command lines of every day, understood without click, whose import costs more than their work.

Only what click would understand in exactly the same way is understood here. Anything else, a word that is not in these
tables, an option twice, a value that begins with a dash, is None: then click reads the words, and says what is wrong.
What the verb does is the same code (`run`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sandboxctl.cli.first_words import ALIASES
from sandboxctl.cli.session import Session, connect
from sandboxctl.dataclass import dataclass, field

if TYPE_CHECKING:
    from sandboxctl.cli.session import Connect

_BACKENDS = {"docker": "docker", "podman": "podman", "kubernetes": "kubernetes", "k8s": "kubernetes"}
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "--backend": _BACKENDS,
    "--output": {"text": "text", "json": "json"},
    "--color": {"auto": "auto", "always": "always", "never": "never"},
}
_CONNECTION = {
    "--docker-host": "docker_host", "--docker-context": "docker_context", "--podman-uri": "podman_uri",
    "--kubeconfig": "kubeconfig", "--context": "context", "--namespace": "namespace",
}  # fmt: skip
_VERBOSE = ("-v", "--verbose")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verb:
    """Its own options: flags and those with a value, each with the parameter of `run` that it sets.

    `command`: after one argument and `--` come words that are nobody's but a sandbox's.
    """

    flags: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    command: bool = False


_VERBS: Mapping[str, _Verb] = {
    "plan": _Verb(flags={"--detailed-exitcode": "detailed_exitcode"}),
    "apply": _Verb(flags={"--yes": "yes", "-y": "yes", "--no-wait": "no_wait", "--fail-fast": "fail_fast"}),
    "drift": _Verb(),
    "list": _Verb(values={"--project": "project"}),
    "status": _Verb(),
    "exec": _Verb(
        flags={"-i": "interactive", "--interactive": "interactive"},
        values={"--user": "user", "--workdir": "workdir"},
        command=True,
    ),
}


@dataclass(slots=True, kw_only=True)
class _Words:
    """What has been understood so far, by the names of Session and of `run`."""

    verb: _Verb
    standard: dict[str, Any] = field(default_factory=dict)
    flags: dict[str, str | float] = field(default_factory=dict)
    variables: list[str] = field(default_factory=list)
    own: dict[str, Any] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What some words ask for; `own` are the verb's own options that were given."""

    verb: str
    session: Session
    arguments: tuple[str, ...]
    own: Mapping[str, Any]

    def __call__(self) -> int:
        """Does it, and returns the exit code."""
        session, arguments, own = self.session, self.arguments, self.own
        match self.verb:
            case "plan":
                from sandboxctl.cli.run import plan

                return plan.run(session, arguments, **own)
            case "apply":
                from sandboxctl.cli.locking import Locking
                from sandboxctl.cli.run import apply

                return apply.run(session, arguments, holding=Locking(), **own)
            case "drift":
                from sandboxctl.cli.run import drift

                return drift.run(session, arguments)
            case "list":
                from sandboxctl.cli.run import list as listing

                return listing.run(session, arguments, **own)
            case "exec":
                from sandboxctl.cli.run import exec as execution

                return execution.run(session, arguments[0], arguments[1:], **own)
            case _:
                from sandboxctl.cli.run import status

                return status.run(session, arguments[0])


def understood(words: Sequence[str], engines: Connect | None) -> Work | None:
    """What these words ask for, ready to be done; `engines` stands in for the built-in ones. None: ask click."""
    verb = ALIASES.get(words[0], words[0]) if words else ""
    known = _VERBS.get(verb)
    found = None if known is None else _read(words[1:], _Words(verb=known))
    if found is None or (verb == "status" and len(found.arguments) != 1):
        return None
    session = Session(
        connect=engines or connect, verb=words[0], flags=found.flags, var=tuple(found.variables), **found.standard
    )
    return Work(verb=verb, session=session, arguments=tuple(found.arguments), own=found.own)


def _read(words: Sequence[str], found: _Words) -> _Words | None:
    left = iter(words)
    for word in left:
        if word == "--" and found.verb.command:
            before = len(found.arguments)
            found.arguments += left
            return found if before == 1 < len(found.arguments) else None
        if not word.startswith("-") or word == "-":
            found.arguments.append(word)
        elif word in found.verb.flags:
            found.own[found.verb.flags[word]] = True
        elif word in _VERBOSE:
            found.standard["verbose"] = True
        else:
            name, equals, value = word.partition("=")
            given = value if equals else next(left, "-")
            if not name.startswith("--") or (not equals and given.startswith("-")) or not _value(name, given, found):
                return None
    return None if found.verb.command else found


def _value(name: str, given: str, found: _Words) -> bool:
    """Takes one option with its value; False where it is none of these, or was given already."""
    if name == "--var":
        found.variables.append(given)
        return True
    if name in _CHOICES:
        values: dict[str, Any] = found.standard
        key, taken = name[2:], _CHOICES[name].get(given)
    else:
        values = found.flags if name in _CONNECTION else found.own
        key, taken = _CONNECTION.get(name) or found.verb.values.get(name, ""), given
    if taken is None or not key or key in values:
        return False
    values[key] = taken
    return True
