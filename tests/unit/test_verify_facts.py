"""The kernel's texts, read."""

from __future__ import annotations

import pytest

from sandboxctl.spec import Ulimit
from sandboxctl.verify.cgroup import UNLIMITED, Cgroup, parse_cgroup
from sandboxctl.verify.facts import (
    MountPoint,
    Place,
    Task,
    capability_names,
    facts,
    parse_interfaces,
    parse_limits,
    parse_mountinfo,
    parse_place,
    parse_status,
)
from tests.unit.verify_samples import sample, texts

NO_CAPABILITIES = dict.fromkeys(("effective", "permitted", "inheritable", "bounding", "ambient"), 0)


def test_both_processes_of_a_docker_sandbox_are_read_with_their_identity() -> None:
    init, own = sample("docker-kernel-v1").tasks
    assert init == own
    assert own == Task(
        users=(10001,) * 4,
        groups=(10001,) * 4,
        extra_groups=(10001,),
        capabilities=NO_CAPABILITIES,
        no_new_privileges=True,
        seccomp=2,
        limits=own.limits,
    )


def test_ids_of_a_user_namespace_are_translated_to_those_that_the_sandbox_sees() -> None:
    found = sample("podman-kernel-v2")
    assert [(task.users, task.groups, task.extra_groups) for task in found.tasks] == [
        ((10001,) * 4, (10001,) * 4, (7, 10001))
    ] * 2
    assert found.places == {
        "/tmp": Place(path="/tmp", user=10001, group=10001, mode=0o40700),
        "/workspace": Place(path="/workspace", user=10001, group=10001, mode=0o40700),
        "/dev/shm": Place(path="/dev/shm", user=0, group=0, mode=0o41777),
    }


@pytest.mark.parametrize("name", ["docker-kernel-v1", "docker-inside-v1", "podman-kernel-v2"])
def test_an_init_of_the_engine_is_known_as_one(name: str) -> None:
    assert sample(name).init is True


@pytest.mark.parametrize("cmdline", ["sleep\0infinity\0", "/usr/bin/init\0--help", "/app/docker-init\0x"])
def test_another_pid_1_is_no_init(cmdline: str) -> None:
    assert facts({"1/cmdline": cmdline}).init is False


def test_an_init_without_its_child_says_nothing_of_the_sandbox() -> None:
    without = {key: text for key, text in texts("docker-kernel-v1").items() if not key.startswith("2/")}
    assert facts(without).tasks == ()


def test_no_texts_are_no_facts_and_no_error() -> None:
    found = facts({})
    assert (found.running, found.tasks, found.mounts, found.interfaces, found.sockets, found.gvisor) == (
        False,
        (),
        None,
        None,
        None,
        None,
    )


def test_a_zombie_does_not_run() -> None:
    assert sample("docker-kernel-v1").running
    assert not facts({"1/stat": "12 (a ) b) Z 1 12 12 0"}).running


def test_the_limits_of_cgroup_v1_are_read() -> None:
    found = sample("docker-kernel-v1").cgroup
    assert (found.memory, found.swap, found.cpu, found.pids) == (536870912, 0, 1000, 256)
    assert "c 1:3 rwm" in (found.devices or ())


def test_the_limits_of_cgroup_v2_are_read() -> None:
    assert sample("podman-kernel-v2").cgroup == Cgroup(memory=536870912, swap=0, cpu=500, pids=256)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Cgroup()),
        ({"memory.limit_in_bytes": "9223372036854771712\n"}, Cgroup(memory=UNLIMITED)),
        (
            {"memory.limit_in_bytes": "4096", "memory.memsw.limit_in_bytes": "9223372036854771712"},
            Cgroup(memory=4096, swap=UNLIMITED),
        ),
        ({"memory.limit_in_bytes": "4096", "memory.memsw.limit_in_bytes": "12288"}, Cgroup(memory=4096, swap=8192)),
        ({"memory.max": "max", "memory.swap.max": "max"}, Cgroup(memory=UNLIMITED, swap=UNLIMITED)),
        ({"cpu.max": "max 100000", "pids.max": "max"}, Cgroup(cpu=UNLIMITED, pids=UNLIMITED)),
        ({"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, Cgroup(cpu=UNLIMITED)),
        ({"cpu.cfs_quota_us": "25000", "cpu.cfs_period_us": "100000"}, Cgroup(cpu=250)),
        ({"cpu.cfs_quota_us": "25000"}, Cgroup()),
    ],
)
def test_a_limit_is_a_number_unlimited_or_unknown(files: dict[str, str], expected: Cgroup) -> None:
    assert parse_cgroup(files) == expected


def test_capability_masks_have_names_and_unknown_bits_keep_their_number() -> None:
    assert capability_names(0x800405FB) == (
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
        "SETUID", "SYS_CHROOT",
    )  # fmt: skip
    assert capability_names(1 << 45 | 1) == ("BIT_45", "CHOWN")


