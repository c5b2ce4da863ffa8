"""Verify against real containers: what holds is proved, and each thing taken away is seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sandboxctl import derive
from sandboxctl.backends import docker
from sandboxctl.backends.base import Connection, Helper, Observed
from sandboxctl.backends.docker import DockerBackend
from sandboxctl.quantity import Bytes, MilliCpu
from sandboxctl.render import render
from sandboxctl.spec import (
    BindMount,
    Capabilities,
    Device,
    Image,
    Lifecycle,
    Network,
    Resources,
    Sandbox,
    Seccomp,
    Security,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)
from sandboxctl.verify import Verdict, verify
from tests.engines.fixtures import DockerEngine

# The kernel's evidence needs root on the engine's host.
pytestmark = pytest.mark.usefixtures("docker_home")

RESTRICTED = {
    "--user": "10001:10001",
    "--cap-drop": "ALL",
    "--security-opt": "no-new-privileges",
    "--read-only": "true",
    "--init": "true",
    "--network": "none",
    "--memory": "512m",
    "--memory-swap": "512m",
    "--cpus": "1",
    "--pids-limit": "256",
    "--shm-size": "64m",
    "--ipc": "private",
    "--cgroupns": "private",
    "--tmpfs /tmp": "rw,noexec,nosuid,nodev,size=64m,uid=10001,gid=10001,mode=0700",
    "--tmpfs /workspace": "rw,exec,nosuid,nodev,size=256m,uid=10001,gid=10001,mode=0700",
    "--ulimit nofile": "1024:1024",
    "--ulimit core": "0:0",
}
"""The default sandbox in the words of Docker's own client, so that a container can be made that lacks one thing."""


@pytest.fixture
def backend(docker_home: object) -> Iterator[DockerBackend]:
    found = docker.connect(Connection())
    yield found
    found.close()


@contextmanager
def running(backend: DockerBackend, sandbox: Sandbox) -> Iterator[Observed]:
    """The sandbox, made without verify, and removed at the end."""
    user, group = derive.owner(sandbox)
    ref = backend.writer.create(render(sandbox, "docker"), name=sandbox.name)
    try:
        workdir = derive.workdir_in_layer(sandbox)
        if workdir is not None:
            backend.writer.make_directory(ref, workdir, user=user, group=group)
        backend.writer.start(ref)
        yield live(backend, ref)
    finally:
        backend.writer.delete(ref)


def live(backend: DockerBackend, ref: str) -> Observed:
    observed = backend.reader.observe(ref)
    assert observed is not None
    return observed


def verdict(
    backend: DockerBackend, sandbox: Sandbox, observed: Observed, *, probe: str | None = None, complete: bool = False
) -> Verdict:
    return verify(
        sandbox,
        observed,
        engine=backend.reader.engine(),
        backend=backend,
        image=backend.reader.image_config(sandbox.image.name),
        probe_image=probe,
        complete=complete,
    )


def far_away(observed: Observed) -> Observed:
    """As from an engine whose processes are not this host's."""
    return replace(observed, status=replace(observed.status, pid=None))


def not_proved(found: Verdict) -> dict[str, str]:
    return {each.control: each.status for each in found.controls if each.status != "proved"}


def test_of_the_default_sandbox_the_kernel_proves_everything(
    backend: DockerBackend, docker_name: str, busybox_image: str
) -> None:
    sandbox = Sandbox(name=docker_name, image=Image(ref=busybox_image))
    with running(backend, sandbox) as observed:
        found = verdict(backend, sandbox, observed)
    assert not_proved(found) == {}
    assert {each.evidence for each in found.controls} == {"kernel"}
    assert found.strict_ok


