"""Podman's answers in the spec's own words: what 4.3.1 really said, and what 5.x says otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.backends.base import Engine, Json, Key
from sandboxctl.backends.podman import inspection, native
from sandboxctl.dataclass import replace
from sandboxctl.fields import within
from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds
from sandboxctl.spec import (
    BackendSection,
    BindMount,
    Capabilities,
    Device,
    Dns,
    Image,
    KeyReference,
    Lifecycle,
    Network,
    Port,
    Requests,
    Resources,
    Restart,
    Sandbox,
    Seccomp,
    Security,
    TmpfsMount,
    Ulimit,
)

SAMPLES = Path(__file__).parent / "podman_samples"
IMAGE = Image(ref="localhost/sandboxctl-test/busybox:1")
PLAIN = Sandbox(name="host", image=IMAGE)
BASELINE = Security(
    profile="baseline", user=None, group=None, fs_group=None, read_only_root=False, capabilities=Capabilities(drop=())
)
EVERYTHING = Sandbox(
    name="everything",
    image=IMAGE,
    labels={"a": "b"},
    annotations={"c": "d"},
    resources=Resources(
        cpu=MilliCpu(500),
        memory=Bytes(100_000_000),
        swap=Bytes(50_000_000),
        pids=17,
        shm=Bytes(8_000_000),
        cpuset="0",
        requests=Requests(cpu=MilliCpu(250), memory=Bytes(50 * 2**20)),
        ulimits={"nofile": Ulimit(soft=100, hard=200), "nproc": Ulimit(soft=50, hard=60)},
    ),
    network=Network(
        mode="bridge",
        hostname="elsewhere",
        ports=(Port(container=80, host=0), Port(container=81, host=18081, protocol="udp")),
        dns=Dns(servers=("9.9.9.9",), search=("a.b",), options=("ndots:2",)),
        hosts={"x": "1.2.3.4"},
    ),
    lifecycle=Lifecycle(init=False, stop_signal="SIGRTMIN+3", stop_grace=Milliseconds(7000)),
    security=Security(
        groups=(7, 8),
        capabilities=Capabilities(add=("NET_ADMIN",)),
        seccomp=Seccomp(kind="unconfined"),
        no_new_privileges=False,
        devices=(Device(source="/dev/kmsg", target="/dev/k", permissions="r"),),
        sysctls={"net.core.somaxconn": "77"},
    ),
    mounts=(
        TmpfsMount(target="/scratch", size=Bytes(1_000_000), exec=True, mode="0750"),
        BindMount(target="/data", source="/usr"),
    ),
)


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}-4.3.json").read_text())


def default_capabilities() -> tuple[str, ...]:
    return native.engine(sample("info"), "").default_capabilities


def differences(sandbox: Sandbox, inspected: Any) -> dict[Key, tuple[Json, Json]]:
    """Wanted and live, of every field that inspect can show and that differs; what the image adds is left out."""
    wanted = native.wanted(sandbox, default_capabilities()).fields
    live = native.read(inspected).fields
    compared = {key for key in wanted if not any(within(key, prefix) for prefix in native.HIDDEN)}
    compared |= {key for key in live if key[0] not in ("env", "annotations", "command", "args", "workdir")}
    compared -= {("security", "runtime"), ("labels",)}
    return {key: (wanted.get(key), live.get(key)) for key in compared if wanted.get(key) != live.get(key)}


@pytest.mark.parametrize(
    ("name", "sandbox"),
    [
        ("host", replace(PLAIN, network=Network(mode="host"))),
        ("baseline", Sandbox(name="baseline", image=IMAGE, security=BASELINE, network=Network(mode="bridge"))),
    ],
)
def test_what_was_rendered_is_read_back_without_a_difference(name: str, sandbox: Sandbox) -> None:
    assert differences(sandbox, sample(name)) == {}


def test_of_everything_only_the_chosen_port_differs_where_the_labels_do_not_say_that_any_would_do() -> None:
    ((key, (wanted, live)),) = differences(EVERYTHING, sample("everything")).items()
    assert key == ("network", "ports")
    assert isinstance(wanted, list)
    assert isinstance(live, list)
    assert wanted[1:] == live[1:]
    assert isinstance(live[0], dict)
    assert live[0] | {"host": 0} == wanted[0]


VERSION_5: list[tuple[str, list[tuple[str, str, Any]]]] = [
    ("entrypoint", [("Config", "Entrypoint", ["sleep"])]),
    ("stop signal", [("Config", "StopSignal", "SIGRTMIN+3")]),
    ("ipc", [("HostConfig", "IpcMode", "private")]),
    ("restart", [("HostConfig", "RestartPolicy", {"Name": "no", "MaximumRetryCount": 0})]),
    ("logs", [("HostConfig", "LogConfig", {"Type": "k8s-file", "Size": "10.49MB"})]),
]


@pytest.mark.parametrize(("what", "changed"), VERSION_5, ids=[what for what, _ in VERSION_5])
def test_what_5_shows_in_another_form_is_the_same(what: str, changed: list[tuple[str, str, Any]]) -> None:
    inspected = sample("everything")
    before = native.read(inspected).fields
    for section, name, value in changed:
        inspected[section][name] = value
    assert native.read(inspected).fields == before


@pytest.mark.parametrize(
    ("section", "name", "value", "key"),
    [
        ("HostConfig", "Privileged", True, ("security", "privileged")),
        ("HostConfig", "PidMode", "host", ("podman", "PidMode")),
        ("HostConfig", "UTSMode", "host", ("podman", "UTSMode")),
        ("HostConfig", "CgroupMode", "host", ("podman", "CgroupMode")),
        ("HostConfig", "UsernsMode", "private", ("security", "userNamespace")),
        ("HostConfig", "ReadonlyRootfs", False, ("security", "readOnlyRoot")),
        ("HostConfig", "PidsLimit", -1, ("resources", "pids")),
        ("HostConfig", "MemorySwap", -1, ("resources", "swap")),
        ("HostConfig", "CpuQuota", 0, ("resources", "cpu")),
        ("Config", "Timeout", 9, ("lifecycle", "ttl")),
        ("Config", "User", "0:0", ("security", "user")),
        ("HostConfig", "GroupAdd", ["docker", "27"], ("security", "groups")),
    ],
)
def test_what_was_changed_by_hand_is_a_difference(section: str, name: str, value: Any, key: Key) -> None:
    inspected = sample("host")
    inspected[section][name] = value
    assert key in differences(replace(PLAIN, network=Network(mode="host")), inspected)


def test_a_capability_that_4_3_shows_as_added_by_nobody_is_seen_in_the_bounding_set() -> None:
    inspected = sample("host")
    inspected["BoundingCaps"] = ["CAP_CHOWN"]  # CapAdd stays [] for one of the default set
    found = differences(replace(PLAIN, network=Network(mode="host")), inspected)
    assert found == {("security", "capabilities", "bounding"): ([], ["CHOWN"])}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rw,nosuid,nodev,noexec,size=67108864,mode=0700,uid=1,gid=2,rprivate",
         {"type": "tmpfs", "exec": False, "size": 67108864, "mode": "0700", "owner": "1:2"}),
        ("size=64m,mode=700,U,rw,rprivate,nosuid,nodev",
         {"type": "tmpfs", "exec": True, "size": 67108864, "mode": "0700", "owner": "10001:5"}),
        ("nodev,size=1k,suid", {"type": "tmpfs", "exec": True, "size": 1024, "suid": True}),
        ("rw", {"type": "tmpfs", "exec": True}),
    ],
)  # fmt: skip
def test_the_options_of_a_tmpfs_are_a_set(text: str, found: dict[str, Json]) -> None:
    assert inspection.read_tmpfs(text, user="10001:5") == found


def test_a_tmpfs_on_shm_is_the_size_of_shm_and_any_weakness_of_it_is_a_difference() -> None:
    sandbox = replace(PLAIN, network=Network(mode="host"))
    inspected = sample("host")
    assert native.read(inspected).fields["resources", "shm"] == 64 * 2**20
    inspected["HostConfig"]["Tmpfs"]["/dev/shm"] = "rw,nosuid,nodev,size=1m"
    assert differences(sandbox, inspected) == {
        ("resources", "shm"): (64 * 2**20, 2**20),
        ("mounts", "/dev/shm", "exec"): (None, True),
    }


@pytest.mark.parametrize(
    ("shown", "name"),
    [(15, "SIGTERM"), ("15", "SIGTERM"), ("SIGTERM", "SIGTERM"), (37, "SIGRTMIN+3"), ("SIGRTMIN+3", "SIGRTMIN+3"),
     (64, "SIGRTMAX"), ("nonsense", "nonsense"), (200, "200")],
)  # fmt: skip
def test_a_stop_signal_has_one_name(shown: int | str, name: str) -> None:
    assert inspection.signal_name(shown) == name


def test_an_entrypoint_with_a_space_in_a_word_is_compared_as_4_3_shows_it_and_hashed_as_it_is() -> None:
    sandbox = replace(PLAIN, run=None, command=("sh", "-c", "sleep 1"))
    wanted = native.wanted(sandbox, ()).fields
    assert wanted["command",] == ["sh", "-c", "sleep", "1"] == inspection.shown_entrypoint("sh -c sleep 1")
    assert wanted["podman", "entrypoint"] == ["sh", "-c", "sleep 1"]
    assert any(within(("podman", "entrypoint"), prefix) for prefix in native.HIDDEN)


def test_what_inspect_cannot_show_goes_where_the_hash_covers_it() -> None:
    security = Security(
        user_namespace="auto", seccomp=Seccomp(kind="unconfined"), devices=(Device(source="/dev/a", target="/dev/b"),)
    )
    sandbox = replace(PLAIN, security=security, env={"TOKEN": KeyReference(kind="secret", name="s", key="k")})
    wanted = native.wanted(sandbox, ())
    hidden = {key for key in wanted.fields if any(within(key, prefix) for prefix in native.HIDDEN)}
    assert {
        ("podman", "userNamespace"),
        ("podman", "secretEnv", "TOKEN"),
        ("security", "seccomp"),
        ("security", "devices", "/dev/b", "permissions"),
    } <= hidden
    assert wanted.fields["security", "userNamespace"] == "private"
    assert wanted.fields["security", "devices", "/dev/b"] == {"source": "/dev/a"}
    assert ("env", "TOKEN") not in wanted.fields
    assert wanted.path(("podman", "secretEnv", "TOKEN")) == ("spec", "env", "TOKEN")


@pytest.mark.parametrize(
    ("capabilities", "bounding"),
    [
        (Capabilities(), []),
        (Capabilities(add=("NET_ADMIN",)), ["NET_ADMIN"]),
        (Capabilities(drop=()), ["CHOWN", "KILL"]),
        (Capabilities(drop=("KILL",), add=("SYS_TIME",)), ["CHOWN", "SYS_TIME"]),
    ],
)
def test_drop_and_add_are_compared_by_what_they_come_to(capabilities: Capabilities, bounding: list[str]) -> None:
    sandbox = replace(PLAIN, security=Security(capabilities=capabilities))
    wanted = native.wanted(sandbox, ("KILL", "CHOWN"))
    key = ("security", "capabilities", "bounding")
    assert (wanted.fields[key], wanted.path(key)) == (bounding, ("spec", "security", "capabilities"))


def test_one_limit_of_processes_is_always_sent() -> None:
    key = ("resources", "ulimits", "nproc")
    many = replace(PLAIN, resources=Resources(pids=9999))
    own = replace(PLAIN, resources=Resources(ulimits={"nproc": Ulimit(soft=1, hard=2)}))
    found = [native.wanted(sandbox, ()).fields[key] for sandbox in (PLAIN, many, own)]
    assert found == [{"soft": 4096, "hard": 4096}, {"soft": 9999, "hard": 9999}, {"soft": 1, "hard": 2}]


def test_the_idle_ttl_is_in_its_sleep_and_another_in_the_engines_timeout() -> None:
    lifecycle = Lifecycle(ttl=Milliseconds(60_000))
    idle = native.wanted(replace(PLAIN, lifecycle=lifecycle), ()).fields
    command = native.wanted(replace(PLAIN, lifecycle=lifecycle, run=None, command=("sleep", "9")), ()).fields
    assert (idle["args",], idle.get(("lifecycle", "ttl"))) == (["60"], None)
    assert command["lifecycle", "ttl"] == 60_000


@pytest.mark.parametrize(
    ("networks", "mode", "attached"),
    [(["podman"], "bridge", None), (["lab"], "lab", None), (["lab", "other"], "lab", ["other"]), ([], "bridge", None)],
)
def test_a_network_is_known_by_what_is_attached(networks: list[str], mode: str, attached: list[str] | None) -> None:
    inspected = sample("baseline")
    inspected["NetworkSettings"]["Networks"] = {name: {} for name in networks}
    found = native.read(inspected).fields
    assert (found["network", "mode"], found.get(("network", "attached"))) == (mode, attached)


def test_a_restart_and_a_driver_of_logs_are_read_as_written() -> None:
    sandbox = replace(
        PLAIN,
        run=None,
        command=("sleep", "9"),
        lifecycle=Lifecycle(restart=Restart(policy="on-failure", max=3)),
        podman=BackendSection(settings={"logging": {"driver": "journald", "options": {"tag": "t"}}}),
    )
    wanted = native.wanted(sandbox, ()).fields
    assert wanted["lifecycle", "restart", "max"] == 3
    assert wanted["podman", "logging", "driver"] == "journald"
    assert ("podman", "logging", "size") not in wanted


@pytest.mark.parametrize(
    ("state", "found"),
    [("configured", "created"), ("initialized", "created"), ("stopped", "exited"), ("stopping", "running"),
     ("running", "running"), ("paused", "paused"), ("unknown", "dead")],
)  # fmt: skip
def test_every_state_of_podmans_is_one_of_ours(state: str, found: str) -> None:
    inspected = sample("host")
    inspected["State"]["Status"] = state
    assert native.status(inspected).state == found


def test_the_facts_of_an_engine() -> None:
    found = native.engine(sample("info"), "unix:///x")
    assert found == Engine(
        backend="podman",
        endpoint="unix:///x",
        version="4.3.1",
        id="host:/var/lib/containers/storage",
        cgroup_version=1,
        controllers=("blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "memory", "pids"),
        security_modules=("seccomp",),
        runtimes=("runc",),
        milli_cpus=2000,
        default_capabilities=(
            "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
            "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
        ),
        added_capabilities_reach_users=True,
        health_on_demand=True,
        shared_pods=True,
        keeps_secrets=True,
        data_root="/var/lib/containers/storage",
        storage="overlay",
        shows_env=True,
    )  # fmt: skip


def test_a_reference_with_tag_and_digest_is_shown_without_its_tag() -> None:
    digest = "sha256:" + "a" * 64
    sandbox = replace(PLAIN, image=Image(ref=f"localhost/x:1@{digest}"))
    assert native.wanted(sandbox, ()).fields["image",] == f"localhost/x@{digest}"
