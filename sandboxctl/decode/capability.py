"""Linux capabilities by name: any spelling in, `NET_BIND_SERVICE` out."""

from __future__ import annotations

from sandboxctl.decode.value import Value
from sandboxctl.problems import dotted, suggestion
from sandboxctl.spec import Capabilities

CAPABILITIES = (
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
    "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "WAKE_ALARM",
)  # fmt: skip
ALL = "ALL"


def normalised(written: str) -> str:
    """`cap_net_admin` → `NET_ADMIN`."""
    return written.strip().upper().removeprefix("CAP_")


def capabilities(value: Value, *, drop: tuple[str, ...]) -> Capabilities:
    """Both lists, sorted, each name once; `drop` is the profile's where none is written."""
    dropped = _names(value.at("drop")) if value.at("drop").written else drop
    return Capabilities(drop=(ALL,) if ALL in dropped else dropped, add=_names(value.at("add")))


def _names(value: Value) -> tuple[str, ...]:
    names = set()
    for child in value.each():
        name = normalised(child.text())
        if name == ALL or name in CAPABILITIES:
            names.add(name)
            continue
        near = suggestion(name, CAPABILITIES)
        child.error(
            "unknown-capability",
            f"{dotted(child.path)}: `{child.text()}` is no capability of Linux",
            hint=f"did you mean `{near}`?" if near else "see capabilities(7) for their names",
        )
    return tuple(sorted(names))