def test_what_a_spec_asks_for_is_proved_value_by_value(
    backend: DockerBackend, docker_name: str, busybox_image: str
) -> None:
    sandbox = Sandbox(
        name=docker_name,
        image=Image(ref=busybox_image),
        resources=Resources(
            cpu=MilliCpu(500),
            memory=Bytes(100_000_000),
            swap=Bytes(50_000_000),
            pids=17,
            shm=Bytes(8_000_000),
            ulimits={
                "nofile": Ulimit(soft=100, hard=200),
                "nproc": Ulimit(soft=7050, hard=7060),
            },  # all of the host count
        ),
        network=Network(mode="bridge", hostname="elsewhere"),
        lifecycle=Lifecycle(init=False),
        security=Security(
            groups=(7, 8),
            capabilities=Capabilities(add=("NET_ADMIN",)),
            seccomp=Seccomp(kind="unconfined"),
            no_new_privileges=False,
            devices=(Device(source="/dev/kmsg", target="/dev/log-of-the-kernel", permissions="r"),),
        ),
        mounts=(
            TmpfsMount(target="/scratch", size=Bytes(1_000_000), exec=True, mode="0750"),
            BindMount(target="/data", source=os.path.realpath("/usr")),
        ),
    )
    with running(backend, sandbox) as observed:
        assert not_proved(verdict(backend, sandbox, observed)) == {}


def test_root_in_a_baseline_sandbox_has_the_engines_default_capabilities(
    backend: DockerBackend, docker_name: str, busybox_image: str
) -> None:
    security = Security(
        profile="baseline",
        user=None,
        group=None,
        fs_group=None,
        read_only_root=False,
        capabilities=Capabilities(drop=()),
    )
    sandbox = Sandbox(
        name=docker_name, image=Image(ref=busybox_image), security=security, network=Network(mode="bridge")
    )
    with running(backend, sandbox) as observed:
        assert not_proved(verdict(backend, sandbox, observed)) == {"groups": "reported"}


def test_a_volume_made_for_the_user_is_writable_and_one_of_roots_is_not(
    backend: DockerBackend, docker_engine: DockerEngine, docker_name: str, busybox_image: str
) -> None:
    volumes = (f"{docker_name}-ours", f"{docker_name}-roots")
    backend.writer.create_volume(
        volumes[0], labels={}, user=10001, group=10001, helper=Helper(image=busybox_image, name=f"{docker_name}.volume")
    )
    docker_engine.cli("volume", "create", volumes[1])
    mounts = (VolumeMount(target="/ours", source=volumes[0]), VolumeMount(target="/roots", source=volumes[1]))
    sandbox = Sandbox(name=docker_name, image=Image(ref=busybox_image), mounts=mounts)
    try:
        with running(backend, sandbox) as observed:
            assert not_proved(verdict(backend, sandbox, observed)) == {"mount:/roots": "failed"}
    finally:
        docker_engine.cli("volume", "rm", *volumes)


def test_a_probe_proves_what_the_kernel_of_this_host_cannot_see(
    backend: DockerBackend, docker_engine: DockerEngine, docker_name: str, busybox_image: str, python_image: str
) -> None:
    sandbox = Sandbox(name=docker_name, image=Image(ref=python_image))
    with running(backend, sandbox) as observed:
        found = verdict(backend, sandbox, far_away(observed), probe=busybox_image)
        assert docker_engine.containers() & {docker_name, f"{docker_name}.probe"} == {docker_name}
    assert not_proved(found) == dict.fromkeys(("namespace.net", "namespace.mnt", "hostname"), "reported")
    assert found.strict_ok


def test_without_a_probe_the_sandboxs_own_shell_reports(
    backend: DockerBackend, docker_name: str, busybox_image: str
) -> None:
    sandbox = Sandbox(name=docker_name, image=Image(ref=busybox_image))
    with running(backend, sandbox) as observed:
        found = verdict(backend, sandbox, far_away(observed), probe="localhost/sandboxctl-test/absent:1")
    assert {each.status for each in found.controls} == {"reported"}
    assert {each.evidence for each in found.controls} == {"inside", "engine"}


def arguments(changed: dict[str, str]) -> list[str]:
    settings = RESTRICTED | changed
    words = []
    for name, value in settings.items():
        option, _, subject = name.partition(" ")
        if value:
            joiner = ":" if option == "--tmpfs" else "="
            words.append(f"{option}={subject}{joiner}{value}" if subject else f"{option}={value}")
    return words


def made_by_hand(
    backend: DockerBackend, engine: DockerEngine, name: str, image: str, changed: dict[str, str]
) -> Observed:
    words = ["--name", name, *arguments({"--hostname": name} | changed), image, "sleep", "infinity"]
    return live(backend, engine.cli("run", "--detach", *words).stdout.strip())


