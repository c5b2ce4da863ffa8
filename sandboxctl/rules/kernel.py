"""Rules about what the kernel itself gives to one sandbox alone. The same on every engine."""

from __future__ import annotations

from sandboxctl.rules.case import Case, rule

_NAMESPACED = frozenset(
    {
        "kernel.domainname", "kernel.hostname", "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
        "kernel.shm_rmid_forced", "kernel.shmall", "kernel.shmmax", "kernel.shmmni",
    }
)  # fmt: skip
_NAMESPACED_TREES = ("net.", "fs.mqueue.")


def sysctls(case: Case) -> None:
    """Only what lies in a namespace can be set for one sandbox; the rest is the whole host's."""
    for name in case.sandbox.security.sysctls:
        path = ("spec", "security", "sysctls", name)
        if name in _NAMESPACED or name.startswith(_NAMESPACED_TREES):
            if name.startswith("net.") and case.sandbox.network.mode == "host":
                message = f"security.sysctls: `{name}` would be the host's own, since network is host"
                case.findings.error("sysctl-of-host", path, message, hint="use another network", key=True)
            continue
        message = f"security.sysctls: `{name}` is no setting of a namespace: it would change the whole host"
        hint = "a sandbox can have net.*, fs.mqueue.*, kernel.msg*, kernel.sem and kernel.shm* of its own"
        case.findings.error("sysctl-of-host", path, message, hint=hint, key=True)


RULES = (rule(sysctls, "security.sysctls", "network.mode"),)
