"""Networks of our own: made before the first sandbox that is in one, removed with the last."""

from __future__ import annotations

import threading
from typing import cast

from sandboxctl import ownership
from sandboxctl.apply.events import Event
from sandboxctl.apply.work import Work
from sandboxctl.backends.base import LayerWriter
from sandboxctl.errors import ConflictError, EngineError
from sandboxctl.spec import Sandbox

_ONE_AT_A_TIME = threading.Lock()
"""Sandboxes of one plan may share a network, and an engine may allow two of one name."""


def ensure(sandbox: Sandbox, work: Work) -> None:
    """Makes the network that a spec asks for, unless it is there."""
    name = _own_network(sandbox)
    if name is None:
        return
    with _ONE_AT_A_TIME:
        if work.backend.reader.network(name) is not None:
            return
        work.emit(Event(name=sandbox.name, step="network", message=name))
        labels = {ownership.MANAGED: "true"}
        cast("LayerWriter", work.backend.writer).create_network(name, internal=sandbox.network.internal, labels=labels)


def release(sandbox: Sandbox | None, work: Work) -> None:
    """Removes the network of a sandbox that is gone, if it is ours and nobody else is in it."""
    name = None if sandbox is None else _own_network(sandbox)
    if name is None:
        return
    with _ONE_AT_A_TIME:
        found = work.backend.reader.network(name)
        if found is None or not found.ours or _in_use(name, work):
            return
        try:
            cast("LayerWriter", work.backend.writer).delete_network(name)
        except (EngineError, ConflictError) as error:  # a stranger's container is in it
            work.emit(Event(name="", step="left", message=f"the network {name}: {error.brief}"))


def _own_network(sandbox: Sandbox) -> str | None:
    network = sandbox.network
    return network.name if network.mode == "named" and network.create else None


def _in_use(name: str, work: Work) -> bool:
    reader = work.backend.reader
    observed = (reader.observe(each.ref) for each in reader.containers() if ownership.is_ours(each))
    return any(each is not None and each.fields.get(("network", "mode")) == name for each in observed)
