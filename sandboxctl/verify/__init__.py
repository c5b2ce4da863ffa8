"""Proves what a sandbox promises: the spec against the kernel's view of the live object. Changes nothing in it.

`controls` says what is promised, `evidence` looks, `facts` reads what was seen, `judge` compares. Here only the order
of the sources is decided: each is asked when the stronger ones have left something open. This is a check of a
configuration, not a proof against a hostile kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sandboxctl import capabilities, derive
from sandboxctl.backends.base import Backend, Engine, Helper, ImageConfig, Json, Observed
from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import SandboxctlError, UnreachableError
from sandboxctl.fields import Wanted
from sandboxctl.holder import this_process
from sandboxctl.ownership import helper_labels, ttl_seconds
from sandboxctl.spec import Sandbox
from sandboxctl.states import State, remedy, sandbox_state, spoken
from sandboxctl.verify import evidence, script
from sandboxctl.verify.controls import Promise, promises, traits_of
from sandboxctl.verify.facts import Facts, Texts, facts
from sandboxctl.verify.judge import Control, Evidence, Source, from_engine, judge
from sandboxctl.verify.readings import Answer, CannotTell, Reading, from_facts

__all__ = ["Control", "Verdict", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All controls of one sandbox."""

    name: str
    backend: str
    controls: tuple[Control, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self._any("failed")

    @property
    def strict_ok(self) -> bool:
        """Whether, besides, nothing is weaker than it should be or cannot be proved."""
        return not self._any("failed", "weaker", "unprovable")

    def _any(self, *statuses: str) -> bool:
        return any(control.status in statuses for control in self.controls)

    def to_json(self) -> dict[str, Json]:
        """One entry of `sandboxes` (behaviour.md, "Verify")."""
        return {
            "name": self.name,
            "backend": self.backend,
            "ok": self.ok,
            "controls": [control.to_json() for control in self.controls],
        }


def verify(
    sandbox: Sandbox,
    observed: Observed,
    *,
    engine: Engine,
    backend: Backend,
    image: ImageConfig | None,
    probe_image: str | None,
    complete: bool = False,
) -> Verdict:
    """Judges every control of a live sandbox; `complete` is one that has ended as it should, with nothing to read.

    Raises UnreachableError where the engine does not answer; every other failure to look leaves a control to the next
    source.
    """
    less_there = (".".join(field) for field, _ in capabilities.weaker(sandbox, engine.backend))
    accepted = (*sandbox.section(engine.backend).accept, *less_there)
    traits = traits_of(_knowing_defaults(engine, sandbox, backend))
    promised = promises(sandbox, traits=traits, image=image, less=accepted)
    uid, gid = derive.user_ids(sandbox, image)
    look = _Look(
        sandbox=sandbox,
        observed=observed,
        backend=backend,
        wanted=backend.wanted(sandbox),
        targets=tuple(promise.subject for promise in promised if promise.family in ("mount", "device")),
        user=None if uid is None or gid is None else (uid, gid),
        probe_image=probe_image,
        in_pod=engine.pods,
    )
    if complete:
        controls = tuple(_of_a_complete_one(promise, look) for promise in promised)
    else:
        controls = tuple(judge(promise, look.sources(promise), accepted=accepted) for promise in promised)
    return Verdict(name=sandbox.name, backend=engine.backend, controls=controls)


def _knowing_defaults(engine: Engine, sandbox: Sandbox, backend: Backend) -> Engine:
    """The engine, with its default capabilities where the spec keeps some of them: they may be one more request."""
    keeps_some = "ALL" not in sandbox.security.capabilities.drop
    return backend.reader.identify() if keeps_some and not engine.id else engine


def _of_a_complete_one(promise: Promise, look: _Look) -> Control:
    answer = look.engine(promise)
    return Control(
        control=promise.control,
        path=promise.path,
        expected="complete" if promise.control == "state" else promise.expected,
        actual="complete" if promise.control == "state" else (answer.actual if isinstance(answer, Reading) else None),
        status="reported",
        evidence="engine",
        detail="it has ended: there is no process left to look at",
    )


@dataclass(slots=True, kw_only=True)
class _Look:
    """The sources of one sandbox; each looks once, and only when it is asked."""

    sandbox: Sandbox
    observed: Observed
    backend: Backend
    wanted: Wanted
    targets: tuple[str, ...]
    user: tuple[int, int] | None
    probe_image: str | None
    in_pod: bool = False
    _seen: dict[Evidence, Facts] = field(default_factory=dict)

    def sources(self, promise: Promise) -> Iterator[Source]:
        """Strongest first. What does not run has no process to look at; that its time is over no process tells."""
        if promise.control == "state" and self._state() == "expired":
            yield "engine", self.engine
            return
        if self.observed.gate is not None:
            yield self.observed.gate, self._gate
        if self.observed.status.state == "running":
            yield "kernel", self._asker("kernel", self._kernel)
            if self.probe_image is not None and not self._has_another_kernel():
                yield "probe", self._asker("probe", self._probe)
            yield "inside", self._asker("inside", self._inside)
        yield "engine", self.engine

    def _has_another_kernel(self) -> bool:
        """Then no helper can join its namespaces; in a pod one runs beside it, on the same kernel."""
        return self._seen["kernel"].gvisor is True and not self.in_pod

    def engine(self, promise: Promise) -> Answer:
        """What inspect says."""
        if promise.control == "state":
            return self._of_the_state(promise)
        said = from_engine(promise, self.wanted, self.observed.fields, self.backend.hidden)
        return self._kept(promise, said) if promise.by_rule else said

    def _of_the_state(self, promise: Promise) -> Reading:
        state = self._state()
        actual = spoken(state, self.observed.status)
        if actual == promise.expected:
            return Reading(actual=actual, matches=True)
        hint = remedy(state, restarts=self.backend.reader.engine().restarts)
        return Reading(actual=actual, matches=False, detail=hint)

    def _state(self) -> State:
        ttl, now = ttl_seconds(self.observed.labels), self.backend.reader.now()
        return sandbox_state(self.sandbox, self.observed.status, ttl=ttl, now=now)

    def _kept(self, promise: Promise, said: Answer) -> Answer:
        """A rule that stands is not one that is kept: somebody has to have seen it."""
        closed = promise.expected == "none" or any(key[:2] == ("network", "egress") for key in self.wanted.fields)
        if not closed or self.observed.gate or not isinstance(said, Reading) or not said.matches:
            return said
        return CannotTell(reason="the rule is there, and nobody has seen this cluster keep to it")

    def _gate(self, promise: Promise) -> Answer:
        """What was seen before the sandbox started, as long as the rule that was seen at work still stands."""
        if not promise.by_rule:
            return None
        said = self.engine(promise)
        return said if isinstance(said, Reading) else None

    def _asker(self, source: Evidence, look: Callable[[], Texts | None]) -> Callable[[Promise], Answer]:
        def ask(promise: Promise) -> Answer:
            if source not in self._seen:
                self._seen[source] = facts(_unless_it_fails(look) or {})
            return from_facts(promise, self._seen[source])

        return ask

    def _kernel(self) -> Texts | None:
        pid = self.observed.status.pid
        return evidence.kernel(pid, self.observed.ref, self.targets) if pid else None

    def _probe(self) -> Texts | None:
        image = self._probe_image_id()
        if image is None:
            return None
        name, project = self.sandbox.name, self.sandbox.project
        helper = Helper(
            image=image,
            container=self.observed.ref,
            command=("sh",),
            user=self.user,
            labels=helper_labels(name, project=project, image_id=image, holder=str(this_process())),
        )
        run_probe = self.backend.writer.run_probe
        container = self.observed.container if self.in_pod else ""
        return script.probe(
            lambda each: run_probe(each, name=f"{name}.probe"), helper, self.targets, container=container
        )

    def _probe_image_id(self) -> str | None:
        """None where the engine does not have it; a node gets it by itself."""
        if self.probe_image is None or self.backend.reader.engine().node_images:
            return self.probe_image
        image = self.backend.reader.image_config(self.probe_image)
        return None if image is None else image.id

    def _inside(self) -> Texts | None:
        run = self.backend.runner.exec
        return script.inside(lambda words: run(self.observed.ref, words), self.targets, in_pod=self.in_pod)


def _unless_it_fails(look: Callable[[], Texts | None]) -> Texts | None:
    """A source that cannot look leaves it to the next one; an engine that is gone leaves nothing to ask."""
    try:
        return look()
    except UnreachableError:
        raise
    except SandboxctlError:
        return None
