"""Which engines a command speaks to, and how each is reached. What they answer is not judged here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sandboxctl.backends.base import Backend, Connection
from sandboxctl.cli import specs
from sandboxctl.cli.refusal import RefusedError
from sandboxctl.cli.session import Session
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import UnreachableError, UsageError
from sandboxctl.spec import Loaded, Sandbox

IN_USE = ("docker", "podman")
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
    from sandboxctl.cli import configuration

    return configuration.read(session.config).backends or IN_USE


def backend_names(session: Session, loaded: Sequence[Loaded]) -> tuple[str, ...]:
    """The backend of each spec: `--backend` and `--target` win over the spec, and `auto` is decided here, and said."""
    names = [session.backend or each.sandbox.backend for each in loaded]
    order = candidates(session)
    if "auto" in names and len(order) > 1:
        return _choose(session, loaded, names, order)
    return tuple(order[0] if name == "auto" else name for name in names)


def _choose(
    session: Session, loaded: Sequence[Loaded], names: Sequence[str], order: tuple[str, ...]
) -> tuple[str, ...]:
    from sandboxctl.choice import Choice

    def engine(name: str, sandbox: Sandbox) -> tuple[object, Callable[[], Backend]]:
        reached = connection(session, name, sandbox)
        return (name, reached), lambda: session.connect(name, reached)

    choice = Choice(order=order, open=engine)
    decided: list[str] = []
    said: dict[str, list[str]] = {}
    for each, name in zip(loaded, names, strict=True):
        if name == "auto":
            chosen = choice.of(each)
            said.setdefault(f"on {chosen.backend}: {chosen.reason}", []).append(each.sandbox.name)
            name = chosen.backend
        decided.append(name)
    for what, sandboxes in said.items():
        session.note(f"{_few(sandboxes)} {what}\n")
    return tuple(decided)


def _few(names: Sequence[str]) -> str:
    """Three names at the most, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def grouped(session: Session, loaded: Sequence[Loaded]) -> tuple[Group, ...]:
    """Specs by engine, in the order of their first. Raises RefusedError for two of one name on one engine."""
    from sandboxctl.identity import same_identity

    names = backend_names(session, loaded)
    engine_of = {
        id(each): (name, connection(session, name, each.sandbox)) for each, name in zip(loaded, names, strict=True)
    }
    found: dict[tuple[str, Connection], list[Loaded]] = {}
    for each in loaded:
        found.setdefault(engine_of[id(each)], []).append(each)
    twice = tuple(same_identity(loaded, lambda each: (engine_of[id(each)], each.sandbox.name)))
    if twice:
        raise RefusedError(twice)
    return tuple(
        Group(name=name, connection=reached, loaded=tuple(members)) for (name, reached), members in found.items()
    )


def connection(session: Session, name: str, sandbox: Sandbox | None = None) -> Connection:
    """Flags over the target over the spec's own section; what none of them says is left to the environment."""
    flags = dict(session.flags)
    if not session.cache:
        flags["cache"] = False
    if "docker_host" in flags and "docker_context" in flags:
        raise UsageError("--docker-host and --docker-context both say where Docker is", hint="give one of them")
    if session.target is not None and session.target.backend == name:
        _fill(flags, name, session.target.settings)
        flags["acknowledged"] = session.target.own
    if sandbox is not None:
        _fill(flags, name, sandbox.section(name).settings)
        if "insecure-endpoint" in sandbox.security.allow:
            flags["acknowledged"] = True
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
    """Every engine on which a name may be, but for those that are not here. Raises AbsentError where none is."""
    with in_use_or_meant(session, ()) as engines:
        yield tuple(backend for backend, _ in engines)


@contextmanager
def in_use_or_meant(
    session: Session, loaded: Sequence[Loaded]
) -> Iterator[tuple[tuple[Backend, tuple[Loaded, ...]], ...]]:
    """The same with those that specs name for themselves; each with the specs that mean it, or may (`auto`)."""
    from contextlib import ExitStack

    from sandboxctl.errors import AbsentError

    places = _places(session, loaded)
    here: list[tuple[Backend, tuple[Loaded, ...]]] = []
    absent: list[AbsentError] = []
    with ExitStack() as stack:
        for group in places:
            try:
                backend = stack.enter_context(opened(session, group))
                if len(places) > 1 and not backend.dormant:
                    _greet(backend)
            except AbsentError as error:
                absent.append(error)
            else:
                here.append((backend, group.loaded))
        if not here:
            raise absent[0]
        yield tuple(here)


def _greet(backend: Backend) -> None:
    """One that is silent passes: whoever needs its answer will be told. Raises AbsentError."""
    from sandboxctl.errors import AbsentError

    try:
        backend.reader.engine()
    except AbsentError:
        raise
    except UnreachableError:
        return


def _places(session: Session, loaded: Sequence[Loaded]) -> tuple[Group, ...]:
    names = (session.backend,) if session.backend else candidates(session)
    found: dict[tuple[str, Connection], list[Loaded]] = {(name, connection(session, name)): [] for name in names}
    for each in loaded:
        own = session.backend or each.sandbox.backend
        for name in names if own == "auto" else (own,):
            found.setdefault((name, connection(session, name, each.sandbox)), []).append(each)
    return tuple(Group(name=name, connection=reached, loaded=tuple(own)) for (name, reached), own in found.items())


@contextmanager
def holding(session: Session, name: str) -> Iterator[Backend]:
    """The engine that has a sandbox of this name; the first one where none has. UsageError for two."""
    specs.check_name(name)
    with in_use(session) as backends:
        yield backends[index_of(backends, name)]


def index_of(backends: Sequence[Backend], name: str) -> int:
    """Which engine has this name; the first that answers where none has it.

    What would have to be started first is asked only where the others do not have it. Raises UsageError for two.
    """
    if len(backends) == 1:
        return 0
    found: list[int] = []
    answered: list[int] = []
    silent: list[UnreachableError] = []
    for index in sorted(range(len(backends)), key=lambda each: backends[each].dormant):
        if found and backends[index].dormant:
            continue
        try:
            if backends[index].reader.observe(name) is not None:
                found.append(index)
            answered.append(index)
        except UnreachableError as error:
            silent.append(error)
    if len(found) > 1:
        where = ", ".join(backends[index].name for index in sorted(found))
        raise UsageError(f"{name} is on more than one engine: {where}", hint="say which with --backend")
    if silent and not found:
        raise silent[0]
    return (found or sorted(answered))[0]
