"""A spec from what is live: one whose plan against that object is empty, as far as a spec can say what is there.

`written` says everything that inspect shows; here what goes without saying is taken away again, one value after the
other, as long as the planner sees no difference. What no spec can say is handed back as differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from sandboxctl import fields, observe, ownership, rules, schema, snapshot
from sandboxctl.backends.base import Backend, Json, Key, LocalImage, Observed
from sandboxctl.capabilities import Effect
from sandboxctl.dataclass import dataclass, replace
from sandboxctl.decode import decode
from sandboxctl.diff import Change
from sandboxctl.document import read
from sandboxctl.facts import Unreadable
from sandboxctl.host import Host
from sandboxctl.importing import files
from sandboxctl.importing.written import Written, digests, document, sources
from sandboxctl.plan import compare
from sandboxctl.problems import Path, Problem, errors
from sandboxctl.profiles import PROFILES
from sandboxctl.rules.process import reserved_for
from sandboxctl.rules.weakening import weakenings
from sandboxctl.spec import Loaded, Sandbox
from sandboxctl.yaml_text import dump

KEPT: tuple[Path, ...] = (
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "project"),
    ("spec", "image"),
    ("spec", "network", "create"),
    ("spec", "security", "allow"),
)
"""What a spec says even where it changes nothing."""

ENGINES_OWN: tuple[Path, ...] = (("spec", "security", "runtime"),)
"""What an engine always shows: it goes without saying where the planner takes it for the engine's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """`text` is the spec; `differences` what it cannot say of the live object; `problems` what is wrong with it.

    `files` are those that have to be written before it can be used: the spec's path by the target in the sandbox.
    """

    name: str
    text: str
    document: Written
    differences: tuple[Change, ...]
    problems: tuple[Problem, ...]
    files: Mapping[str, str]


def spec_of(observed: Observed, backend: Backend) -> Imported:
    """The spec of a live object, ours or not. Reads the image's own say."""
    importing = _Import(observed, backend)
    sayable = importing.without_unknown(importing.full())
    small = importing.with_allowed(importing.without_defaults(importing.with_allowed(sayable)))
    loaded, problems = importing.judged(small)
    differences = importing.differences(loaded) if loaded is not None else ()
    left = importing.files
    return Imported(
        name=observed.name,
        text=dump(small),
        document=small,
        differences=tuple(each for each in differences if not (_is_content(each.key) and each.key[1] in left)),
        problems=problems,
        files=left,
    )


def _is_content(key: Key) -> bool:
    return key[0] == "mounts" and key[2:] in (("content",), ("secret",))


def _is_unsayable(problem: Problem) -> bool:
    """A key that no spec has, or of a pod what is shown in another form than it is written in."""
    return problem.code == "unknown-key" or problem.path[:2] == ("spec", "kubernetes")


class _LiveHost(Host):
    """This machine, with the sandbox's variables set and its files there: what they hold is left to the user."""

    def __init__(self, variables: Mapping[str, str], files: frozenset[str]) -> None:
        self._variables = variables
        self._files = files

    def text(self, path: str) -> str | Unreadable:
        """Of a file of the sandbox nothing is known."""
        return "" if path in self._files else super().text(path)

    def variable(self, name: str) -> str | None:
        """As it is in the sandbox, else as it is here."""
        return self._variables.get(name) or super().variable(name)


