"""The fourth backend: an engine in memory, for tests of everything above the engines.

It takes Docker's payloads and keeps what they say; what is live is what the object's own labels say was applied, so a
test changes `fields` to change something behind sandboxctl's back. `sleep` runs on; `true` and `false` end at once.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

from sandboxctl import fields, ownership
from sandboxctl.backends.base import (
    Backend,
    Connection,
    Engine,
    Helper,
    ImageConfig,
    Json,
    Key,
    Listed,
    LocalImage,
    NetworkFacts,
    Observed,
    Payload,
    Status,
)
from sandboxctl.errors import AbsentError, ConflictError, EngineError, ExitCode, InvalidError, SandboxctlError
from sandboxctl.fields import Wanted
from sandboxctl.runner import Command, ExecResult, Runner, Stdio
from sandboxctl.spec import Sandbox

BUSYBOX = "docker.io/library/busybox:1"
PYTHON = "docker.io/library/python:3.12"
HIDDEN: frozenset[Key] = frozenset({("run",), ("lifecycle", "setup"), ("mounts", "*", "content")})
_START = 1_800_000_000.0


@dataclass(slots=True, kw_only=True)
class Container:
    """One object of the engine."""

    ref: str
    name: str
    image_id: str
    labels: dict[str, str] = field(default_factory=dict)
    fields: dict[Key, Json] = field(default_factory=dict)
    status: Status
    logs: list[tuple[Literal[1, 2], bytes]] = field(default_factory=list)

    @property
    def program(self) -> str:
        """What it runs."""
        command = self.fields.get(("command",))
        return str(command[0]) if isinstance(command, list) and command else "sleep"


class MemoryBackend:
    """Reader, runner, writer and backend in one.

    `down` is what every call raises, `broken` what one method raises, `meanwhile` what happens during one.
    """

    name = "docker"
    hidden = HIDDEN
    dormant = False
    sdk: str | None = None

    def __init__(self) -> None:
        self.clock = _START
        self.all: dict[str, Container] = {}
        self.local = {BUSYBOX: "sha256:" + "b" * 64}
        self.registry = {PYTHON: "sha256:" + "c" * 64}
        self.prepared: dict[str, str] = {}  # by an image's name: what it was made from
        self.made: dict[str, float] = {}  # by an image's name: when
        self.nameless: str | None = None  # the id of an image without any
        self.networks = {"bridge", "host", "none"}
        self.volumes: dict[str, Mapping[str, str]] = {}
        self.calls: list[str] = []
        self.down: SandboxctlError | None = None
        self.broken: dict[str, SandboxctlError] = {}
        self.meanwhile: dict[str, Callable[[], None]] = {}
        self._refs = (f"{number:064x}" for number in itertools.count(1))

    @property
    def reader(self) -> MemoryBackend:
        return self

    @property
    def runner(self) -> Runner:
        return Runner(self._ran)

    @property
    def writer(self) -> MemoryBackend:
        return self

    def connect(self, name: str, _connection: Connection) -> Backend:
        """What the command line is given in place of the built-in engines: of these Podman is not here."""
        if name == "podman":
            raise AbsentError("there is no Podman in memory")
        return self

    def wanted(self, sandbox: Sandbox) -> Wanted:
        return fields.wanted(sandbox)

    def close(self) -> None:
        pass

    def named(self, name: str) -> Container:
        """A test's way to an object."""
        return next(each for each in self.all.values() if each.name == name)

    def stranger(self, name: str, labels: Mapping[str, str] | None = None) -> Container:
        """An object that somebody else made."""
        status = Status(state="running", created=self.clock)
        made = Container(ref=next(self._refs), name=name, image_id=self.local[BUSYBOX], labels=dict(labels or {}),
                         status=status)  # fmt: skip
        self.all[made.ref] = made
        return made

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if what in self.meanwhile:
            self.meanwhile[what]()
        if self.down is not None:
            raise self.down
        if what in self.broken:
            raise self.broken[what]

    def _found(self, ref: str) -> Container | None:
        return self.all.get(ref) or next((each for each in self.all.values() if each.name == ref), None)

    def _there(self, ref: str) -> Container:
        found = self._found(ref)
        if found is None:
            raise EngineError(f"no such container: {ref}", status=404)
        return found

    # reading

    def engine(self) -> Engine:
        return Engine(backend=self.name, endpoint="memory://", version="1.0", id="memory")

    def identify(self) -> Engine:
        self._called("identify")
        return self.engine()

    def containers(self) -> Sequence[Listed]:
        self._called("containers")
        return [
            Listed(ref=each.ref, name=each.name, labels=dict(each.labels), image_id=each.image_id,
                   state=each.status.state, created=each.status.created)
            for each in self.all.values()
        ]  # fmt: skip

    def images(self) -> Sequence[LocalImage]:
        self._called("images")
        labels = {name: {ownership.SETUP_BASE: base} for name, base in self.prepared.items()}
        nameless = [] if self.nameless is None else [LocalImage(id=self.nameless, references=())]
        named = [
            LocalImage(id=image, references=(name,), labels=labels.get(name, {}), created=self.made.get(name, 0.0))
            for name, image in self.local.items()
        ]
        return [*named, *nameless]

    def observe(self, ref: str) -> Observed | None:
        self._called("observe")
        found = self._found(ref)
        if found is None:
            return None
        return Observed(ref=found.ref, name=found.name, labels=dict(found.labels), image_id=found.image_id,
                        status=found.status, fields=dict(found.fields))  # fmt: skip

    def about_to_observe(self, refs: Sequence[str]) -> AbstractContextManager[None]:
        return nullcontext()

    def status(self, ref: str) -> Status | None:
        found = self._found(ref)
        return None if found is None else found.status

    def image_config(self, image: str) -> ImageConfig | None:
        known = {**self.local, **{identifier: identifier for identifier in self.local.values()}}
        return ImageConfig(id=known[image]) if image in known else None

    def network(self, name: str) -> NetworkFacts | None:
        return NetworkFacts(ours=False, internal=False) if name in self.networks else None

    def volume_labels(self, name: str) -> Mapping[str, str] | None:
        return self.volumes.get(name)

    def own_volumes(self) -> Mapping[str, Mapping[str, str]]:
        return {name: labels for name, labels in self.volumes.items() if labels.get(ownership.MANAGED) == "true"}

    def now(self) -> float:
        return self.clock

    def logs(self, ref: str, *, tail: int | None, follow: bool) -> Iterator[tuple[Literal[1, 2], bytes]]:
        chunks = self._there(ref).logs
        yield from chunks if tail is None else chunks[len(chunks) - tail :]

    # writing

    def pull(self, image: str, *, platform: str | None, progress: Callable[[str], None]) -> str:
        self._called("pull")
        if image not in self.registry:
            raise InvalidError(f"there is no image {image} in its registry")
        self.local[image] = self.registry[image]
        return self.local[image]

    def load(self, path: str, *, reference: str) -> str:
        self._called("load")
        self.local[reference] = "sha256:" + "d" * 64
        return self.local[reference]

    def create(self, payload: Payload, *, name: str) -> str:
        self._called("create")
        if self._found(name) is not None:
            raise ConflictError(f"the name {name} is taken")
        document = payload.documents[0]
        labels, environment = document["labels"], document.get("environment") or {}
        assert isinstance(labels, dict)
        assert isinstance(environment, dict)
        applied = ownership.decode_applied(str(labels[ownership.APPLIED]))
        assert applied is not None
        wanted = fields.wanted(applied.sandbox)
        secret = {key: environment[key[1]] for key in wanted.secrets}
        live = {
            key: value for key, value in wanted.fields.items() if not any(fields.within(key, each) for each in HIDDEN)
        }
        made = Container(
            ref=next(self._refs),
            name=name,
            image_id=self.local[str(document["image"])],
            labels={key: str(value) for key, value in labels.items()},
            fields={**live, **secret},
            status=Status(state="created", created=self.clock),
        )
        self.all[made.ref] = made
        return made.ref

    def start(self, ref: str) -> None:
        self._called("start")
        found = self._there(ref)
        code = {"true": 0, "false": 1}.get(found.program)
        found.status = replace(
            found.status, state="running" if code is None else "exited", exit_code=code, started=self.clock
        )

    def check_health(self, ref: str) -> None:
        self._called("check_health")

    def wait(self, ref: str) -> int:
        return self._there(ref).status.exit_code or 0

    def unpause(self, ref: str) -> None:
        found = self._there(ref)
        found.status = replace(found.status, state="running")

    def stop(self, ref: str, *, grace: int) -> None:
        self._called("stop")
        found = self._found(ref)
        if found is not None:
            found.status = replace(found.status, state="exited", exit_code=143)

    def rename(self, ref: str, name: str) -> None:
        self._called("rename")
        if self._found(name) is not None:
            raise ConflictError(f"the name {name} is taken")
        self._there(ref).name = name

    def update(self, ref: str, changes: Mapping[Key, Json], payload: Payload) -> None:
        self._called("update")
        self._there(ref).fields.update(changes)

    def delete(self, ref: str) -> None:
        self._called("delete")
        found = self._found(ref)
        if found is not None:
            del self.all[found.ref]

    def make_directory(self, ref: str, path: str, *, user: int, group: int) -> None:
        self._called("make_directory")

    def create_helper(self, helper: Helper) -> str:
        self._called("create_helper")
        if self._found(helper.name) is not None:
            raise ConflictError(f"the name {helper.name} is taken")
        made = Container(ref=next(self._refs), name=helper.name, image_id=helper.image, labels=dict(helper.labels),
                         status=Status(state="created", created=self.clock))  # fmt: skip
        self.all[made.ref] = made
        return made.ref

    def create_volume(self, name: str, *, labels: Mapping[str, str], user: int, group: int, helper: Helper) -> None:
        self._called("create_volume")
        self.volumes[name] = labels

    def delete_image(self, reference: str) -> None:
        self._called("delete_image")
        self.local.pop(reference, None)

    def delete_volume(self, name: str) -> None:
        self.volumes.pop(name, None)

    def _ran(self, ref: str, command: Command, stdio: Stdio) -> int:
        """Knows `echo`, `cat`, `exit CODE` and nothing else."""
        self._called("exec")
        self._there(ref)
        program, *words = command.argv
        match program:
            case "echo":
                stdio.stdout((" ".join(words) + "\n").encode())
            case "cat" if stdio.stdin is not None:
                while chunk := os.read(stdio.stdin, 65536):
                    stdio.stdout(chunk)
            case "exit":
                return int(words[0])
            case "cat":
                pass
            case _:
                return ExitCode.NO_SUCH_COMMAND
        return 0

    def run_probe(self, helper: Helper, *, name: str) -> ExecResult:
        raise EngineError("there is no kernel here to look at", status=500)
