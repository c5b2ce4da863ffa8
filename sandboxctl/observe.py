"""From a backend's reader to a plan: what is live, what is wanted there, and what the engine lacks for it. Reads only.

A plan with nothing to do costs one list of containers, one of images, and one inspect for each sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from sandboxctl import capabilities, committing, derive, ownership
from sandboxctl.backends.base import Backend, LocalImage, Observed
from sandboxctl.dataclass import dataclass, replace
from sandboxctl.diff import Change
from sandboxctl.errors import EngineError
from sandboxctl.fields import spec_hash
from sandboxctl.image_reference import normalise
from sandboxctl.inheritance import Inheritance
from sandboxctl.ownership import Applied
from sandboxctl.plan import (
    Action,
    Desired,
    EffectOf,
    Kind,
    Plan,
    compare,
    plan,
)
from sandboxctl.problems import Problem, ordered
from sandboxctl.removal import plan_delete
from sandboxctl.snapshot import applied_to as applied_to  # whoever observes asks for this too
from sandboxctl.snapshot import before, snapshot
from sandboxctl.spec import Commit, Image, Loaded, Source, VolumeMount
from sandboxctl.states import ENDED, State, sandbox_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A plan, and what stands in the way of it on this engine."""

    plan: Plan
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One sandbox as `list` and `status` show it. Times are RFC 3339, UTC.

    `running`: its process lives, whatever is to be said of it (`expired`). `exit_code` is that of one that has ended.
    """

    name: str
    project: str | None
    backend: str
    id: str
    image: str
    state: State
    ready: bool
    created: str | None
    expires: str | None
    spec: str
    running: bool = False
    exit_code: int | None = None
    oom_killed: bool = False
    ports: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def prepare(loaded: Sequence[Loaded], backend: Backend, *, break_lock: bool = False) -> Prepared:
    """The plan for these specs. Raises UnreachableError; what the engine lacks is a problem, not an error.

    With `break_lock` nobody else is taken to be at work.
    """
    seen = replace(
        snapshot([each.sandbox.name for each in loaded], backend, break_lock=break_lock),
        images=tuple(backend.reader.images()),
    )
    images = seen.images
    desired = [wish(each, backend, images) for each in loaded]
    made = plan(desired, seen, hidden=backend.hidden, effect_of=_effects(backend))
    return _preflight(committing.with_commits(made, images, _wanted_commit), backend)


def _wanted_commit(action: Action) -> Commit | None:
    return None if action.desired is None else action.desired.sandbox.commit


def wish(loaded: Loaded, backend: Backend, images: Sequence[LocalImage]) -> Desired:
    """What is wanted, in the words of this backend."""
    wanted = backend.wanted(loaded.sandbox)
    image = loaded.sandbox.image
    return Desired(
        loaded=loaded,
        wanted=wanted,
        spec_hash=spec_hash(wanted, backend.hidden),
        image_id=image.name if backend.reader.engine().node_images else resolve(image, images),
    )


def resolve(image: Image, images: Sequence[LocalImage]) -> str | None:
    """The id of the local image that a spec means; None where it has to be had first, or prepared (again)."""
    base = resolve_reference(image.base, images)
    if image.setup is None or base is None:
        return None if image.setup is not None else base
    prepared = (each for each in images if image.name in each.references)
    return next((each.id for each in prepared if each.labels.get(ownership.SETUP_BASE) == base), None)


def resolve_reference(reference: str, images: Sequence[LocalImage]) -> str | None:
    """The id of the local image that a reference means; None where there is none. Digests go by membership."""
    name = normalise(reference)
    repository, at, digest = name.partition("@")
    if at:
        without_tag = (
            repository if "/" in repository.rpartition(":")[2] else repository.rpartition(":")[0] or repository
        )
        wanted = {name, f"{without_tag}@{digest}"}
        return next((each.id for each in images if wanted & set(each.digests)), None)
    return next((each.id for each in images if name in each.references or name == each.id), None)


def _effects(backend: Backend) -> EffectOf:
    return partial(capabilities.effect, backend=backend.name, version=backend.reader.engine().version)


def _preflight(made: Plan, backend: Backend) -> Prepared:
    """Looks at images, networks and the host for whatever is about to be created or changed."""
    creating = [action for action in made.actions if action.kind in (Kind.CREATE, Kind.REPLACE, Kind.UPDATE)]
    if not creating:
        return Prepared(plan=made, problems=())
    from sandboxctl.preflight import lacking

    engine = backend.reader.identify()
    problems: list[Problem] = []
    actions: list[Action] = []
    for action in made.actions:
        if action in creating and action.desired is not None:
            desired = with_image(action.desired, backend)
            action = replace(action, desired=desired, notes=(*action.notes, *_hidden(action, desired)))
            problems.extend(lacking(desired, backend, engine))
        actions.append(action)
    return Prepared(plan=replace(made, engine=engine, actions=tuple(actions)), problems=ordered(problems))


def _hidden(action: Action, desired: Desired) -> tuple[str, ...]:
    """What a new sandbox does not see of its image."""
    workdir = derive.hides(desired.sandbox, desired.image)
    if workdir is None or action.kind is Kind.UPDATE:
        return ()
    return (f"the workdir {workdir} is an empty tmpfs: it hides what the image has there",)


def with_image(desired: Desired, backend: Backend) -> Desired:
    """With the image's own say, where the image is there already."""
    if desired.image_id is None:
        return desired
    return replace(desired, image=backend.reader.image_config(desired.image_id))