class _Import:
    """One object, and the questions about specs for it."""

    def __init__(self, observed: Observed, backend: Backend) -> None:
        self._observed = observed
        self._backend = backend
        self._image = backend.reader.image_config(observed.image_id) if observed.image_id else None
        self._before = snapshot.before(observed, backend)
        live = observed.fields
        self._images = [LocalImage(id=observed.image_id, references=(str(live.get(("image",), "")),))]
        self._contents = files.contents(observed, digests(live), backend)
        self.files = {target: path for target, path in sources(live).items() if target not in self._contents}
        self._facts = _LiveHost(
            {key[1]: value for key, value in live.items() if key[0] == "env" and isinstance(value, str)},
            frozenset(path.removeprefix("./") for path in self.files.values()),
        )

    def full(self) -> Written:
        """All that inspect shows, and of ours what it hides."""
        applied = self._before.wanted if self._before else None
        nobodys = {key for key in self._observed.filled_in if applied is None or key not in applied.fields}
        live = {
            key: value
            for key, value in self._observed.fields.items()
            if key not in nobodys and (key[0] not in ("labels", "annotations") or reserved_for(key[1]) is None)
        }
        still = self._still_applied()
        if still is not None and still.lifecycle.ttl is not None:  # an idle sandbox's is in its `sleep`
            live["lifecycle", "ttl"] = still.lifecycle.ttl
        return document(
            self._observed.name,
            {**live, **(self._hidden(applied) if applied else {})},
            image=self._image,
            project=self._observed.labels.get(ownership.PROJECT),
            applied=still,
            contents=self._contents,
            secrets=frozenset(key[1] for key in applied.secrets if key[0] == "env") if applied else frozenset(),
        )

    def _still_applied(self) -> Sandbox | None:
        """What it was made from, where what runs is still what that says."""
        applied = snapshot.applied_to(self._observed.ref, self._observed.labels)
        if applied is None or self._before is None:
            return None
        keys: tuple[Key, ...] = (("command",), ("args",), ("workdir",))
        unchanged = all(self._before.wanted.fields.get(key) in (self._observed.fields.get(key), None) for key in keys)
        return applied.sandbox if unchanged else None

    def _hidden(self, applied: fields.Wanted) -> dict[Key, Json]:
        return {
            key: value
            for key, value in applied.fields.items()
            if key != ("run",) and any(fields.within(key, prefix) for prefix in self._backend.hidden)
        }

    def without_unknown(self, whole: Written) -> Written:
        """Without what inspect shows and no spec has a key for: it will be told as a difference."""
        (parsed,), _ = read(dump(whole).encode(), filename=self._observed.name)
        unknown = [problem.path for problem in schema.check(parsed) if _is_unsayable(problem)]
        for path in reversed(unknown):
            whole = cast("Written", _without(whole, path))
        return whole

    def with_allowed(self, whole: Written) -> Written:
        """With each weakening named that the live object has."""
        loaded = self._decoded(whole)
        if loaded is None:
            return whole
        implied = PROFILES[loaded.sandbox.security.profile].implied
        names = {name for name, _ in weakenings(loaded.sandbox, facts=self._facts)} - implied
        spec = cast("Written", whole["spec"])
        security = {key: part for key, part in cast("Written", spec.get("security", {})).items() if key != "allow"}
        allowed: Written = {"allow": cast("Json", sorted(names))} if names else {}
        if not security and not allowed:
            return whole
        return {**whole, "spec": {**spec, "security": {**security, **allowed}}}

    def without_defaults(self, whole: Written) -> Written:
        """Each value away that changes nothing, from the last to the first."""
        loaded = self._decoded(whole)
        if loaded is None:
            return whole
        wanted = self._backend.wanted(loaded.sandbox)
        differences = self.differences(loaded)
        for path in reversed(list(_paths(whole, ()))):
            if any(path[: len(kept)] == kept for kept in KEPT):
                continue
            smaller = cast("Written", _without(whole, path))
            loaded = self._decoded(smaller)
            if loaded is None:
                continue
            without = self._backend.wanted(loaded.sandbox)
            same = (without.fields, without.secrets) == (wanted.fields, wanted.secrets)
            left = differences if same else self.differences(loaded)
            if same or len(left) < len(differences) or (path in ENGINES_OWN and left == differences):
                whole, wanted, differences = smaller, without, left
        return whole

    def _decoded(self, whole: Written) -> Loaded | None:
        """The sandbox that a document describes; None where anything is wrong with its form."""
        (parsed,), problems = read(dump(whole).encode(), filename=self._observed.name)
        if errors((*problems, *schema.check(parsed))):
            return None
        sandbox, faults = decode(parsed, facts=self._facts)
        return None if sandbox is None or errors(faults) else Loaded(sandbox=sandbox, source=parsed.source)

    def judged(self, whole: Written) -> tuple[Loaded | None, tuple[Problem, ...]]:
        """The sandbox, and all that is wrong with its spec."""
        (parsed,), problems = read(dump(whole).encode(), filename=f"{self._observed.name}.yaml")
        found = [*problems, *schema.check(parsed)]
        if errors(found):
            return None, tuple(found)
        sandbox, faults = decode(parsed, facts=self._facts)
        if sandbox is None or errors(faults):
            return None, faults
        loaded = Loaded(sandbox=sandbox, source=parsed.source)
        return loaded, tuple(rules.check(loaded, facts=self._facts))

    def differences(self, loaded: Loaded) -> tuple[Change, ...]:
        """What a plan for this spec would change in the object, but for whose it is."""
        wish = observe.wish(loaded, self._backend, self._images)
        found = compare(
            replace(wish, image_id=self._observed.image_id or None),
            self._observed,
            self._before,
            hidden=self._backend.hidden,
            effect_of=lambda _: Effect.REPLACE,  # only whether there is a difference is asked
        )
        return tuple(each for each in found if each.key != ("labels", ownership.SPEC_HASH))


def _paths(value: Json, path: Path) -> Iterator[Path]:
    """Every key of a document, holders before what they hold; a list of plain values is one."""
    match value:
        case dict():
            for key, below in value.items():
                yield (*path, key)
                yield from _paths(below, (*path, key))
        case list():
            for index, below in enumerate(value):
                if isinstance(below, dict):
                    yield (*path, index)
                    yield from _paths(below, (*path, index))
        case _:
            return


def _without(value: Json, path: Path) -> Json:
    """A document without what is at a path."""
    head, rest = path[0], path[1:]
    match value:
        case dict():
            kept = value.items() if rest else ((key, below) for key, below in value.items() if key != head)
            return {key: _without(below, rest) if rest and key == head else below for key, below in kept}
        case list():
            if not rest:
                return [below for index, below in enumerate(value) if index != head]
            return [_without(below, rest) if index == head else below for index, below in enumerate(value)]
        case _:
            return value
