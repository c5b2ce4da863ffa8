"""Making an image of a sandbox's writable layer: before a replace or a delete, after its end, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sandboxctl import committing, observe
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import Work
from sandboxctl.backends.base import Backend, LayerWriter, Observed
from sandboxctl.dataclass import replace
from sandboxctl.errors import EngineError, FailedError, InvalidError
from sandboxctl.plan import Action, Desired
from sandboxctl.spec import Commit


def keep(action: Action, work: Work) -> Action:
    """What the plan says is committed first. A failure stops all that would follow.

    Returns the action as it then is: a new sandbox whose base is that very image is made from the new one.
    """
    if action.commit is None or action.observed is None:
        return action
    image_id = commit(action.observed, action.commit, work.backend, emit=work.emit)
    desired = action.desired
    if desired is None or desired.image_id is None or desired.sandbox.image.name != action.commit.image:
        return action
    return replace(action, desired=_moved(desired, image_id, work.backend))


def _moved(desired: Desired, image_id: str, backend: Backend) -> Desired:
    return replace(desired, image_id=image_id, image=backend.reader.image_config(image_id))


def commit(observed: Observed, wanted: Commit, backend: Backend, *, emit: Callable[[Event], None]) -> str:
    """The id of the new image. Raises InvalidError where there is no commit, FailedError where it fails."""
    name = observed.name
    if backend.reader.engine().node_images:
        raise InvalidError(f"{name}: {backend.name} keeps no images, so there is no commit", sandbox=name)
    emit(Event(name=name, step="commit", message=wanted.image))
    base = next((image for image in backend.reader.images() if image.id == observed.image_id), None)
    labels = committing.labels(observed, base)
    try:
        return cast("LayerWriter", backend.writer).commit(observed.ref, wanted, labels=labels)
    except EngineError as error:
        raise FailedError(f"{name} cannot be committed: {error.brief}", hint=error.hint, sandbox=name) from error


def commit_by_hand(name: str, image: str | None, backend: Backend, *, emit: Callable[[Event], None]) -> tuple[str, str]:
    """`sandboxctl commit NAME`: the image's reference and id. Raises NotFoundError, ConflictError, InvalidError."""
    from sandboxctl import live

    observed = live.find(name, backend)
    applied = observe.applied_to(observed.ref, observed.labels)
    wanted = committing.by_hand(image, applied, name)
    return wanted.image, commit(observed, wanted, backend, emit=emit)
