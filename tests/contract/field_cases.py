"""One case for each field that an engine enforces: a value, another one, and what each comes to in the running sandbox.

Data only. `$DIR`, `$VOLUME`, `$NETWORK`, `$PYTHON` stand for a directory of this host, an unused volume name, an
existing network, and an image other than the default one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.contract.workbench import Fragment


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a shell in the sandbox prints."""

    script: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """A limit of `kernel.Limits`."""

    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A word of `EngineUnderTest.setting`: what no process can see."""

    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`before` becomes `after`: `seen` is first `values[0]`, then `values[1]`. `metadata` in a fragment is the spec's."""

    field: str
    before: Fragment
    after: Fragment
    seen: Inside | Kernel | Setting
    values: tuple[Any, Any]
    effect: Literal["live", "replace"] = "replace"
    base: Fragment | None = None
    engine: str | None = None  # the only one that it is for
    of_a_container: bool = False  # a pod shows it elsewhere, or has another value: KUBERNETES

    def is_for(self, engine: str) -> bool:
        """Whether an engine has this case."""
        return self.engine in (None, engine) and not (self.of_a_container and engine == "kubernetes")

    @property
    def title(self) -> str:
        """For the test's name."""
        return f"{self.field}:{_short(self.before)}->{_short(self.after)}"


def _short(fragment: Fragment) -> str:
    return "-".join(str(value) for value in _leaves(fragment))[:30].replace("/", "_") or "unset"


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in _leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _leaves(each)]
    return [value]


def _status(line: str) -> Inside:
    """One line of a sandbox process's own /proc status."""
    return Inside(script=f"sed -n 's/^{line}:[[:space:]]*//p' /proc/self/status")


def _mounted(target: str) -> Inside:
    """The options of the mount on `target`."""
    return Inside(script=f"awk '$2 == \"{target}\" {{ print $4 }}' /proc/mounts")


def _has(target: str, option: str) -> Inside:
    script = f"awk '$2 == \"{target}\" {{ print $4 }}' /proc/mounts | tr , '\\n' | grep -cx {option} || true"
    return Inside(script=script)


def _size(target: str) -> Inside:
    return Inside(script=f"df -k {target} | awk 'END {{ print $2 }}'")


# In a pod the first process is not always the sandbox's.
_MAIN = 'p=1; test "$(cat /proc/1/comm)" != pause || p=$(ls /proc | grep -x "[0-9]*" | sort -n | sed -n 2p); '
_COMMAND = Inside(script=_MAIN + "tr '\\0' ' ' </proc/$p/cmdline | sed 's/.*-- //; s/ $//'")
_INTERFACES = Inside(script="ls /sys/class/net | grep -v lo | wc -l")

