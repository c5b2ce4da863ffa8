"""sandboxctl as its commands use it, from YAML text to results, for one engine. Nothing here judges."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sandboxctl import apply as apply_stage
from sandboxctl import capabilities, observe
from sandboxctl.apply import ApplyOptions, Event, Result
from sandboxctl.backends.base import Backend, Observed
from sandboxctl.errors import InvalidError
from sandboxctl.load import load
from sandboxctl.observe import Prepared
from sandboxctl.plan import Plan
from sandboxctl.problems import errors
from sandboxctl.runner import ExecResult
from sandboxctl.spec import Loaded
from sandboxctl.verify import Verdict, verify

Fragment = Mapping[str, Any]
"""Part of a spec's `spec`, in its own words."""

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")


def merged(*fragments: Fragment) -> dict[str, Any]:
    """Fragments laid over one another; maps merge, all else replaces."""
    whole: dict[str, Any] = {}
    for fragment in fragments:
        for key, value in fragment.items():
            below = whole.get(key)
            both = isinstance(below, Mapping) and isinstance(value, Mapping)
            whole[key] = merged(below, value) if both else value
    return whole


def yaml_text(document: Mapping[str, Any]) -> str:
    """YAML in which every text is quoted: JSON, less what YAML would not read as JSON does."""
    text = json.dumps(document, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


@dataclass(slots=True, kw_only=True)
class Workbench:
    """One engine, one directory of specs. `base` is laid under every spec; `events` are those of every apply so far."""

    backend: Backend
    directory: Path
    image: str
    base: Fragment = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def spec(self, name: str, *fragments: Fragment, metadata: Fragment | None = None) -> Loaded:
        """The default sandbox of the tests, with these fragments laid over it, read from a file."""
        document = {
            "apiVersion": "sandboxctl.dev/v1",
            "kind": "Sandbox",
            "metadata": {"name": name, **(metadata or {})},
            "spec": merged({"image": self.image, "lifecycle": {"ready": {"minSeconds": 0}}}, self.base, *fragments),
        }
        return self.read(yaml_text(document), filename=f"{name}.yaml")

    def read(self, text: str, *, filename: str) -> Loaded:
        """The one sandbox of a text. Raises InvalidError for what `validate` would refuse."""
        path = self.directory / filename
        path.write_text(text, encoding="utf-8")
        result = load([str(path)])
        self.refuse(errors(result.problems))
        (loaded,) = result.loaded
        return loaded

    def refuse(self, problems: Sequence[Any]) -> None:
        """Raises InvalidError where there is a problem."""
        if problems:
            raise InvalidError("; ".join(f"{each.code}: {each.message}" for each in problems))

    def prepare(self, *loaded: Loaded) -> Prepared:
        """What `plan` does after reading: what the backend refuses comes before any request."""
        self.refuse([problem for each in loaded for problem in capabilities.refusals(each, self.backend.name)])
        return observe.prepare(loaded, self.backend)

    def plan(self, *loaded: Loaded) -> Plan:
        """The plan; nothing may stand in its way."""
        prepared = self.prepare(*loaded)
        self.refuse(errors(prepared.problems))
        return prepared.plan

    def carry_out(self, plan: Plan, *, options: ApplyOptions | None = None) -> tuple[Result, ...]:
        """What `apply` does with a plan that has its yes."""
        return apply_stage.apply(plan, self.backend, options or ApplyOptions(), emit=self.events.append)

    def apply(self, *loaded: Loaded, options: ApplyOptions | None = None) -> tuple[Result, ...]:
        """Plans and carries out."""
        return self.carry_out(self.plan(*loaded), options=options)

    def applied(self, *loaded: Loaded) -> str:
        """The same, and it has to go well; the outcome of the (last) sandbox."""
        results = self.apply(*loaded)
        failed = [result for result in results if result.code != 0]
        assert not failed, failed
        return results[-1].outcome

    def delete(self, *names: str) -> tuple[Result, ...]:
        """What `delete NAME` does."""
        return self.carry_out(observe.prepare_delete(names, self.backend))

    def observed(self, name: str) -> Observed:
        """The live sandbox in the spec's own words."""
        found = self.backend.reader.observe(name)
        assert found is not None, f"there is no {name}"
        return found

    def verdict(self, loaded: Loaded, *, probe_image: str | None = None) -> Verdict:
        """What `verify` says of a live sandbox."""
        reader = self.backend.reader
        return verify(
            loaded.sandbox, self.observed(loaded.sandbox.name), engine=reader.engine(), backend=self.backend,
            image=reader.image_config(self.image), probe_image=probe_image,
        )  # fmt: skip

    def exec(self, name: str, *command: str, stdin: IO[bytes] | None = None, user: str | None = None) -> ExecResult:
        """A command in a sandbox."""
        return self.backend.runner.exec(self.observed(name).ref, command, stdin=stdin, user=user)

    def sh(self, name: str, script: str) -> str:
        """What a shell script in a sandbox says; it has to end well."""
        result = self.exec(name, "sh", "-c", script)
        assert result.code == 0, result
        return result.stdout.decode().rstrip("\n")
