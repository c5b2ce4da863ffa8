"""What a started sandbox passes before it counts: setup, readiness, proof. Fails closed, with the cause in words."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from sandboxctl import polling, verify
from sandboxctl.apply import binds
from sandboxctl.apply.events import ApplyOptions, Event
from sandboxctl.backends.base import Backend, Engine, ImageConfig, Status
from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import EngineError, ExecError, FailedError, SandboxctlError, SilentError, UnreachableError
from sandboxctl.last_words import ASKED, last_words
from sandboxctl.observe import require
from sandboxctl.plan import Desired
from sandboxctl.quantity import format_bytes
from sandboxctl.spec import Sandbox
from sandboxctl.states import sandbox_state
from sandboxctl.verify import Control

_SETTLED = 1.0
"""Seconds after a start in which the process may still be the engine's own, about to become the sandbox's."""


@dataclass(slots=True, kw_only=True)
class Gate:
    """One start of one sandbox; `ref` is staged, or is the sandbox itself."""

    desired: Desired
    ref: str
    backend: Backend
    engine: Engine
    options: ApplyOptions
    emit: Callable[[Event], None]
    _started: float = 0.0
    _up: float = 0.0
    _since: float | None = None
    _why: str = ""
    _checked: float = 0.0
    _exit: SimpleQueue[int] | None = field(default=None, repr=False)
    _binds: tuple[binds.Seen, ...] = ()

    @property
    def sandbox(self) -> Sandbox:
        """The spec."""
        return self.desired.sandbox

    def start(self) -> None:
        """Starts it. Raises FailedError with the engine's own reason (no such program, port taken, no memory)."""
        if self.sandbox.lifecycle.auto_remove:
            self._exit = self._watch_exit()
        self._binds = binds.look(self.sandbox, self.engine)
        try:
            self._start()
        except EngineError as error:
            raise FailedError(f"{self.sandbox.name} did not start: {error.brief}", hint=error.hint) from error
        self._started = time.monotonic()

    def _start(self) -> None:
        """Where the answer is lost, what has run is not run again."""
        try:
            self.backend.writer.start(self.ref)
        except SilentError:
            raise
        except UnreachableError:
            status = self.backend.reader.status(self.ref)
            if status is not None and status.state in ("created", "exited"):
                self.backend.writer.start(self.ref)

    def _watch_exit(self) -> SimpleQueue[int]:
        """With autoRemove there is nothing to ask afterwards: the exit code is awaited from before the start.

        By a daemon thread: a sandbox that goes on living must not keep us.
        """
        codes: SimpleQueue[int] = SimpleQueue()

        def watch() -> None:
            with suppress(SandboxctlError):  # who reads the queue finds it empty, and says so
                codes.put(self.backend.writer.wait(self.ref))

        Thread(target=watch, daemon=True).start()
        return codes

    def pass_through(self) -> None:
        """Setup, readiness, proof."""
        self._started = self._started or time.monotonic()
        binds.check(self._binds, self.sandbox)
        if self.sandbox.lifecycle.setup:
            self._wait_until_up()
        for argv in self.sandbox.lifecycle.setup:
            self._set_up(argv)
        status = self._wait_until_ready()
        going = self.sandbox.lifecycle.auto_remove and status is not None and self._is_complete(status)
        if going:  # what the engine is about to remove cannot be looked at
            self._let_it_be_removed()
        elif status is not None:
            self.verify(complete=self._is_complete(status))

    def _wait_until_up(self) -> None:
        """Some engines start a sandbox by themselves, after the answer: until it is there nothing can run in it."""
        deadline, timeout = self._deadline()
        while (status := self.backend.reader.status(self.ref)) is not None and status.state == "restarting":
            self._see(status)
            self._check_alive(status)
            self._check_interrupted()
            if time.monotonic() >= deadline:
                raise self._late(status, timeout)
            time.sleep(0.1)

    def _deadline(self) -> tuple[float, int]:
        """When waiting ends, by our monotonic clock, and after how many milliseconds that is."""
        ready, wanted = self.sandbox.lifecycle.ready, self.options.wait_timeout
        timeout = wanted if wanted is not None else ready.timeout
        return self._started + timeout / 1000, timeout

    def _set_up(self, argv: tuple[str, ...]) -> None:
        name = self.sandbox.name
        self.emit(Event(name=name, step="setup", message=" ".join(argv)))
        try:
            result = self.backend.runner.exec(self.ref, argv)
        except ExecError as error:
            raise FailedError(f"{name}: setup cannot run: {error.brief}", sandbox=name) from error
        if result.code != 0:
            tail = last_words(((1, result.stdout), (2, result.stderr)))
            raise FailedError(f"{name}: setup command `{argv[0]}` failed with code {result.code}{tail}", sandbox=name)

    def _wait_until_ready(self) -> Status | None:
        """Until it has run for `minSeconds`, is healthy, or is complete; without a wish to wait, until it runs.

        None: removed by the engine, with code 0.
        """
        ready = self.sandbox.lifecycle.ready
        deadline, timeout = self._deadline()
        self.emit(Event(name=self.sandbox.name, step="wait"))
        began = time.monotonic()
        while True:
            status = self.backend.reader.status(self.ref)
            if status is None:
                self._check_removed()
                return None
            self._see(status)
            self._check_alive(status)
            self._check_health(status)
            if self._is_ready(status):
                return status
            self._check_interrupted()
            now = time.monotonic()
            if now >= deadline:
                raise self._late(status, timeout)
            enough = self._up + ready.min_seconds / 1000 - now
            pause = polling.pause(now - began) if enough <= 0 else min(enough, 0.5)
            time.sleep(min(pause, deadline - now))

    def _check_interrupted(self) -> None:
        """Nobody waits for what may take minutes once a signal has come: what was begun is undone."""
        if self.options.cancelled():
            raise FailedError(f"{self.sandbox.name}: interrupted before it was ready", sandbox=self.sandbox.name)

    def _is_ready(self, status: Status) -> bool:
        if self._is_complete(status):
            return True
        if status.state != "running":
            return False
        if not self.options.wait:
            return True
        if self.sandbox.health is not None:
            return status.health == "healthy"
        return time.monotonic() - self._up >= self.sandbox.lifecycle.ready.min_seconds / 1000

    def _see(self, status: Status) -> None:
        """Notes since when it runs, and tells why it does not, each reason once."""
        if status.state != "running":
            self._up = 0.0
        elif not self._up or status.started != self._since:  # a restart may fall between two looks
            self._up, self._since = time.monotonic(), status.started
        if status.waiting and status.waiting != self._why:
            self._why = status.waiting
            self.emit(Event(name=self.sandbox.name, step="wait", message=status.waiting))

    def _is_complete(self, status: Status) -> bool:
        return status.state == "exited" and sandbox_state(self.sandbox, status, ttl=None, now=0) == "complete"

    def _exit_code(self) -> int | None:
        try:
            return None if self._exit is None else self._exit.get(timeout=10)
        except Empty:
            return None

    def _check_removed(self) -> None:
        code = self._exit_code()
        if code != 0 or self.sandbox.run == "idle":
            how = f"ended with code {code}" if code is not None else "was removed by somebody else"
            failure = FailedError(f"{self.sandbox.name} {how}", sandbox=self.sandbox.name)
            failure.ended_with = code
            raise failure

    def _check_alive(self, status: Status) -> None:
        """Raises FailedError for an end that is no completion."""
        if status.health == "unhealthy":
            raise self._failed("is unhealthy: its health command failed")
        if status.doomed:
            raise self._failed(f"cannot start: {status.waiting}", hint=_waiting_hint(status.waiting))
        if status.oom_killed:
            limit = format_bytes(self.sandbox.resources.memory)
            raise self._failed(
                f"was killed: out of memory (limit {limit})", hint="raise resources.memory", code=status.exit_code
            )
        ended = status.state in ("exited", "dead") and not self._is_complete(status)
        if ended:
            self._let_it_be_removed()
            reason = f": {status.error}" if status.error else ""
            code = _command_code(status.exit_code or 0, self._last_lines())
            raise self._failed(f"ended with code {code}{reason}", hint=_EXIT_HINTS.get(code), code=code)

    def _let_it_be_removed(self) -> None:
        """Docker 20.10 may keep the name for ever where our removal and its own (autoRemove) meet."""
        for _ in range(100 if self.sandbox.lifecycle.auto_remove else 0):
            if self.backend.reader.status(self.ref) is None:
                return
            time.sleep(0.05)

    def _check_health(self, status: Status) -> None:
        """At once, and then at the spec's interval, where nobody else may be doing it."""
        health, now = self.sandbox.health, time.monotonic()
        if health is None or not self.engine.health_on_demand or status.state != "running":
            return
        if not self._checked or now - self._checked >= health.interval / 1000:
            self._checked = now
            self.backend.writer.check_health(self.ref)

    def _late(self, status: Status, timeout: int) -> FailedError:
        what = status.waiting or (f"health is {status.health}" if status.health else f"it is {status.state}")
        return self._failed(f"is not ready after {timeout / 1000:g} s: {what}", hint="see lifecycle.ready.timeout")

    def _failed(self, how: str, *, hint: str | None = None, code: int | None = None) -> FailedError:
        failure = FailedError(f"{self.sandbox.name} {how}{self._last_lines()}", hint=hint, sandbox=self.sandbox.name)
        failure.ended_with = code
        return failure

    def _last_lines(self) -> str:
        try:
            return last_words(self.backend.reader.logs(self.ref, tail=ASKED, follow=False))
        except SandboxctlError:
            return ""  # no logs to be had: the cause stands without them

    def verify(self, *, complete: bool = False) -> None:
        """Proves every control. Raises FailedError naming those that are not as promised."""
        name = self.sandbox.name
        self.emit(Event(name=name, step="verify"))
        image = self.desired.image or self.backend.reader.image_config(self.desired.image_id or "")
        failed = self._not_as_promised(image, complete=complete)
        while failed and time.monotonic() < self._started + _SETTLED:
            time.sleep(polling.pause(0))
            failed = self._not_as_promised(image, complete=complete)
        if failed:
            status = self.backend.reader.status(self.ref)
            if status is not None and not complete and self._is_complete(status):
                self.verify(complete=True)  # it came to its end between two looks
                return
            if status is not None:
                self._check_alive(status)  # its end is the cause, and the rest follows from it
            told = "; ".join(_told(each) for each in failed[:3])
            more = f" and {len(failed) - 3} more" if len(failed) > 3 else ""
            hint = next((each.detail for each in failed if each.detail), None)
            raise FailedError(f"{name} is not what its spec says: {told}{more}", hint=hint, sandbox=name)

    def _not_as_promised(self, image: ImageConfig | None, *, complete: bool) -> list[Control]:
        verdict = verify.verify(
            self.sandbox,
            require(self.backend.reader.observe(self.ref), self.sandbox.name),
            engine=self.engine,
            backend=self.backend,
            image=image,
            probe_image=self.sandbox.section(self.backend.name).probe_image,
            complete=complete,
        )
        return [control for control in verdict.controls if control.status == "failed"]


