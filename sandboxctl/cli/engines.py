"""Which engines a command speaks to, and how each is reached. What they answer is not judged here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sandboxctl.backends.base import Backend, Connection
from sandboxctl.cli import configuration, specs
from sandboxctl.cli.refusal import RefusedError
from sandboxctl.cli.session import Session
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import UsageError
from sandboxctl.spec import Loaded, Sandbox

IN_USE = ("docker",)
"""Where a name is looked for, and what `auto` tries, in this order, where no config says otherwise."""

_FLAGS_OF: Mapping[str, Mapping[str, str]] = {
    "docker": {"host": "docker_host", "context": "docker_context"},
    "podman": {"uri": "podman_uri"},
    "kubernetes": {"kubeconfig": "kubeconfig", "context": "context", "namespace": "namespace"},
}
"""The settings of a spec's section, or a target, that say how its engine is reached, by the field of Connection."""

_ONE_PLACE = (frozenset({"docker_host", "docker_context"}),)
"""Fields that say the same thing in two ways: whoever says one of them has said it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The specs that go to one engine."""

    name: str
    connection: Connection
    loaded: tuple[Loaded, ...]


def candidates(session: Session) -> tuple[str, ...]:
    """The backends in use, in their order: as the user's config says, else as it is by default."""
    return configuration.read(session.config).backends or IN_USE


def backend_name(session: Session, sandbox: Sandbox) -> str:
    """`--backend` and `--target` win over the spec; `auto` is the first of those in use."""
    name = session.backend or sandbox.backend
    return candidates(session)[0] if name == "auto" else name


def grouped(session: Session, loaded: Sequence[Loaded]) -> tuple[Group, ...]:
    """Specs by engine, in the order of their first. Raises RefusedError for two of one name on one engine."""
    from sandboxctl.load import same_identity

    def engine_of(each: Loaded) -> tuple[str, Connection]:
        name = backend_name(session, each.sandbox)
        return name, connection(session, name, each.sandbox)

    found: dict[tuple[str, Connection], list[Loaded]] = {}
    for each in loaded:
        found.setdefault(engine_of(each), []).append(each)
    twice = tuple(same_identity(loaded, lambda each: (engine_of(each), each.sandbox.name)))
    if twice:
        raise RefusedError(twice)
    return tuple(
        Group(name=name, connection=reached, loaded=tuple(members)) for (name, reached), members in found.items()
    )


def connection(session: Session, name: str, sandbox: Sandbox | None = None) -> Connection:
    """Flags over the target over the spec's own section; what none of them says is left to the environment."""
    flags = dict(session.flags)
    if "docker_host" in flags and "docker_context" in flags:
        raise UsageError("--docker-host and --docker-context both say where Docker is", hint="give one of them")
    if session.target is not None and session.target.backend == name:
        _fill(flags, name, session.target.settings)
    if sandbox is not None:
        _fill(flags, name, sandbox.section(name).settings)
    return Connection(**flags)  # type: ignore[arg-type]  # the options have the types of the fields


def _fill(flags: dict[str, str | float], name: str, settings: Mapping[str, object]) -> None:
    """What `settings` say and nobody of more weight has said."""
    said = set(flags).union(*(together for together in _ONE_PLACE if together & flags.keys()))
    for setting, field in _FLAGS_OF[name].items():
        if setting in settings and field not in said:
            flags[field] = str(settings[setting])


@contextmanager
def opened(session: Session, group: Group) -> Iterator[Backend]:
    """The engine of a group; asks it nothing yet."""
    backend = session.connect(group.name, group.connection)
    try:
        yield backend
    finally:
        backend.close()


@contextmanager
def in_use(session: Session) -> Iterator[tuple[Backend, ...]]:
    """Every engine on which a name may be."""
    from contextlib import ExitStack

    names = (session.backend,) if session.backend else candidates(session)
    with ExitStack() as stack:
        groups = [Group(name=name, connection=connection(session, name), loaded=()) for name in names]
        yield tuple(stack.enter_context(opened(session, group)) for group in groups)


@contextmanager
def holding(session: Session, name: str) -> Iterator[Backend]:
    """The engine that has a sandbox of this name; the first one where none has. UsageError for two."""
    specs.check_name(name)
    with in_use(session) as backends:
        yield backends[index_of(backends, name)]


def index_of(backends: Sequence[Backend], name: str) -> int:
    """Which engine has this name; 0 where there is no other, or none has it."""
    if len(backends) == 1:
        return 0
    found = [index for index, backend in enumerate(backends) if backend.reader.observe(name) is not None]
    if len(found) > 1:
        where = ", ".join(backends[index].name for index in found)
        raise UsageError(f"{name} is on more than one engine: {where}", hint="say which with --backend")
    return found[0] if found else 0
