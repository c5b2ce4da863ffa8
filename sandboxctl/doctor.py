"""How each engine is, and what would mend it: asked once each, under a deadline, and nothing is changed.

What holds for every engine is judged here; what only one knows is its own `diagnosis`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from sandboxctl import backends, sdk
from sandboxctl.advice import Advice, as_root
from sandboxctl.backends.base import Backend, Engine
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import AbsentError, SandboxctlError, UnreachableError

State = Literal["answers", "absent", "silent", "broken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One backend. `engine` is there where it answers; `absent` is one that nobody says is there."""

    backend: str
    state: State
    engine: Engine | None = None
    advice: tuple[Advice, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it answers, and lacks nothing that it cannot be used without."""
        return self.state == "answers" and not any(each.fatal for each in self.advice)


def examine(name: str, connect: Callable[[], Backend]) -> Examined:
    """What can be said of one backend."""
    try:
        backend = connect()
        try:
            engine = backend.reader.identify()
            package = backend.sdk
        finally:
            backend.close()
    except sdk.MissingSdkError as failure:
        return Examined(backend=name, state="broken", advice=(_lacking(failure),))
    except UnreachableError as failure:
        state: State = "absent" if isinstance(failure, AbsentError) else "silent"
        return Examined(backend=name, state=state, advice=backends.diagnose(name, failure, None))
    except SandboxctlError as failure:
        broken = Advice(what=failure.brief, fix=failure.hint or "see what it logs", fatal=True)
        return Examined(backend=name, state="broken", advice=(broken,))
    advice = (*_sdk(package), *_limits(engine), *backends.diagnose(name, None, engine))
    return Examined(backend=name, state="answers", engine=engine, advice=advice)


def _sdk(package: str | None) -> Iterator[Advice]:
    """What changes nothing can do without it: the engine can be looked at."""
    try:
        sdk.check(package)
    except sdk.MissingSdkError as failure:
        yield _lacking(failure)


def _lacking(failure: sdk.MissingSdkError) -> Advice:
    return Advice(what=failure.brief, fix=failure.hint or "", fatal=True)


def _limits(engine: Engine) -> Iterator[Advice]:
    """Without root an engine has only the control groups that its user was given."""
    if not engine.rootless:
        return
    if engine.cgroup_version == 1:
        yield Advice(
            what="without root, and with control groups of version 1, no limit can be set: every spec is refused",
            fix="boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or use root's engine",
            fatal=True,
        )
        return
    missing = sorted({"cpu", "memory", "pids"} - set(engine.controllers)) if engine.controllers else []
    if missing:
        unit = "/etc/systemd/system/user@.service.d/delegate.conf"
        command = f"mkdir -p {unit.rpartition('/')[0]}"
        content = "[Service]\\nDelegate=cpu cpuset io memory pids\\n"
        yield Advice(
            what=f"this user's control groups lack {', '.join(missing)}: such limits cannot be set",
            fix=f"{as_root(command)} && printf '{content}' | {as_root(f'tee {unit}')}, then log in again",
            fatal=True,
        )