def prepare_delete(
    names: Sequence[str],
    backend: Backend,
    *,
    projects: Mapping[str, str | None] | None = None,
    commits: Mapping[str, Commit | None] | None = None,
    break_lock: bool = False,
) -> Plan:
    """The plan that deletes these; `projects` and `commits` are what their specs say, None where they are only named.

    Of one that is only named, what it was applied from says whether it is committed first.
    """
    made = plan_delete(names, snapshot(names, backend, break_lock=break_lock), projects=projects)
    return with_what_is_left(made, backend, commits)


def with_what_is_left(made: Plan, backend: Backend, commits: Mapping[str, Commit | None] | None) -> Plan:
    """With what a deletion leaves: the image of a commit, as `commits` say or (None) as each was applied; volumes."""
    made = replace(made, actions=tuple(_with_volumes(action, backend) for action in made.actions))
    return _with_last_commits(made, backend, commits)


def _with_volumes(action: Action, backend: Backend) -> Action:
    """Said before somebody approves of it: which volumes stay, and which go as well."""
    observed = action.observed
    if action.kind is not Kind.DELETE or observed is None or observed.name != action.name:
        return action
    applied = applied_to(observed.ref, observed.labels)
    gone = [name for name in volumes_to_delete(applied) if goes_with(name, observed, backend)]
    mounts = () if applied is None else applied.sandbox.mounts
    named = dict.fromkeys(mount.source for mount in mounts if isinstance(mount, VolumeMount))
    kept = [name for name in named if name not in gone]
    notes = [*_volumes(kept, "kept"), *_volumes(gone, "deleted with it")]
    return replace(action, notes=(*action.notes, *notes))


def _volumes(names: Sequence[str], end: str) -> tuple[str, ...]:
    if not names:
        return ()
    return (f"the volume {names[0]} is {end}" if len(names) == 1 else f"the volumes {', '.join(names)} are {end}",)


def _with_last_commits(made: Plan, backend: Backend, commits: Mapping[str, Commit | None] | None) -> Plan:

    def commit_of(action: Action) -> Commit | None:
        if action.observed is None or action.observed.name != action.name:
            return None  # half-made: nothing in it was ever anybody's
        if commits is not None:
            return commits.get(action.name)
        applied = applied_to(action.observed.ref, action.observed.labels)
        return None if applied is None else applied.sandbox.commit

    if not any(commit_of(action) for action in made.actions):
        return made
    return committing.with_commits(made, backend.reader.images(), commit_of)