PROCESS = (
    Case(
        field="image",
        before={},
        after={"image": "$PYTHON"},
        seen=Inside(script="command -v python >/dev/null && echo python || echo none"),
        values=("none", "python"),
    ),
    Case(
        field="image.platform",
        before={"image": {"ref": "$BUSYBOX"}},
        after={"image": {"ref": "$BUSYBOX", "platform": "linux/amd64"}},
        seen=Inside(script="uname -m"),
        values=("x86_64", "x86_64"),
    ),
    Case(
        field="run",
        before={},
        after={"run": "image", "tty": True, "stdin": True},
        seen=Setting(word="command"),
        values=(["infinity"], ["sh"]),
        of_a_container=True,
    ),
    Case(
        field="command",
        before={"command": ["sleep", "1001"]},
        after={"command": ["sleep", "1002"]},
        seen=_COMMAND,
        values=("sleep 1001", "sleep 1002"),
    ),
    Case(
        field="args",
        before={"command": ["sleep"], "args": ["1001"]},
        after={"command": ["sleep"], "args": ["1002"]},
        seen=_COMMAND,
        values=("sleep 1001", "sleep 1002"),
    ),
    Case(
        field="workdir",
        before={},
        after={"workdir": "/else/where"},
        seen=Inside(script="touch here && echo $PWD $HOME"),
        values=("/workspace /workspace", "/else/where /else/where"),
    ),
    Case(
        field="tty",
        before={},
        after={"tty": True},
        seen=Inside(script=_MAIN + "readlink /proc/$p/fd/1 | cut -c1-5"),
        values=("pipe:", "/dev/"),
    ),
    Case(
        field="stdin",
        before={},
        after={"stdin": True},
        seen=Inside(script=_MAIN + "readlink /proc/$p/fd/0 | cut -c1-5"),
        values=("/dev/", "pipe:"),
    ),
    Case(
        field="env",
        before={"env": {"WORD": "one"}},
        after={"env": {"WORD": "two"}},
        seen=Inside(script="echo $WORD"),
        values=("one", "two"),
    ),
    Case(
        field="env",
        before={"env": {"WORD": "one"}},
        after={},
        seen=Inside(script="echo ${WORD-unset}"),
        values=("one", "unset"),
    ),
    Case(
        field="env",
        before={"env": {"PATH": "/bin:/sbin"}},
        after={},
        seen=Inside(script="echo $PATH"),
        values=("/bin:/sbin", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
    ),
)

RESOURCES = (
    Case(
        field="resources.cpu",
        before={},
        after={"resources": {"cpu": "250m"}},
        seen=Kernel(limit="cpu"),
        values=(1000, 250),
        effect="live",
    ),
    Case(
        field="resources.memory",
        before={},
        after={"resources": {"memory": "64Mi"}},
        seen=Kernel(limit="memory"),
        values=(512 * 2**20, 64 * 2**20),
        effect="live",
    ),
    Case(
        field="resources.memory",
        before={},
        after={"resources": {"memory": "1Gi"}},
        seen=Kernel(limit="memory"),
        values=(512 * 2**20, 2**30),
        effect="live",
    ),
    Case(
        field="resources.swap",
        before={},
        after={"resources": {"swap": "32Mi"}},
        seen=Kernel(limit="swap"),
        values=(0, 32 * 2**20),
        effect="live",
    ),
    Case(
        field="resources.swap",
        before={"resources": {"swap": "32Mi"}},
        after={},
        seen=Kernel(limit="swap"),
        values=(32 * 2**20, 0),
        effect="live",
    ),
    Case(
        field="resources.pids",
        before={},
        after={"resources": {"pids": 33}},
        seen=Kernel(limit="pids"),
        values=(256, 33),
        effect="live",
    ),
    Case(
        field="resources.cpuset",
        before={"resources": {"cpuset": "0"}},
        after={"resources": {"cpuset": "1"}},
        seen=Kernel(limit="cpuset"),
        values=("0", "1"),
        effect="live",
    ),
    Case(
        field="resources.cpuset",
        before={"resources": {"cpuset": "0"}},
        after={},
        seen=_status("Cpus_allowed_list"),
        values=("0", "0-1"),
    ),
    Case(
        field="resources.cpuShares",
        before={"resources": {"cpuShares": 512}},
        after={"resources": {"cpuShares": 256}},
        seen=Kernel(limit="shares"),
        values=(512, 256),
        effect="live",
    ),
    Case(
        field="resources.cpuShares",
        before={"resources": {"cpuShares": 512}},
        after={},
        seen=Kernel(limit="shares"),
        values=(512, 1024),
    ),
    Case(
        field="resources.requests.cpu",
        before={"resources": {"requests": {"cpu": "500m"}}},
        after={"resources": {"requests": {"cpu": "250m"}}},
        seen=Kernel(limit="shares"),
        values=(512, 256),
        effect="live",
    ),
    Case(
        field="resources.requests.memory",
        before={"resources": {"requests": {"memory": "64Mi"}}},
        after={"resources": {"requests": {"memory": "32Mi"}}},
        seen=Kernel(limit="reservation"),
        values=(64 * 2**20, 32 * 2**20),
        of_a_container=True,
    ),
    Case(
        field="resources.shm",
        before={},
        after={"resources": {"shm": "8Mi"}},
        seen=_size("/dev/shm"),
        values=("65536", "8192"),
    ),
    Case(
        field="resources.scratch",
        before={},
        after={"resources": {"scratch": "16Mi"}},
        seen=_size("/workspace"),
        values=("262144", "16384"),
    ),
    Case(
        field="resources.ulimits",
        before={},
        after={"resources": {"ulimits": {"nofile": {"soft": 100, "hard": 200}}}},
        # Of the process itself: runc before 1.2 raises the soft limit of an exec to the hard one.
        seen=Inside(script="awk '/^Max open files/ { print $4, $5 }' /proc/1/limits"),
        values=("1024 1024", "100 200"),
    ),
    Case(
        field="resources.ulimits",
        before={"resources": {"ulimits": {"stack": 4096000}}},
        after={"resources": {"ulimits": {"stack": 2048000}}},
        seen=Inside(script="ulimit -s"),
        values=("4000", "2000"),
    ),
)

LIFECYCLE = (
    Case(
        field="lifecycle.ttl",
        before={},
        after={"lifecycle": {"ttl": "1h"}},
        seen=_COMMAND,
        values=("sleep infinity", "sleep 3600"),
    ),
    Case(
        field="lifecycle.stopGrace",
        before={},
        after={"lifecycle": {"stopGrace": "1s"}},
        seen=Setting(word="stop-grace"),
        values=(5, 1),
    ),
    Case(
        field="lifecycle.stopSignal",
        before={},
        after={"lifecycle": {"stopSignal": "SIGINT"}},
        seen=Setting(word="stop-signal"),
        values=("SIGTERM", "SIGINT"),
    ),
    Case(
        field="lifecycle.init",
        before={},
        after={"lifecycle": {"init": False}},
        seen=Inside(script="cat /proc/1/comm | grep -cE 'init|pause' || true"),
        values=("1", "0"),
    ),
    Case(
        field="lifecycle.restart",
        before={"command": ["sleep", "1001"]},
        after={"command": ["sleep", "1001"], "lifecycle": {"restart": "always"}},
        seen=Setting(word="restart"),
        values=({"Name": "no", "MaximumRetryCount": 0}, {"Name": "always", "MaximumRetryCount": 0}),
        effect="live",
    ),
    Case(
        field="lifecycle.restart.max",
        before={"command": ["sleep", "1001"], "lifecycle": {"restart": {"policy": "on-failure", "max": 2}}},
        after={"command": ["sleep", "1001"], "lifecycle": {"restart": {"policy": "on-failure", "max": 4}}},
        seen=Setting(word="restart"),
        values=({"Name": "on-failure", "MaximumRetryCount": 2}, {"Name": "on-failure", "MaximumRetryCount": 4}),
        effect="live",
    ),
    Case(
        field="lifecycle.autoRemove",
        before={},
        after={"lifecycle": {"autoRemove": True}},
        seen=Setting(word="auto-remove"),
        values=(False, True),
    ),
    Case(
        field="health",
        before={"health": {"command": ["true"], "interval": "1s"}},
        after={"health": {"command": ["test", "-d", "/tmp"], "interval": "1s"}},
        seen=Setting(word="health-command"),
        values=(["CMD", "true"], ["CMD", "test", "-d", "/tmp"]),
    ),
    Case(
        field="health",
        before={"health": {"command": ["true"], "interval": "1s"}},
        after={},
        seen=Setting(word="health-command"),
        values=(["CMD", "true"], ["NONE"]),
    ),
    Case(
        field="docker.logging",
        before={},
        after={"docker": {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}}},
        seen=Setting(word="logging"),
        values=(
            {"Type": "json-file", "Config": {"max-file": "1", "max-size": "10m"}},
            {"Type": "json-file", "Config": {"max-size": "1m"}},
        ),
    ),
    Case(
        field="docker.options",
        before={"docker": {"options": {"oom_score_adj": 100}}, "security": {"allow": ["raw-options"]}},
        after={"docker": {"options": {"oom_score_adj": 200}}, "security": {"allow": ["raw-options"]}},
        seen=Inside(script="cat /proc/self/oom_score_adj"),
        values=("100", "200"),
    ),
    Case(
        field="podman.options",
        before={"podman": {"options": {"oom_score_adj": 100}}, "security": {"allow": ["raw-options"]}},
        after={"podman": {"options": {"oom_score_adj": 200}}, "security": {"allow": ["raw-options"]}},
        seen=Inside(script="cat /proc/self/oom_score_adj"),
        values=("100", "200"),
    ),
    Case(
        field="podman.logging",
        before={},
        after={"podman": {"logging": {"driver": "none"}}},
        seen=Setting(word="logging"),
        values=("k8s-file 10.49MB", "none 0B"),
    ),
    Case(
        field="metadata.labels",
        before={"metadata": {"labels": {"team": "one"}}},
        after={"metadata": {"labels": {"team": "two"}}},
        seen=Setting(word="label team"),
        values=("one", "two"),
        effect="live",
    ),
    Case(
        field="metadata.labels",
        before={"metadata": {"labels": {"team": "one"}}},
        after={},
        seen=Setting(word="label team"),
        values=("one", None),
        effect="live",
    ),
    Case(
        field="metadata.annotations",
        before={"metadata": {"annotations": {"owner": "one"}}},
        after={"metadata": {"annotations": {"owner": "two"}}},
        seen=Setting(word="annotation owner"),
        values=("one", "two"),
        effect="live",
    ),
)

