"""Rules about `docker.options` and `podman.options`: a closed list. The list is in `raw_options`."""

from __future__ import annotations

from sandboxctl import raw_options
from sandboxctl.rules.case import Case, rule


def closed_list(case: Case) -> None:
    """Only what no field of the spec renders, and what takes no control away."""
    for backend in raw_options.OPTIONS:
        for fault in raw_options.faults(case.sandbox, backend):
            path = ("spec", backend, "options", fault.key)
            if fault.of_value:
                case.findings.error("wrong-type", path, fault.message)
            else:
                case.findings.error("raw-option", path, fault.message, hint=fault.hint, key=True)


RULES = (rule(closed_list),)
