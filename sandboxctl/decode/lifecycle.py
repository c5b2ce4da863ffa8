"""`spec.lifecycle`, `spec.health` and `spec.commit`: times, signals, policies."""

from __future__ import annotations

from sandboxctl.decode.image import reference
from sandboxctl.decode.value import Value
from sandboxctl.linux import SIGNALS, signal_name
from sandboxctl.problems import suggestion
from sandboxctl.quantity import parse_duration, parse_seconds
from sandboxctl.spec import Commit, Health, Lifecycle, Ready, Restart

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
    name = signal_name(written)
    if name is not None:
        return name
    near = suggestion(written.upper().removeprefix("SIG"), SIGNALS)
    value.error(
        "unknown-signal",
        f"lifecycle.stopSignal: there is no signal `{written}`",
        hint=f"did you mean `SIG{near}`?" if near else "write a name as in SIGTERM",
    )
    return _LIFECYCLE.stop_signal


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