def _told(control: Control) -> str:
    """What is otherwise; of something with parts, those."""
    expected, actual = control.expected, control.actual
    if isinstance(expected, dict) and isinstance(actual, dict):
        parts = [f"{part} {actual[part]!r}, not {expected[part]!r}" for part in expected
                 if part in actual and actual[part] != expected[part]]  # fmt: skip
        if parts:
            return f"{control.control} has {', '.join(parts)}"
    return f"{control.control} is {actual!r}, not {expected!r}"


_INIT_WORDS = {"failed to exec pid1: No such file": 127, "failed to exec pid1: Permission denied": 126}
"""What catatonit, Podman's init, says before it ends with 1 whatever was wrong with the command."""


def _command_code(code: int, lines: str) -> int:
    """The code that a shell would give a command that could not be run, also where an init hides it."""
    return next((meant for words, meant in _INIT_WORDS.items() if words in lines), code) if code == 1 else code


_EXIT_HINTS = {
    126: "the command is not executable",
    127: "the command does not exist in the image",
    137: "it was killed: out of memory, or by somebody",
}


_WAITING_HINTS = {
    "ErrImage": "check the name and the tag; a private image needs a pull secret",
    "ImagePullBackOff": "check the name and the tag; a private image needs a pull secret",
    "InvalidImageName": "check image",
    "StartError": "the image lacks this program: check command, or the image",
    "ConfigError": "it names what is not there, or a user that the image does not allow",
    "again and again": "see its log: the command ends at once",
    "network gate": "its network is not cut off: does this cluster enforce NetworkPolicy?",
}


def _waiting_hint(waiting: str) -> str | None:
    return next((hint for words, hint in _WAITING_HINTS.items() if words in waiting), None)
