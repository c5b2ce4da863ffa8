"""Rules about `kubernetes.pod`: what it may add at all, and that it adds nothing twice. The list is in `pod_patch`."""

from __future__ import annotations

from sandboxctl import derive, pod_patch
from sandboxctl.problems import dotted
from sandboxctl.rules.case import Case, rule
from sandboxctl.rules.mounts import bad_place


def closed_list(case: Case) -> None:
    """Only what no field of the spec renders, and what takes no control away."""
    for fault in pod_patch.faults(case.sandbox.kubernetes.settings.get("pod", {})):
        case.findings.error(fault.code, fault.path, fault.message, hint=fault.hint, key=fault.at_key)


def added_mounts(case: Case) -> None:
    """Mounts lie where those of the spec may lie, and nowhere twice."""
    taken = {mount.target for mount in derive.mounts(case.sandbox)}
    for place, target, _, _ in pod_patch.mounts(case.sandbox.kubernetes.settings.get("pod")):
        path = (*place, "mountPath")
        message, hint = bad_place(target)
        if message:
            case.findings.error("mount-target", path, f"{dotted(path)}: {message}", hint=hint)
        if target in taken:
            case.findings.error("mount-twice", path, f"{dotted(path)}: `{target}` is the target of a mount already")
        taken.add(target)


def added_variables(case: Case) -> None:
    """A variable of the spec is the spec's."""
    known = derive.environment(case.sandbox)
    for place, name in pod_patch.variables(case.sandbox.kubernetes.settings.get("pod")):
        if name in known:
            path = (*place, "name")
            case.findings.error("pod-field", path, f"{dotted(path)}: `{name}` is what `env` says already")


RULES = (rule(closed_list), rule(added_mounts, "mounts"), rule(added_variables, "env"))