NETWORK = (
    Case(
        field="network.mode",
        before={},
        after={"network": "bridge"},
        seen=_INTERFACES,
        values=("0", "1"),
        of_a_container=True,
    ),
    Case(
        field="network.name",
        before={"network": "bridge"},
        after={"network": {"name": "$NETWORK"}},
        seen=Inside(script="ip route | grep -c '^default'"),
        values=("1", "1"),
    ),
    Case(
        field="network.mode/host",
        before={},
        after={"network": "host", "security": {"allow": ["host-network"]}},
        seen=Inside(script="readlink /proc/self/ns/net | grep -cxF $HOST_NETWORK || true"),
        values=("0", "1"),
        base={"env": {"HOST_NETWORK": "$HOST_NETWORK"}},
        of_a_container=True,
    ),
    Case(
        field="network.ports",
        before={"network": {"mode": "bridge", "ports": ["127.0.0.1:0:80"]}},
        after={"network": {"mode": "bridge", "ports": ["127.0.0.1:0:81/udp"]}},
        seen=Setting(word="published"),
        values=(["127.0.0.1 80/tcp"], ["127.0.0.1 81/udp"]),
        of_a_container=True,
    ),
    Case(
        field="network.ports",
        before={"network": {"mode": "bridge", "ports": ["127.0.0.1:0:80"]}},
        after={"network": {"mode": "bridge", "ports": ["127.0.0.2:0:80"]}},
        seen=Setting(word="published"),
        values=(["127.0.0.1 80/tcp"], ["127.0.0.2 80/tcp"]),
        of_a_container=True,
    ),
    Case(
        field="network.ports",
        before={"network": {"mode": "bridge", "ports": ["127.0.0.1:0:80"]}},
        after={"network": "bridge"},
        seen=Setting(word="published"),
        values=(["127.0.0.1 80/tcp"], []),
        of_a_container=True,
    ),
    Case(
        field="network.dns",
        before={"network": {"mode": "bridge", "dns": {"servers": ["192.0.2.1"]}}},
        after={"network": {"mode": "bridge", "dns": {"servers": ["192.0.2.2"]}}},
        seen=Inside(script="sed -n 's/^nameserver //p' /etc/resolv.conf"),
        values=("192.0.2.1", "192.0.2.2"),
    ),
    Case(
        field="network.dns",
        before={"network": {"mode": "bridge", "dns": {"search": ["a.test"], "options": ["ndots:2"]}}},
        after={"network": {"mode": "bridge", "dns": {"search": ["b.test"], "options": ["ndots:2"]}}},
        seen=Inside(script="sed -n 's/^search //p; s/^options //p' /etc/resolv.conf | tr '\\n' ' '"),
        values=("a.test ndots:2 ", "b.test ndots:2 "),
        of_a_container=True,
    ),
    Case(
        field="network.hosts",
        before={"network": {"mode": "bridge", "hosts": {"db": "192.0.2.1"}}},
        after={"network": {"mode": "bridge", "hosts": {"db": "2001:db8::1"}}},
        seen=Inside(script="awk '$2 == \"db\" { print $1 }' /etc/hosts"),
        values=("192.0.2.1", "2001:db8::1"),
    ),
    Case(
        field="network.hostname",
        before={"network": {"hostname": "one"}},
        after={"network": {"hostname": "two"}},
        seen=Inside(script="hostname"),
        values=("one", "two"),
    ),
)

