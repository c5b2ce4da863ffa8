"""The engines of the contract suite, each looked at and tampered with behind sandboxctl's back by its own client.

What a test needs to know of an engine, and what only that engine's client can do, is here; the tests themselves name
no engine. Nothing here is made by sandboxctl's own code.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandboxctl.backends.base import Connection
from tests.engines.fixtures import DockerEngine, LocalImages


class EngineUnderTest(Protocol):
    """One engine. Names are those of containers, volumes and networks; sizes are bytes."""

    backend: str
    images: LocalImages

    def connection(self, *, socket: Path | None = None, timeout: float = 30.0) -> Connection:
        """How sandboxctl is led to it, or to what stands in front of it at `socket`."""

    @property
    def socket(self) -> Path:
        """Where it listens."""

    def containers(self) -> frozenset[str]:
        """The names of all containers, running or not."""

    def inspect(self, name: str) -> Any:
        """What its client shows of a container; fails the test where there is none."""

    def id(self, name: str) -> str:
        """The container's own id."""

    def state(self, name: str) -> str:
        """`running`, `exited`, `paused`, …"""

    def pid(self, name: str) -> int:
        """The process on this host that is the container's first."""

    def labels(self, name: str) -> dict[str, str]:
        """All labels of a container."""

    def setting(self, name: str, word: str) -> Any:
        """What is set on a container and no process can see: `image`, `restart`, `label KEY`, `published`, …"""

    def run_stranger(
        self, name: str, image: str, *command: str, labels: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> str:
        """A container that somebody made by hand; its id."""

    def client(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """The engine's own client, where every engine's takes the same words (stop, pause, rename, rm, …)."""

    def sabotage_memory(self, name: str) -> None:
        """Lifts the memory limit of a running container."""

    def attach_network(self, name: str) -> None:
        """Gives a running container the network that it should not have."""

    def weaker_than_restricted(self) -> Sequence[str]:
        """Options for `run_stranger` that make a container weaker than any restricted sandbox."""

    def volumes(self) -> frozenset[str]:
        """The names of all volumes."""

    def volume_path(self, name: str) -> Path:
        """Where a volume is on this host."""

    def create_network(self, name: str) -> None:
        """A network of somebody's."""

    def networks(self) -> frozenset[str]:
        """The names of all networks."""

    def image_names(self) -> frozenset[str]:
        """Every reference that the engine has locally."""


_DOCKER_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "image": ("Config", "Image"),
    "image-id": ("Image",),
    "entrypoint": ("Config", "Entrypoint"),
    "command": ("Config", "Cmd"),
    "stop-signal": ("Config", "StopSignal"),
    "stop-grace": ("Config", "StopTimeout"),
    "auto-remove": ("HostConfig", "AutoRemove"),
    "restart": ("HostConfig", "RestartPolicy"),
    "health-command": ("Config", "Healthcheck", "Test"),
    "logging": ("HostConfig", "LogConfig"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerUnderTest:
    """A Docker Engine, through Docker's own client."""

    engine: DockerEngine
    images: LocalImages
    backend: str = "docker"

    def connection(self, *, socket: Path | None = None, timeout: float = 30.0) -> Connection:
        return Connection(docker_host=self.engine.host if socket is None else f"unix://{socket}", timeout=timeout)

    @property
    def socket(self) -> Path:
        return self.engine.socket

    def containers(self) -> frozenset[str]:
        return self.engine.containers()

    def inspect(self, name: str) -> Any:
        return json.loads(self.client("container", "inspect", name).stdout)[0]

    def id(self, name: str) -> str:
        return str(self.inspect(name)["Id"])

    def state(self, name: str) -> str:
        return str(self.inspect(name)["State"]["Status"])

    def pid(self, name: str) -> int:
        return int(self.inspect(name)["State"]["Pid"])

    def labels(self, name: str) -> dict[str, str]:
        return dict(self.inspect(name)["Config"]["Labels"])

    def setting(self, name: str, word: str) -> Any:
        kind, _, key = word.partition(" ")
        if kind == "label":
            return self.labels(name).get(key)
        if kind == "published":
            bindings = self.inspect(name)["HostConfig"]["PortBindings"] or {}
            return [f"{place['HostIp']} {port}" for port, places in bindings.items() for place in places]
        found = self.inspect(name)
        for part in _DOCKER_SETTINGS[kind]:
            found = found[part]
        return found

    def run_stranger(
        self, name: str, image: str, *command: str, labels: Mapping[str, str] | None = None, options: Sequence[str] = ()
    ) -> str:
        marks = [f"--label={key}={value}" for key, value in (labels or {}).items()]
        words = ("run", "--detach", "--name", name, "--network=none", *marks, *options, image, *command)
        return self.client(*words).stdout.strip()

    def client(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.engine.cli(*args, check=check)

    def sabotage_memory(self, name: str) -> None:
        self.client("update", "--memory=2g", "--memory-swap=4g", name)

    def attach_network(self, name: str) -> None:
        self.client("network", "disconnect", "none", name)
        self.client("network", "connect", "bridge", name)

    def weaker_than_restricted(self) -> Sequence[str]:
        return ("--cap-add=NET_ADMIN", "--security-opt=seccomp=unconfined", "--pid=host", "--user=0:0")

    def volumes(self) -> frozenset[str]:
        return frozenset(self.client("volume", "ls", "--format", "{{.Name}}").stdout.split())

    def volume_path(self, name: str) -> Path:
        return Path(json.loads(self.client("volume", "inspect", name).stdout)[0]["Mountpoint"])

    def create_network(self, name: str) -> None:
        self.client("network", "create", name)

    def networks(self) -> frozenset[str]:
        return frozenset(self.client("network", "ls", "--format", "{{.Name}}").stdout.split())

    def image_names(self) -> frozenset[str]:
        return frozenset(self.client("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.split())
