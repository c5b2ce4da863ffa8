"""Podman: reads over the socket's libpod API, writes SpecGenerator JSON through podman-py's transport, never through
its keyword arguments, which drop safety options without an error (engines.md, section 3.1)."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from sandboxctl import sdk
from sandboxctl.backends.base import Connection
from sandboxctl.backends.podman import native
from sandboxctl.backends.podman.reader import PodmanReader
from sandboxctl.backends.podman.service import Service
from sandboxctl.fields import Wanted
from sandboxctl.spec import Sandbox

if TYPE_CHECKING:
    from sandboxctl.backends.podman.writer import PodmanWriter
    from sandboxctl.runner import Runner


class PodmanBackend:
    """One Podman service."""

    name = "podman"
    hidden = native.HIDDEN
    sdk: str | None = "podman"

    def __init__(self, connection: Connection) -> None:
        self._service = Service(connection)
        self._timeout = connection.timeout
        self.reader = PodmanReader(self._service)

    @property
    def dormant(self) -> bool:
        """Whether a service would have to be started first."""
        return self._service.dormant

    @cached_property
    def runner(self) -> Runner:
        """By the compat API, whose exec is the same as Docker's."""
        from sandboxctl import engine_exec
        from sandboxctl.runner import Runner

        return Runner(partial(engine_exec.run, self._service.http))

    @cached_property
    def writer(self) -> PodmanWriter:
        """Imports the SDK: only what changes something pays for it. Raises MissingSdkError."""
        sdk.check(self.sdk)
        from sandboxctl.backends.podman.writer import PodmanWriter

        return PodmanWriter(self._service, timeout=self._timeout)

    def wanted(self, sandbox: Sandbox) -> Wanted:
        """See `native.wanted`. Asks for the default capabilities only where the spec keeps any of them."""
        keeps_some = "ALL" not in sandbox.security.capabilities.drop and not sandbox.security.privileged
        default = self.reader.identify().default_capabilities if keeps_some else ()
        return native.wanted(sandbox, default)

    def close(self) -> None:
        """Closes the writer's connections, if it was ever made, and the way to the service."""
        if "writer" in self.__dict__:
            self.writer.close()
        self._service.close()


def connect(connection: Connection) -> PodmanBackend:
    """A backend for the service that `connection` or the environment names, else for one that is found or started."""
    return PodmanBackend(connection)
