"""A spec as comparable fields: each where it comes from, and what inspect cannot show under one hash."""

from __future__ import annotations

import pytest

from sandboxctl import fields
from sandboxctl.backends.base import Json, Key
from sandboxctl.dataclass import replace
from sandboxctl.fields import nest, spec_hash, wanted, within
from sandboxctl.quantity import Bytes, Milliseconds
from sandboxctl.spec import (
    BindMount,
    Capabilities,
    Device,
    Image,
    KeyReference,
    Lifecycle,
    Network,
    Port,
    Sandbox,
    Seccomp,
    Secret,
    Security,
    Selinux,
    TmpfsMount,
)

PLAIN = Sandbox(name="box", image=Image(ref="docker.io/library/busybox:1.36"))

DEFAULT: dict[Key, Json] = {
    ("image",): "docker.io/library/busybox:1.36",
    ("run",): "idle",
    ("command",): ["sleep"],
    ("args",): ["infinity"],
    ("workdir",): "/workspace",
    ("tty",): False,
    ("stdin",): False,
    ("env", "HOME"): "/workspace",
    ("resources", "cpu"): 1000,
    ("resources", "memory"): 536870912,
    ("resources", "swap"): 0,
    ("resources", "pids"): 256,
    ("resources", "shm"): 67108864,
    ("resources", "ulimits", "nofile"): {"soft": 1024, "hard": 1024},
    ("resources", "ulimits", "core"): {"soft": 0, "hard": 0},
    ("network", "mode"): "none",
    ("network", "hostname"): "box",
    ("mounts", "/tmp", "type"): "tmpfs",
    ("mounts", "/tmp", "size"): 67108864,
    ("mounts", "/tmp", "exec"): False,
    ("mounts", "/tmp", "mode"): "0700",
    ("mounts", "/tmp", "owner"): "10001:10001",
    ("mounts", "/workspace", "type"): "tmpfs",
    ("mounts", "/workspace", "size"): 268435456,
    ("mounts", "/workspace", "exec"): True,
    ("mounts", "/workspace", "mode"): "0700",
    ("mounts", "/workspace", "owner"): "10001:10001",
    ("security", "user"): 10001,
    ("security", "group"): 10001,
    ("security", "fsGroup"): 10001,
    ("security", "readOnlyRoot"): True,
    ("security", "capabilities", "drop"): ["ALL"],
    ("security", "capabilities", "add"): [],
    ("security", "noNewPrivileges"): True,
    ("security", "seccomp"): "default",
    ("security", "runtime"): "default",
    ("security", "privileged"): False,
    ("lifecycle", "stopGrace"): 5000,
    ("lifecycle", "stopSignal"): "SIGTERM",
    ("lifecycle", "init"): True,
    ("lifecycle", "restart", "policy"): "never",
    ("lifecycle", "autoRemove"): False,
}


def test_the_default_sandbox_field_by_field() -> None:
    assert dict(wanted(PLAIN).fields) == DEFAULT


def test_what_only_sandboxctl_reads_changes_no_field() -> None:
    security = replace(PLAIN.security, profile="baseline", allow=("root-user",))
    other = replace(
        PLAIN,
        project="lab",
        backend="docker",
        image=replace(PLAIN.image, pull="always"),
        security=security,
        lifecycle=replace(PLAIN.lifecycle, replace="start-first"),
    )
    assert wanted(other).fields == wanted(PLAIN).fields


@pytest.mark.parametrize(
    ("key", "path"),
    [
        (("resources", "memory"), ("spec", "resources", "memory")),
        (("command",), ("spec", "run")),
        (("env", "HOME"), ("spec", "workdir")),
        (("network", "mode"), ("spec", "network", "mode")),
        (("mounts", "/workspace", "size"), ("spec", "resources", "scratch")),
        (("mounts", "/tmp", "size"), ("spec", "security", "readOnlyRoot")),
        (("mounts", "/tmp", "owner"), ("spec", "security", "user")),
        (("mounts", "/data", "readOnly"), ("spec", "mounts", 0, "readOnly")),
        (("labels", "team"), ("metadata", "labels", "team")),
        (("labels", "only-live"), ("metadata", "labels", "only-live")),
        (("docker", "PidMode"), ("spec", "docker", "PidMode")),
    ],
    ids=lambda value: ".".join(map(str, value)),
)
def test_each_field_knows_its_place_in_the_spec(key: Key, path: tuple[str | int, ...]) -> None:
    sandbox = replace(PLAIN, labels={"team": "ml"}, mounts=(BindMount(target="/data", source="/srv"),))
    assert wanted(sandbox).path(key) == path


