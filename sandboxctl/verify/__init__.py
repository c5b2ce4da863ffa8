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
from sandboxctl.ownership import IMAGE_ID, MANAGED, NAME
from sandboxctl.spec import Sandbox
from sandboxctl.verify import evidence, script
from sandboxctl.verify.controls import Promise, promises, traits_of
from sandboxctl.verify.facts import Facts, Texts, facts
from sandboxctl.verify.judge import Control, Evidence, Source, from_engine, judge
from sandboxctl.verify.readings import Answer, Reading, from_facts

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
    promised = promises(sandbox, traits=traits_of(_knowing_defaults(engine, sandbox, backend)), image=image)
    uid, gid = derive.user_ids(sandbox, image)
    look = _Look(
        observed=observed,
        backend=backend,
        wanted=backend.wanted(sandbox),
        targets=tuple(promise.subject for promise in promised if promise.family in ("mount", "device")),
        user=None if uid is None or gid is None else (uid, gid),
        probe_image=probe_image,
        name=sandbox.name,
    )
    less_there = (".".join(field) for field, _ in capabilities.weaker(sandbox, engine.backend))
    accepted = (*sandbox.section(engine.backend).accept, *less_there)
    if complete:
        controls = tuple(_of_a_complete_one(promise, look) for promise in promised)
    else:
        controls = tuple(judge(promise, look.sources(), accepted=accepted) for promise in promised)
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

    observed: Observed
    backend: Backend
    wanted: Wanted
    targets: tuple[str, ...]
    user: tuple[int, int] | None
    probe_image: str | None
    name: str
    _seen: dict[Evidence, Facts] = field(default_factory=dict)

    def sources(self) -> Iterator[Source]:
        """Strongest first. What does not run has no process to look at."""
        if self.observed.status.state == "running":
            yield "kernel", self._asker("kernel", self._kernel)
            if self.probe_image is not None and not self._seen["kernel"].gvisor:
                # no helper can join the namespaces of a sandbox with another kernel
                yield "probe", self._asker("probe", self._probe)
            yield "inside", self._asker("inside", self._inside)
        yield "engine", self.engine

    def engine(self, promise: Promise) -> Answer:
        """What inspect says."""
        if promise.control == "state":
            state = self.observed.status.state
            return Reading(actual=state, matches=state == promise.expected)
        return from_engine(promise, self.wanted, self.observed.fields, self.backend.hidden)

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
        image = self.backend.reader.image_config(self.probe_image) if self.probe_image else None
        if image is None:
            return None
        helper = Helper(
            image=image.id,
            container=self.observed.ref,
            command=("sh",),
            user=self.user,
            labels={MANAGED: "true", NAME: self.name, IMAGE_ID: image.id},  # so that one left behind is ours to remove
        )
        run_probe = self.backend.writer.run_probe
        return script.probe(lambda each: run_probe(each, name=f"{self.name}.probe"), helper, self.targets)

    def _inside(self) -> Texts | None:
        return script.inside(lambda command: self.backend.writer.exec(self.observed.ref, command), self.targets)


def _unless_it_fails(look: Callable[[], Texts | None]) -> Texts | None:
    """A source that cannot look leaves it to the next one; an engine that is gone leaves nothing to ask."""
    try:
        return look()
    except UnreachableError:
        raise
    except SandboxctlError:
        return None
