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
from sandboxctl.spec import Sandbox
from tests.contract import kernel
from tests.contract.kernel import Limits
from tests.contract.workbench import Fragment
from tests.engines.fixtures import DockerEngine, LocalImages


class EngineUnderTest(Protocol):
    """One engine. Names are those of containers, volumes and networks; sizes are bytes."""

    backend: str
    images: LocalImages
    server: str  # how it names itself in its answers
    users: bool  # whether a command in a sandbox can be run as another user
    starts_again: bool  # whether what has ended, or was only created, can be started
    provisions: bool  # whether volumes come from somewhere else: the fixture `room`
    new_volume: Mapping[str, Any]  # what a spec says of one that is to be made
    line_end: bytes  # of what a terminal wrote, in the log
    sub_paths: bool  # whether a part of a volume can be mounted

    @property
    def base(self) -> Fragment:
        """What is laid under every spec of the tests there, which says nothing of what they are about."""

    def unrestricted(self) -> EngineUnderTest:
        """The same, where nothing but sandboxctl restricts what may run."""

    @property
    def delete_seconds(self) -> float:
        """Within how much time one that is idle is gone, whatever its grace."""

    @property
    def tmpfs_owner(self) -> str:
        """Whose a tmpfs is, for the default user."""

    def file_mode(self, mode: str) -> str:
        """Mode and owner of a file of the spec, as stat's `%a %u:%g` shows them to the default user."""

    def is_on_a_network(self, name: str) -> bool:
        """Whether the engine lets anything through to a running one."""

    def fitted(self, sandbox: Sandbox) -> Sandbox:
        """The same as it can run beside others there."""

    def in_place(self, field: str) -> bool:
        """Whether this field of those that can changes while it runs, and its inspect then shows the new value."""

    def connection(self, *, socket: Path | None = None, timeout: float = 30.0) -> Connection:
        """How sandboxctl is led to it, or to what stands in front of it at `socket`."""

    @property
    def socket(self) -> Path:
        """Where it listens."""

    def leading_to(self, address: str, directory: Path) -> Sequence[str]:
        """The options that lead a command to what stands in front of it at `address`; files for that in `directory`."""

    def labelled(self, name: str) -> frozenset[str]:
        """The names of the containers that our labels call so."""

    def astray(self, name: str) -> frozenset[str]:
        """What is around a running sandbox that is not its own, and what it lacks."""

    def containers(self) -> frozenset[str]:
        """The names of all containers, running or not."""

    def inspect(self, name: str) -> Any:
        """What its client shows of a container; fails the test where there is none."""

    def id(self, name: str) -> str:
        """The container's own id."""

    def state(self, name: str) -> str:
        """`running`, `exited`, `paused`, …"""

    def incarnation(self, name: str) -> object:
        """What is another after each start."""

    def restarts(self, name: str) -> int:
        """How often the engine has started it again by itself."""

    def limits(self, name: str) -> Limits:
        """What the kernel says of a running one."""

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

    def stop(self, name: str) -> None:
        """Somebody ends it by hand."""

    def kill(self, name: str) -> None:
        """Somebody ends it by hand, at once."""

    def remove(self, name: str) -> None:
        """Somebody takes it away by hand."""

    def sabotage_memory(self, name: str) -> None:
        """Lifts the memory limit of a running container."""

    def attach_network(self, name: str) -> None:
        """Gives a running container the network that it should not have."""

    def weaker_than_restricted(self) -> Sequence[str]:
        """Options for `run_stranger` that make a container weaker than any restricted sandbox."""

    def weakenings(self) -> Mapping[str, str]:
        """Options that make such a copy weaker, or other, than its spec: the key by which a plan tells of each."""

    def copy_of_a_default_sandbox(self, name: str, labels: Mapping[str, str], *options: str) -> None:
        """Created, not started, by the engine's client: as the default sandbox but for `options`."""

    def out_of_memory(self, name: str, limit: str) -> tuple[str, str]:
        """What is said, and hinted at, of a sandbox whose process was killed for want of memory."""

    def left(self, name: str) -> frozenset[str]:
        """The names of all that there is of sandboxes that begin with this one's name, but networks."""

    def files(self, name: str) -> list[str]:
        """The names of what holds a sandbox's files."""

    def clear(self, name: str) -> None:
        """Removes all that begins with a name."""

    def volumes(self) -> frozenset[str]:
        """The names of all volumes."""

    def create_volume(self, name: str) -> None:
        """A volume of somebody's, root's own."""

    def volume_path(self, name: str) -> Path:
        """Where a volume is on this host."""

    def create_network(self, name: str) -> None:
        """A network of somebody's."""

    def networks(self) -> frozenset[str]:
        """The names of all networks."""

    def image_names(self, repository: str = "") -> frozenset[str]:
        """Every reference that the engine has locally, or those that begin so: other tests make some meanwhile."""


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