def test_a_lifetime_is_where_an_idle_process_comes_from() -> None:
    sandbox = replace(PLAIN, lifecycle=Lifecycle(ttl=Milliseconds(90_000)))
    found = wanted(sandbox)
    assert (found.fields[("args",)], found.path(("args",))) == (["90"], ("spec", "lifecycle", "ttl"))


def test_a_secret_is_no_field() -> None:
    secret = Secret("tiger", origin="fromEnv: T")
    found = wanted(replace(PLAIN, env={"T": secret, "K": KeyReference(kind="secret", name="s", key="k")}))
    assert found.secrets == {("env", "T"): secret}
    assert ("env", "T") not in found.fields
    assert found.path(("env", "T")) == ("spec", "env", "T")
    assert found.fields["env", "K"] == {"secret": "s", "key": "k"}


def test_ports_are_sorted_and_a_network_goes_by_its_name() -> None:
    ports = (Port(container=80, host=0), Port(container=53, host=1, protocol="udp"), Port(container=53, host=2))
    found = wanted(replace(PLAIN, network=Network(mode="named", name="lab", ports=ports))).fields
    assert found["network", "mode"] == "lab"
    assert [(port["container"], port["protocol"], port["host"]) for port in found["network", "ports"]] == [  # type: ignore[union-attr, index, call-overload]
        (53, "tcp", 2),
        (53, "udp", 1),
        (80, "tcp", 0),
    ]


def test_on_the_hosts_network_there_is_no_hostname() -> None:
    assert ("network", "hostname") not in wanted(replace(PLAIN, network=Network(mode="host"))).fields


def test_the_weakenings_of_security_are_fields() -> None:
    security = Security(
        capabilities=Capabilities(drop=(), add=("CHOWN",)),
        seccomp=Seccomp(kind="file", profile='{"a":1}'),
        selinux=Selinux(type="container_t", level="s0"),
        devices=(Device(source="/dev/kvm", target="/dev/kvm2", permissions="r"),),
        sysctls={"net.core.somaxconn": "7"},
    )
    found = wanted(replace(PLAIN, security=security)).fields
    assert {key: found["security", *key] for key in (("seccomp",), ("selinux",), ("devices", "/dev/kvm2"))} == {
        ("seccomp",): "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
        ("selinux",): {"type": "container_t", "level": "s0"},
        ("devices", "/dev/kvm2"): {"source": "/dev/kvm", "permissions": "r"},
    }


def test_a_prefix_matches_by_parts_and_a_star_any_one() -> None:
    assert within(("mounts", "/data", "selinux"), ("mounts", "*", "selinux"))
    assert within(("resources", "memory"), ("resources",))
    assert not within(("resources",), ("resources", "memory"))
    assert not within(("mounts", "/data", "size"), ("mounts", "*", "selinux"))


HIDDEN = frozenset({("lifecycle", "ttl"), ("mounts", "*", "selinux")})


def test_the_hash_is_of_what_is_hidden_and_of_nothing_else() -> None:
    longer = replace(PLAIN, lifecycle=Lifecycle(ttl=Milliseconds(1000)))
    bigger = replace(PLAIN, resources=replace(PLAIN.resources, memory=Bytes(2**30)))
    assert fields.hidden_part(wanted(longer), HIDDEN) == {"lifecycle.ttl": 1000}
    assert spec_hash(wanted(bigger), HIDDEN) == spec_hash(wanted(PLAIN), HIDDEN)
    assert spec_hash(wanted(longer), HIDDEN) != spec_hash(wanted(PLAIN), HIDDEN)


def test_the_hash_of_a_known_spec_never_changes_within_v1() -> None:
    sandbox = replace(PLAIN, lifecycle=Lifecycle(ttl=Milliseconds(3_600_000)))
    assert spec_hash(wanted(sandbox), HIDDEN) == (
        "v1:sha256:0761ce2bf98a19ca0c1feab003a90fa27eead8b3a7abb029b164e26ddef27209"
    )


def test_the_order_in_which_mounts_are_written_means_nothing() -> None:
    mounts = (TmpfsMount(target="/a"), TmpfsMount(target="/b"))
    one, other = (wanted(replace(PLAIN, mounts=each)) for each in (mounts, mounts[::-1]))
    assert one.fields == other.fields


def test_flat_keys_nest_and_a_value_beside_a_map_keeps_its_place() -> None:
    assert nest({("image",): "x", ("image", "platform"): "p", ("a", "b", "c"): 1}) == {
        "image": {"": "x", "platform": "p"},
        "a": {"b": {"c": 1}},
    }
