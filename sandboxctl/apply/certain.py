"""A write whose answer was lost: a look tells whether it happened, and only what did not happen is done again.

Nothing is repeated after an engine's own refusal, and nothing is asked of an engine that has fallen silent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from sandboxctl import ownership
from sandboxctl.apply.work import Work, this_holder
from sandboxctl.backends.base import Helper, LayerWriter, Payload, RenamingWriter
from sandboxctl.errors import ConflictError, EngineError, SilentError, UnreachableError


def create(payload: Payload, name: str, work: Work) -> str:
    """Creates under a staging name; returns the ref. Raises ConflictError naming who has that name."""
    return _made(lambda: work.backend.writer.create(payload, name=name), name, work)


def create_helper(writer: RenamingWriter, helper: Helper, work: Work) -> str:
    """The same for a helper."""
    return _made(lambda: writer.create_helper(helper), helper.name, work)


def _made(make: Callable[[], str], name: str, work: Work) -> str:
    """What has our holder's text on it is ours, whatever became of the answer."""
    try:
        return make()
    except SilentError:
        raise
    except UnreachableError:
        return _mine(name, work) or make()
    except ConflictError as error:
        raise ConflictError(f"somebody else is making {name}: {error.brief}", hint="apply again") from error


def _mine(name: str, work: Work) -> str | None:
    found = work.backend.reader.observe(name)
    if found is None or found.labels.get(ownership.HOLDER) != this_holder():
        return None
    return found.ref


def stop(ref: str, work: Work, *, grace: int) -> None:
    """Stopping twice is stopping once."""
    _sure(lambda: work.backend.writer.stop(ref, grace=grace))


def delete(ref: str, work: Work) -> None:
    """Gone is gone."""
    _sure(lambda: work.backend.writer.delete(ref))


def delete_volume(name: str, work: Work) -> None:
    """Gone is gone."""
    _sure(lambda: work.backend.writer.delete_volume(name))


def delete_image(reference: str, work: Work) -> None:
    """Gone is gone."""
    _sure(lambda: cast("LayerWriter", work.backend.writer).delete_image(reference))


def rename(ref: str, name: str, work: Work, *, gone_is_done: bool = False) -> None:
    """What the engine has removed by itself (autoRemove) has nothing to be renamed."""
    try:
        _sure(lambda: work.backend.writer.rename(ref, name), lambda: _is_called(ref, name, work))
    except EngineError as error:
        if not (gone_is_done and error.status == 404):
            raise
    except ConflictError:
        if not (gone_is_done and work.backend.reader.status(ref) is None):
            raise


def _is_called(ref: str, name: str, work: Work) -> bool:
    found = work.backend.reader.observe(ref)
    return found is not None and found.name == name


def _sure(do: Callable[[], None], happened: Callable[[], bool] = lambda: False) -> None:
    """Once more where the connection broke and nothing happened."""
    try:
        do()
    except SilentError:
        raise
    except UnreachableError:
        if not happened():
            do()
