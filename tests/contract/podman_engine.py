"""Podman under the contract suite, looked at and tampered with by Podman's own client. See `engines`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals
from typing import Any

from sandboxctl.backends.base import Connection
from sandboxctl.spec import Sandbox
from tests.contract import kernel
from tests.contract.engines import clear, isolated
from tests.contract.kernel import Limits
from tests.contract.workbench import Fragment
from tests.engines.fixtures import LocalImages, PodmanEngine

_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "image": ("ImageName",),
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

_OURS: Mapping[str, Callable[[Any], Any]] = {
    "stop-signal": lambda found: found if isinstance(found, str) else Signals(found).name,
    "entrypoint": lambda found: found if isinstance(found, list) else found.split(),
    "restart": lambda found: {**found, "Name": found["Name"] or "no"},
    "logging": lambda found: f"{found['Type']} {found['Size'].replace('-1B', '0B')}",
}
"""What versions show differently, in one form."""

_DEFAULT_SANDBOX = (
    "--user=10001:10001",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--read-only",
    "--read-only-tmpfs=false",
    "--init",
    "--memory=512m",
    "--memory-swap=512m",
    "--cpus=1",
    "--pids-limit=256",
    "--ipc=private",
    "--cgroupns=private",
    "--mount=type=tmpfs,destination=/dev/shm,tmpfs-size=64m,tmpfs-mode=1777,noexec,notmpcopyup",
    "--mount=type=tmpfs,destination=/tmp,tmpfs-size=64m,tmpfs-mode=0700,noexec,U,notmpcopyup",
    "--mount=type=tmpfs,destination=/workspace,tmpfs-size=256m,tmpfs-mode=0700,U,notmpcopyup",
    "--ulimit=nofile=1024:1024",
    "--ulimit=core=0:0",
    "--ulimit=nproc=4096:4096",
    "--workdir=/workspace",
    "--env=HOME=/workspace",
    "--entrypoint=sleep",
    "--stop-timeout=5",
    "--stop-signal=SIGTERM",
    "--log-driver=k8s-file",
    "--log-opt=max-size=10485760",
    "--http-proxy=false",
    "--systemd=false",
)
"""The default sandbox in the words of Podman's own client."""