MOUNTS = (
    Case(
        field="mounts.bind",
        before={},
        after={"mounts": [{"type": "bind", "source": "$DIR", "target": "/data"}]},
        seen=Inside(script="cat /data/file 2>/dev/null; touch /data/x 2>/dev/null && echo written; true"),
        values=("", "of the host"),
    ),
    Case(
        field="mounts.bind.readOnly",
        before={"mounts": [{"type": "bind", "source": "$DIR", "target": "/data"}]},
        after={"mounts": [{"type": "bind", "source": "$DIR", "target": "/data", "readOnly": False}]},
        seen=Inside(script="touch /data/x 2>/dev/null && echo writable || echo read-only"),
        values=("read-only", "writable"),
    ),
    Case(
        field="mounts.bind.propagation",
        before={"mounts": [{"type": "bind", "source": "$DIR", "target": "/data"}]},
        after={"mounts": [{"type": "bind", "source": "$DIR", "target": "/data", "propagation": "private"}]},
        seen=_has("/data", "ro"),
        values=("1", "1"),
    ),
    Case(
        field="mounts.volume",
        before={"mounts": [{"type": "volume", "source": "$VOLUME-a", "target": "/data"}]},
        after={"mounts": [{"type": "volume", "source": "$VOLUME-b", "target": "/data"}]},
        seen=Inside(script="test -e /data/mark && echo seen || { touch /data/mark; echo fresh; }"),
        values=("fresh", "fresh"),
    ),
    Case(
        field="mounts.volume.readOnly",
        before={"mounts": [{"type": "volume", "source": "$VOLUME", "target": "/data"}]},
        after={"mounts": [{"type": "volume", "source": "$VOLUME", "target": "/data", "readOnly": True}]},
        seen=Inside(script="touch /data/x 2>/dev/null && echo writable || echo read-only"),
        values=("writable", "read-only"),
    ),
    Case(
        field="mounts.tmpfs.size",
        before={"mounts": [{"type": "tmpfs", "target": "/scratch", "size": "1Mi"}]},
        after={"mounts": [{"type": "tmpfs", "target": "/scratch", "size": "2Mi"}]},
        seen=_size("/scratch"),
        values=("1024", "2048"),
    ),
    Case(
        field="mounts.tmpfs.exec",
        before={"mounts": [{"type": "tmpfs", "target": "/scratch"}]},
        after={"mounts": [{"type": "tmpfs", "target": "/scratch", "exec": True}]},
        seen=Inside(script="cp /bin/busybox /scratch/true && { /scratch/true 2>/dev/null && echo yes || echo no; }"),
        values=("no", "yes"),
    ),
    Case(
        field="mounts.tmpfs.mode",
        before={"mounts": [{"type": "tmpfs", "target": "/scratch"}]},
        after={"mounts": [{"type": "tmpfs", "target": "/scratch", "mode": "0750"}]},
        seen=Inside(script="stat -c '%a %u:%g' /scratch"),
        values=("700 10001:10001", "750 10001:10001"),
    ),
    Case(
        field="mounts.tmpfs",
        before={"mounts": [{"type": "tmpfs", "target": "/scratch"}]},
        after={},
        seen=Inside(script="test -d /scratch && grep -c ' /scratch ' /proc/mounts || echo 0"),
        values=("1", "0"),
    ),
)

