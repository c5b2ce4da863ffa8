"""Kubernetes: a pod with what it needs around it. Reads are lists, writes are server-side apply, over our own HTTPS.

The commit point is an annotation written last, since a pod cannot be renamed.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from sandboxctl.backends.base import Connection
from sandboxctl.backends.kubernetes import native
from sandboxctl.backends.kubernetes.api import Api
from sandboxctl.backends.kubernetes.endpoint import resolve
from sandboxctl.backends.kubernetes.reader import KubernetesReader
from sandboxctl.fields import Wanted
from sandboxctl.spec import Sandbox

if TYPE_CHECKING:
    from sandboxctl.backends.kubernetes.writer import KubernetesWriter
    from sandboxctl.runner import Runner


class KubernetesBackend:
    """One namespace of one cluster."""

    name = "kubernetes"
    hidden = native.HIDDEN
    sdk: str | None = None
    dormant = False

    def __init__(self, connection: Connection) -> None:
        target = resolve(connection)
        self._api = Api(target.endpoint, namespace=target.namespace, timeout=connection.timeout)
        self.reader = KubernetesReader(self._api)

    @cached_property
    def runner(self) -> Runner:
        """Made on first use."""
        from sandboxctl.backends.kubernetes import runner
        from sandboxctl.runner import Runner

        return Runner(partial(runner.run, self._api, self.reader))

    @cached_property
    def writer(self) -> KubernetesWriter:
        """Made on first use."""
        from sandboxctl.backends.kubernetes.writer import KubernetesWriter

        return KubernetesWriter(self._api, self.reader)

    def wanted(self, sandbox: Sandbox) -> Wanted:
        """See `native.wanted`."""
        return native.wanted(sandbox)

    def close(self) -> None:
        """Nothing is kept open."""


def connect(connection: Connection) -> KubernetesBackend:
    """A backend for the cluster and namespace that `connection` or the environment names. Asks it nothing yet."""
    return KubernetesBackend(connection)
