"""Having the images before anything is changed: pulled or loaded, once for each reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from sandboxctl import blame
from sandboxctl.apply.events import Event
from sandboxctl.backends.base import Backend
from sandboxctl.dataclass import replace
from sandboxctl.errors import InvalidError, SandboxctlError, UnreachableError
from sandboxctl.observe import resolve_reference
from sandboxctl.plan import Action, Desired, Kind, Plan
from sandboxctl.preflight import lacking
from sandboxctl.problems import errors
from sandboxctl.spec import Image, Loaded, Sandbox

Emit = Callable[[Event], None]


def pull_always(loaded: Sequence[Loaded], backend: Backend, *, emit: Emit) -> None:
    """Pulls or builds what says `pull: always`, before the plan is made, since the reference may move by it."""
    wanted = [each for each in loaded if each.sandbox.image.pull == "always" and each.sandbox.image.archive is None]
    if not wanted or backend.reader.engine().node_images:
        return
    for each in {each.sandbox.image.base: each for each in reversed(wanted)}.values():
        with _blaming(each):
            _obtain(each.sandbox.name, each.sandbox.image, backend, emit)  # of a prepared image the base


def fetch(plan: Plan, backend: Backend, *, emit: Emit) -> Plan:
    """The plan with every image there; only the image store is changed. Raises InvalidError or UnreachableError."""
    ids: dict[str, str] = {}
    actions: list[Action] = []
    for action in plan.actions:
        desired = action.desired
        if action.kind in (Kind.CREATE, Kind.REPLACE) and desired is not None:
            action = replace(action, desired=_with_image(desired, backend, ids, emit))
        actions.append(action)
    return replace(plan, actions=tuple(actions))


def _with_image(desired: Desired, backend: Backend, ids: dict[str, str], emit: Emit) -> Desired:
    if desired.image_id is not None and desired.image is not None:
        return desired
    image = desired.sandbox.image
    if image.name not in ids:
        with _blaming(desired.loaded):
            ids[image.name] = desired.image_id or _made(desired.sandbox, backend, emit)
    found = replace(desired, image_id=ids[image.name], image=backend.reader.image_config(ids[image.name]))
    problems = errors(lacking(found, backend, backend.reader.engine()))
    if problems:
        error = InvalidError(problems[0].message, hint=problems[0].hint, sandbox=desired.sandbox.name)
        error.places = problems
        raise error
    return found


@contextmanager
def _blaming(loaded: Loaded) -> Iterator[None]:
    """What fails inside is told with the line that asks for the image; a silent engine is nobody's line."""
    try:
        yield
    except SandboxctlError as error:
        if not isinstance(error, UnreachableError):
            error.field = error.field or ("image",)
        error.places = blame.problems(error, loaded)
        raise


def _made(sandbox: Sandbox, backend: Backend, emit: Emit) -> str:
    """Had from where the spec says, and prepared where it says so."""
    image = sandbox.image
    if image.setup is None:
        return _obtain(sandbox.name, image, backend, emit)
    base = resolve_reference(image.base, backend.reader.images()) or _obtain(sandbox.name, image, backend, emit)
    from sandboxctl.apply import preparing  # what few specs ask for is imported by them

    return preparing.prepare(sandbox, image.setup, base, backend, emit=emit)


def _obtain(name: str, image: Image, backend: Backend, emit: Emit) -> str:
    if image.archive is not None:
        emit(Event(name=name, step="load", message=f"image from {image.archive.path}"))
        return backend.writer.load(image.archive.path, reference=image.base)
    if image.build is not None:
        from sandboxctl.apply import building

        return building.build(name, image, image.build, backend, emit=emit)
    if image.pull == "never":
        raise InvalidError(f"the engine has no image {image.base}", hint="pull is never: load it first", sandbox=name)
    emit(Event(name=name, step="pull", message=image.base))

    def progress(text: str) -> None:
        emit(Event(name=name, step="pull", message=text))

    return backend.writer.pull(image.base, platform=image.platform, progress=progress)
