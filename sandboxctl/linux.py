"""Names that the Linux kernel knows: capabilities, limits of a process, signals. Data and spelling only."""

from __future__ import annotations

import re

CAPABILITIES = (
    "AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
    "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_CHROOT",
    "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG",
    "WAKE_ALARM",
)  # fmt: skip
ALL = "ALL"

ULIMITS = (
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio",
    "rttime", "sigpending", "stack",
)  # fmt: skip

# Names by number, as on every architecture that containers run on (signal(7), x86 and Arm).
SIGNALS = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
)  # fmt: skip
_ALIASES = {"IOT": "ABRT", "CLD": "CHLD", "POLL": "IO", "RTMIN": "RTMIN+0"}
_NUMBER = re.compile(r"[0-9]{1,3}")
_REALTIME_MIN, _REALTIME_MAX = 34, 64
_REALTIME = tuple(f"RTMIN+{offset}" for offset in range(_REALTIME_MAX - _REALTIME_MIN + 1))


def capability_name(written: str) -> str:
    """`cap_net_admin` → `NET_ADMIN`, known or not."""
    return written.strip().upper().removeprefix("CAP_")


def ulimit_name(written: str) -> str:
    """`RLIMIT_NOFILE` → `nofile`, known or not."""
    return written.lower().removeprefix("rlimit_")


def signal_name(written: str) -> str | None:
    """`15`, `term`, `SIGTERM` → `SIGTERM`; None for what is no signal."""
    name = _numbered(int(written)) if _NUMBER.fullmatch(written) else written.upper().removeprefix("SIG")
    name = _ALIASES.get(name, name)
    if name in SIGNALS or name in _REALTIME:
        return f"SIG{name}".removesuffix("+0")
    return None


def _numbered(number: int) -> str:
    if 1 <= number <= len(SIGNALS):
        return SIGNALS[number - 1]
    return f"RTMIN+{number - _REALTIME_MIN}" if _REALTIME_MIN <= number <= _REALTIME_MAX else str(number)