@pytest.mark.parametrize(
    ("changed", "failed"),
    [
        ({}, set()),
        ({"--user": "10002:10001"}, {"user", "mount:/tmp", "mount:/workspace"}),
        ({"--user": "10001:0"}, {"group"}),
        ({"--group-add": "27"}, {"groups"}),
        ({"--cap-add": "NET_RAW"}, {"capabilities.bounding"}),
        ({"--security-opt": ""}, {"no-new-privileges"}),
        ({"--security-opt": "seccomp=unconfined"}, {"no-new-privileges", "seccomp"}),
        ({"--read-only": ""}, {"root-filesystem"}),
        ({"--tmpfs /tmp": ""}, {"mount:/tmp"}),
        ({"--tmpfs /tmp": "rw,exec,suid,size=1m,uid=10001,gid=10001"}, {"mount:/tmp"}),
        ({"--shm-size": "1m"}, {"mount:/dev/shm"}),
        ({"--memory": "256m"}, {"memory", "swap"}),
        ({"--memory-swap": ""}, {"swap"}),
        ({"--cpus": ""}, {"cpu"}),
        ({"--pids-limit": ""}, {"pids"}),
        ({"--ulimit nofile": "1024:2048"}, {"ulimit:nofile"}),
        ({"--network": ""}, {"network"}),
        ({"--network": "host"}, {"network", "namespace.net"}),
        ({"--pid": "host", "--init": ""}, {"namespace.pid", "init"}),
        ({"--ipc": "host"}, {"namespace.ipc", "mount:/dev/shm"}),
        ({"--uts": "host", "--hostname": ""}, {"namespace.uts", "hostname"}),
        ({"--cgroupns": "host"}, {"namespace.cgroup"}),
        ({"--init": ""}, {"init"}),
    ],
    ids=lambda value: " ".join(f"{name}={each}" for name, each in value.items()) if isinstance(value, dict) else "",
)
def test_each_control_that_a_container_lacks_is_seen_by_the_kernel(
    backend: DockerBackend,
    docker_engine: DockerEngine,
    docker_name: str,
    busybox_image: str,
    changed: dict[str, str],
    failed: set[str],
) -> None:
    sandbox = Sandbox(name=docker_name, image=Image(ref=busybox_image))
    observed = made_by_hand(backend, docker_engine, docker_name, busybox_image, changed)
    found = verdict(backend, sandbox, observed)
    assert {each.control for each in found.controls if each.status == "failed"} == failed
    assert found.ok == (not failed)


def test_an_engines_socket_mounted_in_by_hand_is_found(
    backend: DockerBackend, docker_engine: DockerEngine, docker_name: str, busybox_image: str
) -> None:
    changed = {"--volume": f"{docker_engine.socket}:/var/x"}
    observed = made_by_hand(backend, docker_engine, docker_name, busybox_image, changed)
    found = verdict(backend, Sandbox(name=docker_name, image=Image(ref=busybox_image)), observed)
    assert not_proved(found) == {"engine-socket": "failed"}


def test_of_a_stopped_sandbox_the_state_failed_and_the_engine_reports_the_rest(
    backend: DockerBackend, docker_name: str, busybox_image: str
) -> None:
    sandbox = Sandbox(name=docker_name, image=Image(ref=busybox_image))
    with running(backend, sandbox) as observed:
        backend.writer.stop(observed.ref, grace=0)
        stopped = live(backend, observed.ref)
        found = verdict(backend, sandbox, stopped)
        finished = verdict(backend, sandbox, stopped, complete=True)
    assert {each.control: each.actual for each in found.controls if each.status == "failed"} == {"state": "stopped"}
    assert {each.evidence for each in found.controls if each.status == "reported"} == {"engine"}
    assert finished.strict_ok
    assert {each.status for each in finished.controls} == {"reported"}


def test_a_sandbox_that_vanishes_is_no_traceback(backend: DockerBackend, docker_name: str, busybox_image: str) -> None:
    sandbox = Sandbox(name=docker_name, image=Image(ref=busybox_image))
    with running(backend, sandbox) as observed:
        backend.writer.delete(observed.ref)
        found = verdict(backend, sandbox, observed, probe=busybox_image)
    assert {each.evidence for each in found.controls} <= {"engine", None}
