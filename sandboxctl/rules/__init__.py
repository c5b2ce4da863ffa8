"""What a sandbox must mean, beyond its shape (spec.md, "Meaning that the schema cannot say"). The same on every engine.

Pure: facts about this machine are given. What one engine cannot do is for `capabilities`; quantities and names by
themselves are read in `decode`. Each module here holds a few rules and a table of them.
"""

from __future__ import annotations

from sandboxctl.broken import Broken
from sandboxctl.facts import HostFacts
from sandboxctl.findings import Findings
from sandboxctl.problems import Problem
from sandboxctl.rules import (
    accepting,
    egress,
    kernel,
    lifecycle,
    limits,
    mounts,
    network,
    options,
    pod,
    process,
    references,
    weakening,
)
from sandboxctl.rules.case import Case
from sandboxctl.rules.weakening import weakenings
from sandboxctl.spec import Loaded

__all__ = ["check", "weakenings"]

_RULES = (
    *process.RULES,
    *limits.RULES,
    *network.RULES,
    *egress.RULES,
    *mounts.RULES,
    *weakening.RULES,
    *lifecycle.RULES,
    *kernel.RULES,
    *pod.RULES,
    *accepting.RULES,
    *references.RULES,
    *options.RULES,
)


def check(loaded: Loaded, *, facts: HostFacts, broken: Broken | None = None) -> tuple[Problem, ...]:
    """Every error and warning that the rules find.

    `broken` are paths that have an error already: rules that need one of them are left out, since they would judge a
    default that nobody meant.
    """
    findings = Findings(loaded.source)
    case = Case(sandbox=loaded.sandbox, source=loaded.source, facts=facts, findings=findings, broken=broken or Broken())
    for rule in _RULES:
        if all(case.sound(path) for path in rule.needs):
            rule.judge(case)
    return findings.problems
