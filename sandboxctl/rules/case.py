"""What a rule is given, and what it says about itself. The rules are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable

from sandboxctl.broken import Broken
from sandboxctl.dataclass import dataclass, field
from sandboxctl.facts import HostFacts
from sandboxctl.findings import Findings
from sandboxctl.problems import Path, public_path
from sandboxctl.spec import Sandbox, Source

ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sandbox before its judges. `findings` is where they note what they see.

    `broken` are the paths that have an error already: what stands there now is a default that nobody meant.
    """

    sandbox: Sandbox
    source: Source
    facts: HostFacts
    findings: Findings
    broken: Broken = field(default_factory=Broken)

    def sound(self, path: Path) -> bool:
        """Whether nothing at, above or below `path` is broken; `*` in it is any part."""
        if ANY not in path:
            return not self.broken.touches(path)
        return not any(_touch(public_path(path), other) for other in self.broken.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A judge, and the fields it cannot do without: where one of them is broken it has nothing to say."""

    judge: Callable[[Case], None]
    needs: tuple[Path, ...]


def rule(judge: Callable[[Case], None], *needs: str) -> Rule:
    """A rule, in one line of a table: `rule(judge, "resources.memory", "mounts.*.size")`."""
    return Rule(judge=judge, needs=tuple(tuple(need.split(".")) for need in needs))


def _touch(one: Path, other: Path) -> bool:
    return all(part in (ANY, known) for part, known in zip(one, other, strict=False))
