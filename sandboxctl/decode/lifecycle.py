"""`spec.lifecycle`, `spec.health` and `spec.commit`: times, signals, policies."""

from __future__ import annotations

from sandboxctl.decode.image import reference
from sandboxctl.decode.value import Value
from sandboxctl.problems import suggestion
from sandboxctl.quantity import parse_duration, parse_seconds
from sandboxctl.spec import Commit, Health, Lifecycle, Ready, Restart

# Names by number, as on every architecture that containers run on (signal(7), x86 and Arm).
SIGNALS = (
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
    "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
    "PWR", "SYS",
)  # fmt: skip
_ALIASES = {"IOT": "ABRT", "CLD": "CHLD", "POLL": "IO"}
_REALTIME_MIN, _REALTIME_MAX = 34, 64
_REALTIME = tuple(f"RTMIN+{offset}" for offset in range(_REALTIME_MAX - _REALTIME_MIN + 1))

_LIFECYCLE = Lifecycle()
_READY = Ready()


def lifecycle(value: Value) -> Lifecycle:
    """From start to end, each with its default."""
    ready = value.at("ready")
    return Lifecycle(
        ttl=value.at("ttl").parsed(parse_duration, None),
        stop_grace=value.at("stopGrace").parsed(parse_duration, _LIFECYCLE.stop_grace),
        stop_signal=_signal(value.at("stopSignal")),
        init=value.at("init").flag(True),
        restart=_restart(value.at("restart")),
        setup=tuple(command.texts() for command in value.at("setup").each()),
        auto_remove=value.at("autoRemove").flag(False),
        replace=value.at("replace").word(("stop-first", "start-first"), "stop-first"),
        ready=Ready(
            min_seconds=ready.at("minSeconds").parsed(parse_seconds, _READY.min_seconds),
            timeout=ready.at("timeout").parsed(parse_duration, _READY.timeout),
        ),
    )


def _signal(value: Value) -> str:
    if not value.written:
        return _LIFECYCLE.stop_signal
    written = str(value.raw)
    name = _numbered(int(written)) if written.isdecimal() else written.upper().removeprefix("SIG")
    name = _ALIASES.get(name, name)
    name = "RTMIN+0" if name == "RTMIN" else name
    if name in SIGNALS or name in _REALTIME:
        return f"SIG{name}".removesuffix("+0")
    near = suggestion(name, SIGNALS)
    value.error(
        "unknown-signal",
        f"lifecycle.stopSignal: there is no signal `{written}`",
        hint=f"did you mean `SIG{near}`?" if near else "write a name as in SIGTERM",
    )
    return _LIFECYCLE.stop_signal


def _numbered(number: int) -> str:
    if 1 <= number <= len(SIGNALS):
        return SIGNALS[number - 1]
    return f"RTMIN+{number - _REALTIME_MIN}" if _REALTIME_MIN <= number <= _REALTIME_MAX else str(number)


def _restart(value: Value) -> Restart:
    policy = value.at("policy") if isinstance(value.raw, dict) else value
    return Restart(
        policy=policy.word(("never", "on-failure", "always"), "never"),
        max=value.at("max").integer(None),
    )


def health(value: Value) -> Health | None:
    """A check, or None where none is written."""
    if not value.written:
        return None
    default = Health(command=())
    return Health(
        command=value.at("command").texts(),
        interval=value.at("interval").parsed(parse_duration, default.interval),
        timeout=value.at("timeout").parsed(parse_duration, default.timeout),
        retries=value.at("retries").integer(default.retries),
        start_period=value.at("startPeriod").parsed(parse_duration, default.start_period),
    )


def commit(value: Value) -> Commit | None:
    """What the sandbox's layer becomes, or None where nothing is written."""
    if not value.written:
        return None
    return Commit(
        image=reference(value.at("image")) or "",
        when=value.at("when").word(("manual", "before-replace", "before-delete", "on-exit"), "manual"),
        overwrite=value.at("overwrite").flag(False),
        message=value.at("message").optional(),
        author=value.at("author").optional(),
        pause=value.at("pause").flag(True),
    )