_WEAKENINGS: Mapping[str, str] = {
    "--cgroupns=host": "podman.CgroupMode",
    "--cgroup-parent=/elsewhere": "podman.options.cgroup_parent",
    "--privileged": "security.privileged",
    "--volume=/usr:/host:ro": "mounts./host.type",
    "--volume=/anonymous": "mounts./anonymous.type",
    "--tmpfs=/extra": "mounts./extra.type",
    "--device=/dev/null:/dev/extra": "security.devices./dev/extra",
    "--cap-add=SYS_ADMIN": "security.capabilities.bounding",
    "--group-add=0": "security.groups",
    "--user=0:0": "security.user",
    "--read-only=false": "security.readOnlyRoot",
    "--init=false": "lifecycle.init",
    "--init=false --pid=host": "podman.PidMode",
    "--security-opt=no-new-privileges=false": "security.noNewPrivileges",
    "--oom-kill-disable": "podman.OomKillDisable",
    "--oom-score-adj=900": "podman.options.oom_score_adj",
    "--network=bridge": "network.mode",
    "--network=bridge --publish=127.0.0.1::80": "network.ports",
    "--network=bridge --dns=192.0.2.1": "network.dns.servers",
    "--network=bridge --add-host=x:192.0.2.1": "network.hosts.x",
    "--hostname=other": "network.hostname",
    "--memory-swap=2g": "resources.swap",
    "--pids-limit=-1": "resources.pids",
    "--cpus=1.5": "resources.cpu",
    "--ulimit=nofile=512:512": "resources.ulimits.nofile",
    "--ulimit=nproc=9": "resources.ulimits.nproc",
    "--health-cmd=true": "health.command",
    "--restart=always": "lifecycle.restart.policy",
    "--log-opt=max-size=1g": "podman.logging.size",
    "--stop-timeout=600": "lifecycle.stopGrace",
    "--timeout=600": "lifecycle.ttl",
    "--workdir=/": "workdir",
    "--env=HOME=/": "env.HOME",
    "--entrypoint=sh": "command",
    "--interactive": "stdin",
    "--tty": "tty",
}
"""What a copy may have besides. Podman's inspect shows neither seccomp nor sysctls, and 4.3 calls every ipc namespace
shareable, the host's too: those are what verify looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanUnderTest:
    """A Podman service, through Podman's own client."""

    engine: PodmanEngine
    images: LocalImages
    backend: str = "podman"
    provisions: bool = False
    users: bool = True
    starts_again: bool = True
    line_end: bytes = b"\r\n"
    server: str = "Libpod/4.3.1 (linux)"

    @property
    def version(self) -> tuple[int, int]:
        major, minor, *_ = self.client("version", "--format", "{{.Server.Version}}").stdout.split(".")
        return int(major), int(minor)

    @property
    def sub_paths(self) -> bool:
        return self.version >= (5, 0)

    @property
    def base(self) -> Fragment:
        return {}

    def unrestricted(self) -> PodmanUnderTest:
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
        return self.version >= (5, 1) and not field.startswith("metadata.")

    def connection(self, *, socket: Path | None = None, timeout: float = 30.0) -> Connection:
        return Connection(podman_uri=self.engine.host if socket is None else f"unix://{socket}", timeout=timeout)

    @property
    def socket(self) -> Path:
        return self.engine.socket

    def leading_to(self, address: str, directory: Path) -> Sequence[str]:
        return ("--podman-uri", address)

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
        state = str(self.inspect(name)["State"]["Status"])
        return "exited" if state == "stopped" else state

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
            return self.inspect(name)["Config"][f"{kind.capitalize()}s"].get(key)
        if kind == "published":
            bindings = self.inspect(name)["HostConfig"]["PortBindings"] or {}
            return [f"{place['HostIp']} {port}" for port, places in bindings.items() for place in places]
        found = self.inspect(name)
        for part in _SETTINGS[kind]:
            found = found[part]
        return _OURS[kind](found) if kind in _OURS else found

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
        # Not by an update: inspect goes on showing the old limit (4.3; 5.x of a stopped one), and 5.8 drops the rlimits.
        self._make_anew(name, "--memory=2g", "--memory-swap=4g")

    def _make_anew(self, name: str, *options: str) -> None:
        """What somebody does who wants another container under our labels; it runs if the old one did."""
        labels, state = self.labels(name), self.state(name)
        self.client("rm", "--force", "--time=0", name)
        self.copy_of_a_default_sandbox(name, labels, *options)
        if state == "running":
            self.client("start", name)

    def attach_network(self, name: str) -> None:
        self._make_anew(name, "--network=bridge")  # none can be connected to a container that has no network

    def weaker_than_restricted(self) -> Sequence[str]:
        return ("--cap-add=NET_ADMIN", "--security-opt=seccomp=unconfined", "--pid=host", "--user=0:0")

    def weakenings(self) -> Mapping[str, str]:
        return _WEAKENINGS

    def copy_of_a_default_sandbox(self, name: str, labels: Mapping[str, str], *options: str) -> None:
        marks = [f"--label={key}={value}" for key, value in labels.items()]
        words = [word for each in options for word in each.split()]
        words = [*_DEFAULT_SANDBOX, *isolated(words), f"--hostname={name}", *marks, *words]
        self.client("create", "--name", name, *words, self.images.busybox, "infinity")

    def out_of_memory(self, name: str, limit: str) -> tuple[str, str]:
        if self.version < (5, 0):  # it does not tell
            return f"{name} ended with code 137", "it was killed: out of memory, or by somebody"
        return f"{name} was killed: out of memory (limit {limit})", "raise resources.memory"

    def volumes(self) -> frozenset[str]:
        return frozenset(self.client("volume", "ls", "--format", "{{.Name}}").stdout.split())

    def create_volume(self, name: str) -> None:
        # Podman gives a volume to the user of the first container that has it: here that is somebody else's.
        self.client("volume", "create", name)
        # 5.x does so again and again, as long as there is nothing in it.
        command = (self.images.busybox, "touch", "/volume/theirs")
        self.client("run", "--rm", f"--volume={name}:/volume", "--network=none", *command)

    def volume_path(self, name: str) -> Path:
        return Path(json.loads(self.client("volume", "inspect", name).stdout)[0]["Mountpoint"])

    def create_network(self, name: str) -> None:
        self.client("network", "create", name)

    def networks(self) -> frozenset[str]:
        return frozenset(self.client("network", "ls", "--format", "{{.Name}}").stdout.split())

    def image_names(self, repository: str = "") -> frozenset[str]:
        found = self.client("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
        return frozenset(each for each in found if each.startswith(repository))