SECURITY = (
    Case(
        field="security.user",
        before={},
        after={"security": {"user": 12345, "group": 10001}},
        seen=Inside(script="touch /tmp/x && echo $(id -u):$(id -g)"),
        values=("10001:10001", "12345:10001"),
    ),
    Case(
        field="security.group",
        before={},
        after={"security": {"group": 12345}},
        seen=Inside(script="touch /tmp/x && echo $(id -u):$(id -g)"),
        values=("10001:10001", "10001:12345"),
    ),
    Case(
        field="security.groups",
        before={"security": {"groups": [7, 8]}},
        after={"security": {"groups": [8, 9]}},
        seen=Inside(script="id -G"),
        values=("10001 7 8", "10001 8 9"),
    ),
    Case(
        field="security.fsGroup",
        before={},
        after={"security": {"group": 12345, "fsGroup": 12345}},
        seen=Inside(script="stat -c %g /workspace"),
        values=("10001", "12345"),
    ),
    Case(
        field="security.fsGroup/apart",
        before={},
        after={"security": {"fsGroup": 2000}},
        seen=Inside(script="echo $(stat -c %g /workspace) $(id -G)"),
        values=("10001 10001", "2000 10001 2000"),
    ),
    Case(
        field="security.readOnlyRoot",
        before={},
        after={"security": {"readOnlyRoot": False, "allow": ["writable-root"]}},
        seen=_has("/", "ro"),
        values=("1", "0"),
    ),
    Case(
        field="security.capabilities.add",
        before={},
        after={"security": {"capabilities": {"add": ["NET_ADMIN"]}, "allow": ["capability:NET_ADMIN"]}},
        seen=_status("CapBnd"),
        values=("0000000000000000", "0000000000001000"),
    ),
    Case(
        field="security.capabilities.drop",
        before={"security": {"capabilities": {"drop": []}, "allow": ["default-capabilities"]}},
        after={"security": {"capabilities": {"drop": ["NET_RAW"]}, "allow": ["default-capabilities"]}},
        seen=_status("CapBnd"),
        values=("00000000a80425fb", "00000000a80405fb"),
    ),
    Case(
        field="security.noNewPrivileges",
        before={},
        after={"security": {"noNewPrivileges": False, "allow": ["new-privileges"]}},
        seen=_status("NoNewPrivs"),
        values=("1", "0"),
    ),
    Case(
        field="security.seccomp",
        before={},
        after={"security": {"seccomp": "unconfined", "allow": ["seccomp-unconfined"]}},
        seen=_status("Seccomp"),
        values=("2", "0"),
    ),
    Case(
        field="security.seccomp.file",
        before={},
        after={"security": {"seccomp": {"file": "no-mkdir.json"}}},
        seen=Inside(script="mkdir /tmp/x 2>/dev/null && echo allowed || echo refused"),
        values=("allowed", "refused"),
    ),
    Case(
        field="security.devices",
        before={},
        after={"security": {"devices": [{"source": "/dev/kmsg"}], "allow": ["device:/dev/kmsg"]}},
        seen=Inside(script="ls /dev/kmsg 2>/dev/null || echo none"),
        values=("none", "/dev/kmsg"),
    ),
    Case(
        field="security.sysctls",
        before={},
        after={"security": {"sysctls": {"net.core.somaxconn": "77"}, "allow": ["sysctl:net.core.somaxconn"]}},
        seen=Inside(script="cat /proc/sys/net/core/somaxconn"),
        values=("4096", "77"),
    ),
)