def test_limits_have_the_names_of_ulimits() -> None:
    limits = parse_limits(texts("docker-kernel-v1")["1/limits"])
    assert limits["nofile"] == Ulimit(soft=1024, hard=1024)
    assert limits["core"] == Ulimit(soft=0, hard=0)
    assert limits["stack"] == Ulimit(soft=8388608, hard=UNLIMITED)
    assert len(limits) == 16


def test_a_mount_is_read_with_its_options_and_those_of_its_file_system() -> None:
    line = r"146 127 0:60 / /my\040work rw,nosuid,relatime shared:1 master:2 - tmpfs tmpfs rw,size=262144k,mode=700"
    (mount,) = parse_mountinfo(line + "\nnot a mount\n")
    assert mount == MountPoint(
        target="/my work",
        kind="tmpfs",
        options=frozenset({"rw", "nosuid", "relatime"}),
        super_options={"rw": "", "size": "262144k", "mode": "700"},
        root="/",
    )
    assert (mount.size, mount.read_only) == (262144 * 1024, False)


def test_interfaces_are_sorted_names() -> None:
    assert parse_interfaces(texts("podman-kernel-v2")["net/dev"]) == ("eth0", "lo")


def test_namespaces_are_compared_with_the_engines_own() -> None:
    own = dict.fromkeys(("pid", "ipc", "net", "mnt", "uts", "cgroup"), "own")
    assert sample("docker-kernel-v1").namespaces == own | {"user": "host"}
    assert sample("podman-kernel-v2").namespaces == own | {"user": "own"}


def test_from_inside_only_namespaces_whose_first_number_is_fixed_are_told_apart() -> None:
    found = sample("docker-inside-v1").namespaces
    assert found == {"pid": "own", "ipc": "own", "uts": "own", "cgroup": "own", "user": "host"}
    assert sample("docker-inside-v1", ns__ipc="ipc:[4026531839]").namespaces["ipc"] == "host"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "stat 1 2 2190 a:e5\npath /dev/fuse",
            Place(path="/dev/fuse", user=1, group=2, mode=0o20620, device=(10, 229)),
        ),
        ("stat 0 0 41c0 0:0\nwritable no", Place(user=0, group=0, mode=0o40700, writable=False)),
        ("writable yes", Place(writable=True)),
        ("absent", Place(exists=False)),
        ("", Place()),
    ],
)
def test_a_place_is_as_much_as_somebody_looked_at(text: str, expected: Place) -> None:
    assert parse_place(text) == expected


def test_an_engines_socket_is_seen_by_its_path_and_by_what_it_is_mounted_from() -> None:
    assert sample("docker-kernel-v1").sockets == ()
    renamed = "9 1 0:5 /docker.sock /srv/x ro - tmpfs tmpfs rw"
    found = sample("docker-kernel-v1", sockets="/run/podman/podman.sock\n", mountinfo=renamed)
    assert found.sockets == ("/run/podman/podman.sock", "/srv/x")


def test_gvisor_is_known_from_outside_by_its_program_and_from_inside_by_its_version() -> None:
    assert [sample(name).gvisor for name in ("gvisor-kernel", "gvisor-inside", "gvisor-pod-inside")] == [True] * 3
    assert [sample(name).gvisor for name in ("docker-kernel-v1", "docker-inside-v1")] == [False, False]


def test_a_sandbox_whose_own_program_is_called_runsc_is_not_gvisor() -> None:
    called = {"1__exe": "/runsc-x", "1__own": "yes"}
    assert sample("docker-kernel-v1", **called).gvisor is False
    assert sample("docker-kernel-v1", **(called | {"1__exe": "/runsc-x (deleted)"})).gvisor is False
    assert sample("gvisor-kernel", **{"1__exe": ""}).gvisor is None


def test_what_a_file_system_says_of_its_size_is_its_size() -> None:
    assert sample("gvisor-pod-inside").places["/tmp"].size == 64 * 2**20
    assert sample("docker-inside-v1").places["/tmp"].size is None


def test_gvisors_own_process_says_nothing_of_the_sandboxs_identity() -> None:
    found = sample("gvisor-kernel")
    assert (found.running, found.tasks, found.init, found.mounts, found.cgroup.memory) == (
        True,
        (),
        None,
        None,
        536870912,
    )


def test_a_status_without_ids_is_no_task() -> None:
    assert parse_status("Name:\tx\nState:\tR (running)\n") is None


@pytest.mark.parametrize("key", sorted(texts("docker-inside-v1")))
@pytest.mark.parametrize(
    "garbage", ["", ":", "x y z w", "stat a b c d", "Uid:\nGid:\n", "Uid: x\nGid: 1\nCapEff: ??", "-1 0 0"]
)
def test_made_up_texts_are_no_error(key: str, garbage: str) -> None:
    found = facts(texts("docker-inside-v1") | {key: garbage})
    assert all(task.users and task.groups for task in found.tasks)