_DEFAULT_SANDBOX = (
    "--user=10001:10001",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--read-only",
    "--init",
    "--memory=512m",
    "--memory-swap=512m",
    "--cpus=1",
    "--pids-limit=256",
    "--shm-size=64m",
    "--ipc=private",
    "--cgroupns=private",
    "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=64m,uid=10001,gid=10001,mode=0700",
    "--tmpfs=/workspace:rw,exec,nosuid,nodev,size=256m,uid=10001,gid=10001,mode=0700",
    "--ulimit=nofile=1024:1024",
    "--ulimit=core=0:0",
    "--workdir=/workspace",
    "--env=HOME=/workspace",
    "--entrypoint=sleep",
    "--stop-timeout=5",
    "--stop-signal=SIGTERM",
    "--log-driver=json-file",
    "--log-opt=max-size=10m",
    "--log-opt=max-file=1",
)
"""The default sandbox in the words of Docker's own client."""


_WEAKENINGS: Mapping[str, str] = {
    "--pid=host": "docker.PidMode",
    "--ipc=host": "docker.IpcMode",
    "--userns=host": "security.userNamespace",
    "--cgroupns=host": "docker.CgroupnsMode",
    "--cgroup-parent=/elsewhere": "docker.options.cgroup_parent",
    "--privileged": "security.privileged",
    "--volume=/usr:/host:ro": "mounts./host.type",
    "--volume=/anonymous": "mounts./anonymous.type",
    "--tmpfs=/extra": "mounts./extra.type",
    "--tmpfs=/tmp:rw,exec,suid,dev": "mounts./tmp.suid",
    "--device=/dev/null:/dev/extra": "security.devices./dev/extra",
    "--device-cgroup-rule=c 1:1 r": "docker.DeviceCgroupRules",
    "--cap-add=SYS_ADMIN": "security.capabilities.add",
    "--group-add=0": "security.groups",
    "--user=0:0": "security.user",
    "--read-only=false": "security.readOnlyRoot",
    "--init=false": "lifecycle.init",
    "--security-opt=seccomp=unconfined": "security.seccomp",
    "--security-opt=systempaths=unconfined": "docker.MaskedPaths",
    "--security-opt=no-new-privileges:false": "security.noNewPrivileges",
    "--oom-kill-disable": "docker.OomKillDisable",
    "--oom-score-adj=-900": "docker.options.oom_score_adj",
    "--network=bridge": "network.mode",
    "--publish-all": "docker.PublishAllPorts",
    "--publish=127.0.0.1::80": "network.ports",
    "--dns=192.0.2.1": "network.dns.servers",
    "--add-host=x:192.0.2.1": "network.hosts.x",
    "--hostname=other": "network.hostname",
    "--sysctl=net.core.somaxconn=7": "security.sysctls.net.core.somaxconn",
    "--memory-swap=-1": "resources.swap",
    "--pids-limit=-1": "resources.pids",
    "--cpus=1.5": "resources.cpu",
    "--shm-size=1g": "resources.shm",
    "--ulimit=nofile=4096:4096": "resources.ulimits.nofile",
    "--ulimit=nproc=9": "resources.ulimits.nproc",
    "--health-cmd=true": "health.command",
    "--restart=always": "lifecycle.restart.policy",
    "--log-opt=max-size=1g": "docker.logging",
    "--stop-timeout=600": "lifecycle.stopGrace",
    "--workdir=/": "workdir",
    "--env=HOME=/": "env.HOME",
    "--entrypoint=sh": "command",
    "--interactive": "stdin",
    "--tty": "tty",
}
"""What a copy may have besides, in the words of Docker's client, and the field by which a plan tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerUnderTest:
    """A Docker Engine, through Docker's own client."""

    engine: DockerEngine
    images: LocalImages
    backend: str = "docker"
    provisions: bool = False
    users: bool = True
    starts_again: bool = True
    line_end: bytes = b"\r\n"
    server: str = "Docker/20.10.24 (linux)"

    @property
    def base(self) -> Fragment:
        return {}

    def unrestricted(self) -> EngineUnderTest:
        return self

    @property
    def new_volume(self) -> Mapping[str, Any]:
        return {}

    @property
    def delete_seconds(self) -> float:
        return 1.5

    @property
    def tmpfs_owner(self) -> str:
        return "10001:10001"

    def file_mode(self, mode: str) -> str:
        return f"{int(mode, 8):o} 10001:10001"

    def is_on_a_network(self, name: str) -> bool:
        return self.inspect(name)["HostConfig"]["NetworkMode"] != "none"

    def fitted(self, sandbox: Sandbox) -> Sandbox:
        return sandbox

    def in_place(self, field: str) -> bool:
        return not field.startswith("metadata.")

    @property
    def sub_paths(self) -> bool:
        version = self.client("version", "--format", "{{.Server.Version}}").stdout
        return int(version.partition(".")[0]) >= 26

    def connection(self, *, socket: Path | None = None, timeout: float = 30.0) -> Connection:
        return Connection(docker_host=self.engine.host if socket is None else f"unix://{socket}", timeout=timeout)

    @property
    def socket(self) -> Path:
        return self.engine.socket

    def leading_to(self, address: str, directory: Path) -> Sequence[str]:
        return ("--docker-host", address)

    def labelled(self, name: str) -> frozenset[str]:
        mark = f"label=sandboxctl.dev/name={name}"
        return frozenset(self.client("ps", "--all", "--filter", mark, "--format", "{{.Names}}").stdout.split())

    def astray(self, name: str) -> frozenset[str]:
        return frozenset()

    def containers(self) -> frozenset[str]:
        return self.engine.containers()

    def inspect(self, name: str) -> Any:
        return json.loads(self.client("container", "inspect", name).stdout)[0]

    def id(self, name: str) -> str:
        return str(self.inspect(name)["Id"])

    def state(self, name: str) -> str:
        return str(self.inspect(name)["State"]["Status"])

    def incarnation(self, name: str) -> object:
        found = self.inspect(name)
        return found["Id"], found["Created"], found["State"]["Pid"]

    def restarts(self, name: str) -> int:
        return int(self.inspect(name)["RestartCount"])

    def limits(self, name: str) -> Limits:
        return kernel.limits(int(self.inspect(name)["State"]["Pid"]))

    def labels(self, name: str) -> dict[str, str]:
        return dict(self.inspect(name)["Config"]["Labels"])

    def setting(self, name: str, word: str) -> Any:
        kind, _, key = word.partition(" ")
        if kind in ("label", "annotation"):
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
        words = ("run", "--detach", "--name", name, *isolated(options), *marks, *options, image, *command)
        return self.client(*words).stdout.strip()

    def client(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.engine.cli(*args, check=check)

    def stop(self, name: str) -> None:
        self.client("stop", "--time=1", name)

    def kill(self, name: str) -> None:
        self.client("kill", name)

    def remove(self, name: str) -> None:
        self.client("rm", "--force", name)

    def left(self, name: str) -> frozenset[str]:
        return frozenset(each for each in self.containers() | self.volumes() if each.startswith(name))

    def files(self, name: str) -> list[str]:
        return sorted(each for each in self.volumes() if f".{name}." in each)

    def clear(self, name: str) -> None:
        clear(self, name)

    def sabotage_memory(self, name: str) -> None:
        self.client("update", "--memory=2g", "--memory-swap=4g", name)

    def attach_network(self, name: str) -> None:
        self.client("network", "disconnect", "none", name)
        self.client("network", "connect", "bridge", name)

    def weaker_than_restricted(self) -> Sequence[str]:
        return ("--cap-add=NET_ADMIN", "--security-opt=seccomp=unconfined", "--pid=host", "--user=0:0")

    def weakenings(self) -> Mapping[str, str]:
        return _WEAKENINGS

    def copy_of_a_default_sandbox(self, name: str, labels: Mapping[str, str], *options: str) -> None:
        marks = [f"--label={key}={value}" for key, value in labels.items()]
        words = (
            *_DEFAULT_SANDBOX,
            *isolated(options),
            f"--hostname={name}",
            *marks,
            *options,
            self.images.busybox,
            "infinity",
        )
        self.client("create", "--name", name, *words)

    def out_of_memory(self, name: str, limit: str) -> tuple[str, str]:
        return f"{name} was killed: out of memory (limit {limit})", "raise resources.memory"

    def volumes(self) -> frozenset[str]:
        return frozenset(self.client("volume", "ls", "--format", "{{.Name}}").stdout.split())

    def create_volume(self, name: str) -> None:
        self.client("volume", "create", name)

    def volume_path(self, name: str) -> Path:
        return Path(json.loads(self.client("volume", "inspect", name).stdout)[0]["Mountpoint"])

    def create_network(self, name: str) -> None:
        self.client("network", "create", name)

    def networks(self) -> frozenset[str]:
        return frozenset(self.client("network", "ls", "--format", "{{.Name}}").stdout.split())

    def image_names(self, repository: str = "") -> frozenset[str]:
        found = self.client("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
        return frozenset(each for each in found if each.startswith(repository))


def clear(engine: EngineUnderTest, name: str) -> None:
    """Containers, volumes, those of files among them, and networks, in the words that Docker's client and Podman's share."""
    containers = [each for each in engine.containers() if each.startswith(name)]
    if containers:
        words = ["rm", "--force", "--volumes", *containers]
        if engine.backend == "podman":  # Docker's client kills at once; Podman may find its own mount busy, once
            words.insert(1, "--time=0")
            engine.client(*words, check=False)
            words.insert(1, "--ignore")
        engine.client(*words)
    volumes = sorted({each for each in engine.volumes() if each.startswith((name, f"sandboxctl-file.{name}"))})
    if volumes:
        engine.client("volume", "rm", *volumes)
    networks = [each for each in engine.networks() if each.startswith(name)]
    if networks:
        engine.client("network", "rm", *networks)


def isolated(options: Sequence[str]) -> tuple[str, ...]:
    """No network, where the options ask for none: Docker's client takes only one."""
    return () if any(option.startswith("--network=") for option in options) else ("--network=none",)
