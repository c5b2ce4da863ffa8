"""`backend: auto`: to which engine a sandbox goes, and why (behaviour.md, "Backend choice").

Each engine is asked once what it holds; nothing is written, and how an engine is reached is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from sandboxctl import capabilities, ownership
from sandboxctl.backends.base import Backend
from sandboxctl.dataclass import dataclass, field
from sandboxctl.errors import AbsentError, ConflictError, UnreachableError
from sandboxctl.problems import dotted
from sandboxctl.spec import Loaded, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One decision, and its reason in the user's words."""

    backend: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Choice:
    """`order` are the backends in use. `open` gives the engine that one sandbox means on a backend, and what tells it
    from another; the engine is closed here."""

    order: Sequence[str]
    open: Callable[[str, Sandbox], tuple[Hashable, Callable[[], Backend]]]
    _asked: dict[Hashable, frozenset[str] | UnreachableError] = field(default_factory=dict)

    def of(self, each: Loaded) -> Chosen:
        """Where it is already, else the first engine that is here and does not refuse it.

        Raises ConflictError where it is on two; UnreachableError for one that is silent, since it may hold it
        (AbsentError where there is none at all).
        """
        holders = self._holders(each.sandbox)
        if len(holders) > 1:
            raise ConflictError(f"{each.sandbox.name} is on more than one engine: {', '.join(holders)}",
                                hint="--backend decides; delete the other one", sandbox=each.sandbox.name)  # fmt: skip
        if holders:
            return Chosen(backend=holders[0], reason="it is there already")
        return self._first(each)

    def _holders(self, sandbox: Sandbox) -> list[str]:
        """Where one is found, an engine of which nothing runs is not woken to look for a second."""
        holders: list[str] = []
        for name in self.order:
            held = self._ask(name, sandbox, wake=not holders)
            if not isinstance(held, UnreachableError) and sandbox.name in held:
                holders.append(name)
        return holders

    def _first(self, each: Loaded) -> Chosen:
        reasons: list[str] = []
        refusing: str | None = None
        for name in self.order:
            held = self._ask(name, each.sandbox)
            if isinstance(held, AbsentError):
                reasons.append(held.brief)
                continue
            if isinstance(held, UnreachableError):
                raise self._silent(name, held)
            refused = capabilities.refusals(each, name)
            if not refused:
                first = f"the first of {', '.join(self.order)} that is here"
                return Chosen(backend=name, reason="; ".join(reasons) or first)
            refusing = refusing or name
            reasons.append(f"{name} refuses `{dotted(refused[0].path)}`")
        if refusing is None:
            raise AbsentError(f"none of {', '.join(self.order)} is here: {'; '.join(reasons)}",
                              hint="install one of them; `sandboxctl doctor` says what is missing")  # fmt: skip
        return Chosen(backend=refusing, reason="; ".join(reasons))

    def _silent(self, name: str, found: UnreachableError) -> UnreachableError:
        others = " or ".join(f"--backend {other}" for other in self.order if other != name)
        return UnreachableError(
            f"{found.brief}; it may hold the sandbox, so no other engine is tried",
            hint=f"{found.hint}; or decide with {others}" if found.hint else f"decide with {others}",
        )

    def _ask(self, name: str, sandbox: Sandbox, *, wake: bool = True) -> frozenset[str] | UnreachableError:
        """The names that are ours there, or why it cannot say."""
        key, connect = self.open(name, sandbox)
        if key not in self._asked:
            try:
                backend = connect()
            except UnreachableError as error:
                self._asked[key] = error
                return error
            if backend.dormant and not wake:
                backend.close()
                return frozenset()
            self._asked[key] = _held(backend)
        return self._asked[key]


def _held(backend: Backend) -> frozenset[str] | UnreachableError:
    try:
        listed = backend.reader.containers()
    except UnreachableError as error:
        return error
    finally:
        backend.close()
    names = (ownership.own_name(each.labels) for each in listed if ownership.is_ours(each))
    return frozenset(name for name in names if name is not None)
