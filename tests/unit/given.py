"""A host of a few fixed answers, and specs as short texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent, indent

from sandboxctl import rules
from sandboxctl.decode import decode
from sandboxctl.document import read
from sandboxctl.facts import PathFacts, Unreadable
from sandboxctl.problems import Problem
from sandboxctl.spec import Loaded, Sandbox, Source

MISSING = Unreadable(reason="does not exist")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedFacts:
    """What is not listed is not there. A path without an entry in `links` is real."""

    variables: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, PathFacts] = field(default_factory=dict)
    sockets: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()

    def variable(self, name: str) -> str | None:
        return self.variables.get(name)

    def text(self, path: str) -> str | Unreadable:
        return self.texts.get(path, MISSING)

    def digest(self, path: str) -> str | Unreadable:
        return self.digests.get(path, MISSING)

    def build_context(self, directory: str, dockerfile: str) -> str | Unreadable:
        return self.digests.get(f"{directory} with {dockerfile}", MISSING)

    def look(self, path: str) -> PathFacts:
        return self.paths.get(path, PathFacts(real=path, kind="missing"))

    def engine_sockets(self) -> tuple[str, ...]:
        return self.sockets

    def engine_directories(self) -> tuple[str, ...]:
        return self.directories


NOTHING = FixedFacts()


def spec(body: str = "", *, image: str = "docker.io/library/busybox:1.36") -> str:
    """A whole document around the fields of `spec`."""
    head = f"apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {{name: box}}\nspec:\n  image: {image}\n"
    return head + indent(dedent(body).strip("\n") + "\n", "  ")


def decoded(text: str, facts: FixedFacts = NOTHING) -> tuple[Sandbox, tuple[Problem, ...], Source]:
    """The sandbox of a document in /specs/sandbox.yaml."""
    (document,), problems = read(text.encode(), filename="/specs/sandbox.yaml")
    assert problems == ()
    sandbox, found = decode(document, facts=facts)
    assert sandbox is not None
    return sandbox, found, document.source


def right(text: str, facts: FixedFacts = NOTHING) -> Sandbox:
    """The sandbox of a document without a fault."""
    sandbox, problems, _ = decoded(text, facts)
    assert problems == ()
    return sandbox


def judged(text: str, facts: FixedFacts = NOTHING) -> list[tuple[str, str]]:
    """Code and message of what the rules find."""
    sandbox, problems, source = decoded(text, facts)
    assert problems == ()
    found = rules.check(Loaded(sandbox=sandbox, source=source), facts=facts)
    return [(problem.code, problem.message) for problem in found]