KUBERNETES = (
    Case(
        field="run",
        before={},
        after={"run": "image", "tty": True, "stdin": True},
        seen=Setting(word="command"),
        values=(["infinity"], None),
        engine="kubernetes",
    ),
    Case(
        field="resources.requests.memory",
        before={"resources": {"requests": {"memory": "64Mi"}}},
        after={"resources": {"requests": {"memory": "32Mi"}}},
        seen=Setting(word="requests"),
        values=({"cpu": "10m", "memory": "64Mi"}, {"cpu": "10m", "memory": "32Mi"}),
        effect="live",
        engine="kubernetes",
    ),
    Case(
        field="resources.disk",
        before={},
        after={"resources": {"disk": "64Mi"}},
        seen=Setting(word="disk"),
        values=(None, "64Mi"),
        engine="kubernetes",
    ),
    Case(
        field="network.mode",
        before={},
        after={"network": "bridge"},
        seen=Setting(word="is-on-a-network"),
        values=(False, True),
        engine="kubernetes",
    ),
    Case(
        field="network.mode/host",
        before={},
        after={"network": "host", "security": {"allow": ["host-network"]}},
        seen=Inside(script="hostname | grep -cv ^c- || true"),
        values=("0", "1"),
        engine="kubernetes",
    ),
    Case(
        field="network.dns",  # without servers the cluster's own search goes before
        before={"network": {"mode": "bridge", "dns": {"servers": ["192.0.2.1"], "search": ["a.test"]}}},
        after={"network": {"mode": "bridge", "dns": {"servers": ["192.0.2.1"], "options": ["ndots:2"]}}},
        seen=Inside(script="sed -n 's/^search //p; s/^options //p' /etc/resolv.conf | tr '\\n' ' '"),
        values=("a.test ", "ndots:2 "),
        engine="kubernetes",
    ),
    Case(
        field="network.ports",
        before={"network": {"mode": "bridge", "ports": ["8080:80"]}},
        after={"network": {"mode": "bridge", "ports": ["8081:80"]}},
        seen=Setting(word="published"),
        values=(["8080/tcp"], ["8081/tcp"]),
        engine="kubernetes",
    ),
    Case(
        field="security.sysctls",
        before={},
        after={
            "security": {
                "sysctls": {"net.ipv4.ip_unprivileged_port_start": "77"},
                "allow": ["sysctl:net.ipv4.ip_unprivileged_port_start"],
            }
        },
        seen=Inside(script="cat /proc/sys/net/ipv4/ip_unprivileged_port_start"),
        values=("1024", "77"),
        engine="kubernetes",
    ),
)
"""Where a pod shows it elsewhere, or has another value than a container; the others are left out there: `held`."""

CASES = (*PROCESS, *RESOURCES, *LIFECYCLE, *NETWORK, *MOUNTS, *SECURITY, *KUBERNETES)
