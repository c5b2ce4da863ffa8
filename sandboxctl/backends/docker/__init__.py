"""Docker: reads over the socket, writes through the official SDK, renders the SDK's low-level keyword arguments."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from sandboxctl import sdk
from sandboxctl.backends.base import Connection
from sandboxctl.backends.docker import native
from sandboxctl.backends.docker.endpoint import resolve
from sandboxctl.backends.docker.reader import DockerReader
from sandboxctl.fields import Wanted
from sandboxctl.spec import Sandbox

if TYPE_CHECKING:
    from sandboxctl.backends.docker.writer import DockerWriter
    from sandboxctl.runner import Runner


class DockerBackend:
    """One Docker Engine."""

    name = "docker"
    hidden = native.HIDDEN
    sdk: str | None = "docker"
    dormant = False

    def __init__(self, connection: Connection) -> None:
        self.endpoint, self._certificates = resolve(connection)
        self.reader = DockerReader(self.endpoint, timeout=connection.timeout, cache=connection.cache)
        self._timeout = connection.timeout

    @cached_property
    def runner(self) -> Runner:
        """Made on first use."""
        from sandboxctl import engine_exec
        from sandboxctl.engine_http import EngineHttp
        from sandboxctl.runner import Runner

        return Runner(partial(engine_exec.run, EngineHttp(self.endpoint, timeout=self._timeout)))

    @cached_property
    def writer(self) -> DockerWriter:
        """Imports the SDK: only what changes something pays for it. Raises MissingSdkError."""
        sdk.check(self.sdk)
        from sandboxctl.backends.docker.writer import DockerWriter

        version = self.reader.api_version()
        return DockerWriter(self.endpoint, certificates=self._certificates, api_version=version, timeout=self._timeout)

    def wanted(self, sandbox: Sandbox) -> Wanted:
        """See `native.wanted`."""
        return native.wanted(sandbox)

    def close(self) -> None:
        """Closes the writer's connections, if it was ever made, and the way to the engine."""
        if "writer" in self.__dict__:
            self.writer.close()
        self.endpoint.close()


def connect(connection: Connection) -> DockerBackend:
    """A backend for the engine that `connection`, the environment or the current context names. Asks it nothing yet."""
    return DockerBackend(connection)