def names_of_project(project: str, backend: Backend) -> tuple[str, ...]:
    """Every sandbox of a project, staged ones under their own name."""
    found = {
        ownership.own_name(each.labels)
        for each in backend.reader.containers()
        if ownership.is_ours(each) and each.labels.get(ownership.PROJECT) == project
    }
    return tuple(sorted(name for name in found if name is not None))


def listed(
    backend: Backend, *, names: Sequence[str] = (), project: str | None = None, loaded: Sequence[Loaded] = ()
) -> tuple[Row, ...]:
    """What runs, where, since when, and whether it is as its spec says. `loaded` are the specs to compare with."""
    reader = backend.reader
    specs = {each.sandbox.name: each for each in loaded}
    images = reader.images()
    inheritance = Inheritance(backend=backend)
    rows: list[Row] = []
    for each in sorted(reader.containers(), key=lambda listed: listed.name):
        name = ownership.own_name(each.labels)
        if name is None or (names and name not in names):
            continue
        if project is not None and each.labels.get(ownership.PROJECT) != project:
            continue
        observed = reader.observe(each.ref)
        if observed is not None:
            observed = inheritance.known(observed, before(observed, backend))
            rows.append(_row(observed, backend, specs.get(name), images))
    return tuple(rows)


def _row(observed: Observed, backend: Backend, spec: Loaded | None, images: Sequence[LocalImage]) -> Row:
    applied = applied_to(observed.ref, observed.labels)
    state: State = "foreign"
    changes: tuple[Change, ...] = ()
    in_sync = "unknown"
    if ownership.is_ours(observed) and applied is not None:
        compared = spec or Loaded(sandbox=applied.sandbox, source=Source(filename=""))
        desired = wish(compared, backend, images)
        if spec is None:
            desired = replace(desired, image_id=observed.image_id)
        changes = compare(
            desired, observed, before(observed, backend), hidden=backend.hidden, effect_of=_effects(backend)
        )
        in_sync = "differs" if changes else "in-sync"
        ttl = ownership.ttl_seconds(observed.labels)
        state = sandbox_state(applied.sandbox, observed.status, ttl=ttl, now=backend.reader.now())
    if observed.name in ownership.reserved_names(observed.labels[ownership.NAME]):
        state = "staged"
    ttl = ownership.ttl_seconds(observed.labels)
    created = observed.status.created
    return Row(
        name=observed.name,
        project=observed.labels.get(ownership.PROJECT),
        backend=backend.name,
        id=observed.ref,
        image=str(observed.fields.get(("image",), observed.image_id)),
        state=state,
        ready=observed.status.state == "running" and observed.status.health in (None, "healthy"),
        created=_rfc3339(created),
        expires=None if ttl is None or created is None else _rfc3339(created + ttl),
        spec=in_sync,
        running=observed.status.state == "running",
        exit_code=observed.status.exit_code if observed.status.state in ENDED else None,
        oom_killed=observed.status.oom_killed,
        ports=observed.ports,
        changes=changes,
    )


def _rfc3339(seconds: float | None) -> str | None:
    from datetime import UTC, datetime

    return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def volumes_to_delete(applied: Applied | None) -> tuple[str, ...]:
    """The volumes that go with a sandbox (`keep: false`)."""
    if applied is None:
        return ()
    mounts = applied.sandbox.mounts
    return tuple(mount.source for mount in mounts if isinstance(mount, VolumeMount) and not mount.keep)


def goes_with(volume: str, observed: Observed, backend: Backend) -> bool:
    """Whether a volume was made for this sandbox; of others nobody deletes any."""
    labels = backend.reader.volume_labels(volume)
    return labels is not None and labels.get(ownership.NAME) == observed.labels.get(ownership.NAME)


def require(observed: Observed | None, name: str) -> Observed:
    """What must be there after a write. Raises EngineError where it is not."""
    if observed is None:
        raise EngineError(f"{name} is gone: something else removed it", status=404, sandbox=name)
    return observed
