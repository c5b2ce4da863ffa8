"""Docker's answers in the spec's own words: what 20.10.24 really said, and what later ones say otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.backends.base import Engine, ImageConfig, Json, Key, Listed, LocalImage
from sandboxctl.backends.docker import native
from sandboxctl.dataclass import replace
from sandboxctl.engine_http import message
from sandboxctl.fields import OURS_ALONE, within
from sandboxctl.quantity import MilliCpu
from sandboxctl.spec import BackendSection, Image, Requests, Resources, Sandbox, Security

SAMPLE = Path(__file__).parent / "docker_samples" / "default-20.10.24.json"
BOX = Sandbox(name="host", image=Image(ref="localhost/sandboxctl-test/busybox:1"), labels={"team": "ml"})


def sample(**changed: dict[str, Any]) -> dict[str, Any]:
    """The default sandbox as 20.10.24 shows it, with parts of its sections changed."""
    whole: dict[str, Any] = json.loads(SAMPLE.read_text())
    for section, values in changed.items():
        whole[section] = values if isinstance(values, list) else {**whole.get(section, {}), **values}
    return whole


def differences(sandbox: Sandbox, inspected: dict[str, Any]) -> dict[Key, tuple[Json, Json]]:
    """What is wanted and what is live, where they are not the same, as the planner sees it."""
    wanted, live = native.wanted(sandbox).fields, native.read(inspected).fields
    keys = {
        key
        for key in wanted.keys() | live.keys()
        if not any(within(key, hidden) for hidden in native.HIDDEN)
        and (key in wanted or not any(within(key, prefix) for prefix in OURS_ALONE))
    }
    return {key: (wanted.get(key), live.get(key)) for key in keys if wanted.get(key) != live.get(key)}


def test_the_default_sandbox_is_read_back_without_a_difference() -> None:
    assert differences(BOX, sample()) == {}


def test_what_is_known_of_it_besides() -> None:
    found = native.read(sample())
    assert (found.name, found.image_id[:14], found.ports) == ("c-sample-x", "sha256:3f94433", ())
    assert (found.status.state, found.status.pid, found.status.started) == ("created", None, None)
    assert found.status.created == pytest.approx(1795587915.668215)


THE_SAME: dict[str, dict[str, Any]] = {
    "restart, before 25": {"HostConfig": {"RestartPolicy": {"Name": "", "MaximumRetryCount": 0}}},
    "masked paths, 28": {"HostConfig": {"MaskedPaths": ["/proc/interrupts", "/proc/acpi"]}},
    "security options with a colon": {"HostConfig": {"SecurityOpt": ["no-new-privileges:true", "seccomp=builtin"]}},
    "security options in other words": {"HostConfig": {"SecurityOpt": ["no-new-privileges=true"]}},
    "quota and period for CPUs": {"HostConfig": {"NanoCpus": 0, "CpuQuota": 50000, "CpuPeriod": 50000}},
    "empty lists for none": {"HostConfig": {"CapAdd": [], "Devices": [], "Links": [], "DeviceRequests": []}},
    "a capability in other letters": {"HostConfig": {"CapDrop": ["all"]}},
    "tmpfs in another order": {
        "HostConfig": {
            "Tmpfs": {
                "/tmp": "size=64m,mode=700,uid=10001,gid=10001,noexec,nodev,nosuid",
                "/workspace": "uid=10001,gid=10001,mode=0700,size=256M,exec",
            }
        }
    },
}


@pytest.mark.parametrize("title", THE_SAME)
def test_the_same_in_other_words_is_no_difference(title: str) -> None:
    assert differences(BOX, sample(**THE_SAME[title])) == {}


WEAKER: list[tuple[dict[str, Any], Key, Json]] = [
    ({"Privileged": True}, ("security", "privileged"), True),
    ({"ReadonlyRootfs": False}, ("security", "readOnlyRoot"), False),
    ({"CapDrop": None}, ("security", "capabilities", "drop"), []),
    ({"CapAdd": ["CAP_SYS_ADMIN", "chown"]}, ("security", "capabilities", "add"), ["CHOWN", "SYS_ADMIN"]),
    ({"SecurityOpt": []}, ("security", "noNewPrivileges"), False),
    ({"SecurityOpt": ["no-new-privileges", "no-new-privileges:false"]}, ("security", "noNewPrivileges"), False),
    ({"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]}, ("security", "seccomp"), "unconfined"),
    ({"SecurityOpt": ["no-new-privileges", "seccomp={}", "seccomp=unconfined"]}, ("security", "seccomp"), "unconfined"),
    ({"SecurityOpt": ["no-new-privileges", "seccomp=/a/path"]}, ("security", "seccomp"), "unknown:/a/path"),
    ({"SecurityOpt": ["no-new-privileges", "apparmor=unconfined"]}, ("security", "apparmor"), "unconfined"),
    ({"SecurityOpt": ["no-new-privileges", "label:disable"]}, ("security", "selinux"), {"disable": True}),
    ({"GroupAdd": ["docker", "100", "27"]}, ("security", "groups"), [27, 100, "docker"]),
    ({"Sysctls": {"kernel.msgmax": "1"}}, ("security", "sysctls", "kernel.msgmax"), "1"),
    ({"UsernsMode": "host"}, ("security", "userNamespace"), "host"),
    ({"PidMode": "host"}, ("docker", "PidMode"), "host"),
    ({"PidMode": "container:x"}, ("docker", "PidMode"), "container:x"),
    ({"IpcMode": "shareable"}, ("docker", "IpcMode"), "shareable"),
    ({"UTSMode": "host"}, ("docker", "UTSMode"), "host"),
    ({"CgroupnsMode": "host"}, ("docker", "CgroupnsMode"), "host"),
    ({"CgroupParent": "/x"}, ("docker", "options", "cgroup_parent"), "/x"),
    ({"OomKillDisable": True}, ("docker", "OomKillDisable"), True),
    ({"OomScoreAdj": -999}, ("docker", "options", "oom_score_adj"), -999),
    ({"DeviceCgroupRules": ["c 1:1 r"]}, ("docker", "DeviceCgroupRules"), ["c 1:1 r"]),
    ({"VolumesFrom": ["x"]}, ("docker", "VolumesFrom"), ["x"]),
    ({"PublishAllPorts": True}, ("docker", "PublishAllPorts"), True),
    ({"MaskedPaths": []}, ("docker", "MaskedPaths"), []),
    ({"ReadonlyPaths": []}, ("docker", "ReadonlyPaths"), []),
    ({"Memory": 0}, ("resources", "memory"), None),
    ({"MemorySwap": -1}, ("resources", "swap"), -1),
    ({"NanoCpus": 0}, ("resources", "cpu"), None),
    ({"NanoCpus": 1_000_000_001}, ("resources", "cpu"), 1001),
    ({"PidsLimit": 0}, ("resources", "pids"), None),
    ({"PidsLimit": None}, ("resources", "pids"), None),
    ({"Ulimits": None}, ("resources", "ulimits", "nofile"), None),
    ({"NetworkMode": "default"}, ("network", "mode"), "bridge"),
    ({"ExtraHosts": ["six:2001:db8::1"]}, ("network", "hosts", "six"), "2001:db8::1"),
    ({"Tmpfs": None}, ("mounts", "/tmp", "type"), None),
    ({"Tmpfs": {"/tmp": "rw,suid"}}, ("mounts", "/tmp", "suid"), True),
    ({"AutoRemove": True}, ("lifecycle", "autoRemove"), True),
    ({"Init": None}, ("lifecycle", "init"), False),
    ({"RestartPolicy": {"Name": "unless-stopped"}}, ("lifecycle", "restart", "policy"), "unless-stopped"),
    ({"LogConfig": {"Type": "none", "Config": {}}}, ("docker", "logging"), {"driver": "none", "options": {}}),
]


@pytest.mark.parametrize(("changed", "key", "value"), WEAKER, ids=lambda value: str(value)[:60])
def test_what_was_done_by_hand_is_a_difference(changed: dict[str, Any], key: Key, value: Json) -> None:
    assert differences(BOX, sample(HostConfig=changed))[key][1] == value


def test_a_mount_by_hand_is_a_difference_in_each_of_its_parts() -> None:
    mount = {"Type": "bind", "Source": "/", "Destination": "/host", "RW": True, "Propagation": "rslave"}
    found = differences(BOX, sample(Mounts=[mount]))
    assert {key[2]: live for key, (_, live) in found.items()} == {
        "type": "bind",
        "source": "/",
        "readOnly": False,
        "propagation": "rslave",
    }


def test_a_network_joined_by_hand_is_a_difference_and_none_left_by_it_is_not_another() -> None:
    networks = sample(NetworkSettings={"Networks": {"bridge": {}}})
    assert differences(BOX, networks) == {("network", "attached"): (None, ["bridge"])}


def test_a_health_check_of_the_images_own_form_is_not_ours() -> None:
    found = native.read(sample(Config={"Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 10**9}})).fields
    assert (found["health", "command"], found["health", "interval"]) == (["CMD-SHELL", "true"], 1000)


def test_the_ports_that_were_chosen_are_told() -> None:
    ports = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "49153"}], "53/udp": None}
    assert native.read(sample(NetworkSettings={"Ports": ports})).ports == ("127.0.0.1:49153->80/tcp",)


def test_annotations_are_labels_and_requests_are_shares_here() -> None:
    box = replace(BOX, annotations={"owner": "me"}, resources=Resources(requests=Requests(cpu=MilliCpu(250))))
    found = native.wanted(box)
    assert found.fields["labels", "owner"] == "me"
    assert found.path(("labels", "owner")) == ("metadata", "annotations", "owner")
    assert found.fields["resources", "cpuShares"] == 256
    assert found.path(("resources", "cpuShares")) == ("spec", "resources", "requests", "cpu")
    assert not {("annotations", "owner"), ("resources", "requests", "cpu")} & found.fields.keys()


def test_what_the_engine_adds_to_a_privileged_one_is_wanted() -> None:
    box = replace(BOX, security=replace(Security(), privileged=True))
    changed = {"Privileged": True, "SecurityOpt": ["no-new-privileges", "label=disable"]}
    assert differences(box, sample(HostConfig=changed)) == {}


def test_a_log_driver_of_the_specs_choice() -> None:
    settings = {"logging": {"driver": "local"}}
    assert native.wanted(replace(BOX, docker=BackendSection(settings=settings))).fields["docker", "logging"] == {
        "driver": "local",
        "options": {},
    }


def test_one_line_of_the_engines_list() -> None:
    entry = {
        "Id": "r",
        "Names": ["/other/alias", "/box"],
        "ImageID": "i",
        "State": "running",
        "Created": 7,
        "Labels": None,
    }
    assert native.listed(entry) == Listed(ref="r", name="box", labels={}, image_id="i", state="running", created=7.0)


def test_an_image_without_a_name_has_none() -> None:
    entry = {"Id": "i", "RepoTags": ["<none>:<none>", "busybox:1"], "RepoDigests": ["<none>@<none>"], "Labels": None}
    assert native.local_image(entry) == LocalImage(id="i", references=("docker.io/library/busybox:1",))


def test_what_an_image_says_of_itself() -> None:
    config = {"User": "7", "Entrypoint": None, "Cmd": ["sh"], "Env": ["A=b=c"], "Volumes": {"/v": {}}}
    assert native.image_config({"Id": "i", "Config": config}) == ImageConfig(
        id="i", user="7", command=("sh",), env={"A": "b=c"}, volumes=("/v",)
    )


def test_what_an_engine_says_of_its_host() -> None:
    info = {
        "ID": "x",
        "ServerVersion": "26.1.5",
        "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=rootless"],
        "CgroupVersion": "2",
        "Runtimes": {"runc": {}, "runsc": {}},
        "NCPU": 4,
    }
    found = native.engine(info)
    assert (found.id, found.version, found.rootless, found.cgroup_version, found.milli_cpus) == (
        "x",
        "26.1.5",
        True,
        2,
        4000,
    )
    assert (found.security_modules, found.runtimes) == (("apparmor", "rootless", "seccomp"), ("runc", "runsc"))
    assert native.engine({}) == Engine(backend="docker", endpoint="", version="", shows_env=True, adds_nothing=True)


@pytest.mark.parametrize(
    ("body", "words"),
    [(b'{"message": "no\\n such"}', "no such"), (b"<html>\n", "<html>"), (b"[]", "[]"), (b"\xff", "\ufffd")],
)
def test_an_error_is_one_line_whatever_it_came_in(body: bytes, words: str) -> None:
    assert message(body) == words
