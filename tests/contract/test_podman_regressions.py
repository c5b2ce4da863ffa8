"""What podman-py's own calls drop or invert without an error (engines.md, section 3.1), by its number there.

Each is looked at where it counts: in the sandbox's process, or in the host's kernel. The naive call fails each of them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl import observe, verify
from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection, Payload
from sandboxctl.backends.podman import PodmanBackend
from sandboxctl.dataclass import replace
from sandboxctl.errors import EngineError, InvalidError, SandboxctlError, UnreachableError
from sandboxctl.render import render
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Fragment, Workbench


@pytest.fixture
def engine(podman_under_test: PodmanUnderTest) -> PodmanUnderTest:
    """In place of the suite's: Podman alone."""
    return podman_under_test


def running(bench: Workbench, name: str, *fragments: dict[str, object]) -> str:
    assert bench.applied(bench.spec(name, *fragments)) == "created"
    return name


def payload(bench: Workbench, name: str) -> Payload:
    return render(bench.spec(name).sandbox, "podman")


def test_p1_no_new_privileges_and_seccomp_reach_the_process(bench: Workbench, name: str) -> None:
    status = "sed -n 's/^\\(NoNewPrivs\\|Seccomp\\):[[:space:]]*//p' /proc/self/status"
    assert bench.sh(running(bench, name), status).split() == ["1", "2"]
    weak = {"security": {"seccomp": "unconfined", "noNewPrivileges": False,
                         "allow": ["seccomp-unconfined", "new-privileges"]}}  # fmt: skip
    assert bench.applied(bench.spec(name, weak)) == "replaced"
    assert bench.sh(name, status).split() == ["0", "0"]


def test_p2_the_cpu_limit_is_the_kernels(engine: PodmanUnderTest, bench: Workbench, name: str) -> None:
    running(bench, name, {"resources": {"cpu": "500m"}})
    assert engine.limits(name).cpu == 500


def test_p3_a_read_only_mount_is_read_only(bench: Workbench, name: str) -> None:
    data = bench.directory / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)
    running(bench, name, {"mounts": [{"type": "bind", "source": "./data", "target": "/data"}]})
    assert bench.exec(name, "touch", "/data/x").code == 1
    assert list(data.iterdir()) == []


def test_p4_a_tmpfs_has_its_size(bench: Workbench, name: str) -> None:
    running(bench, name, {"mounts": [{"type": "tmpfs", "target": "/scratch", "size": "1Mi"}]})
    assert bench.exec(name, "dd", "if=/dev/zero", "of=/scratch/x", "bs=1M", "count=2").code == 1
    assert bench.sh(name, "stat -c %s /scratch/x") == str(2**20)


@pytest.mark.parametrize("mode", ["0700", "0750", "1777"])
def test_p5_a_tmpfs_has_its_mode_on_a_directory_that_the_image_lacks(bench: Workbench, name: str, mode: str) -> None:
    running(bench, name, {"mounts": [{"type": "tmpfs", "target": "/scratch", "mode": mode}]})
    assert bench.sh(name, "stat -c '%04a %u:%g' /scratch") == f"{mode} 10001:10001"


@pytest.mark.parametrize("runtime", ["gvisor", "kata", "nosuchruntime"])
def test_p6_a_runtime_that_the_service_was_not_started_with_is_refused(
    engine: PodmanUnderTest, bench: Workbench, name: str, runtime: str
) -> None:
    with pytest.raises(InvalidError, match="no-such-runtime"):
        bench.apply(bench.spec(name, {"security": {"runtime": runtime}}))
    assert name not in engine.containers()


def test_p6_the_runtime_that_the_service_was_started_with_can_be_asked_for(bench: Workbench, name: str) -> None:
    (runtime,) = bench.backend.reader.identify().runtimes
    spec = bench.spec(name, {"security": {"runtime": runtime}})
    assert bench.applied(spec) == "created"
    assert bench.plan(spec).pending == ()


def test_p7_a_user_namespace_is_one_or_the_apply_fails(engine: PodmanUnderTest, bench: Workbench, name: str) -> None:
    (result,) = bench.apply(bench.spec(name, {"security": {"userNamespace": "auto"}}))
    if result.code == 0:
        assert bench.sh(name, "awk '{print $1, $3}' /proc/self/uid_map") != "0 4294967295"
    else:
        assert result.hint is not None
        assert "/etc/subuid" in result.hint
        assert {each for each in engine.containers() if each.startswith(name)} == set()


def test_p7_keep_id_of_a_service_that_is_root_is_refused(bench: Workbench, name: str) -> None:
    with pytest.raises(InvalidError, match="keep-id-of-root"):
        bench.apply(bench.spec(name, {"security": {"userNamespace": "keep-id"}}))


def test_p8_a_mapping_is_never_sent_without_its_namespace(bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"security": {"userNamespace": "auto"}})
    (document,) = render(spec.sandbox, "podman").documents
    assert (document["userns"], document["idmappings"]) == ({"nsmode": "auto"}, {"AutoUserNs": True})
    spec = bench.spec(name, {"security": {"userNamespace": "private"}})
    (document,) = render(spec.sandbox, "podman").documents
    assert document["userns"] == {"nsmode": "private"}
    assert set(document["idmappings"]) == {"UIDMap", "GIDMap"}  # type: ignore[arg-type]


def test_p9_a_health_command_is_there_and_is_run_even_without_systemd(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    health = {"command": ["test", "-d", "/workspace"], "interval": "1s", "timeout": "2s", "retries": 2}
    running(bench, name, {"health": health})
    found = engine.inspect(name)
    assert found["Config"]["Healthcheck"] == {
        "Test": ["CMD", "test", "-d", "/workspace"],
        "Interval": 10**9,
        "Timeout": 2 * 10**9,
        "Retries": 2,
    }
    assert found["State"]["Health"]["Status"] == "healthy"


def test_p9_a_sandbox_that_is_not_healthy_fails(engine: PodmanUnderTest, bench: Workbench, name: str) -> None:
    (result,) = bench.apply(bench.spec(name, {"health": {"command": ["false"], "interval": "1s", "retries": 2}}))
    assert (result.code, result.brief) == (6, f"{name} is unhealthy: its health command failed")
    assert {each for each in engine.containers() if each.startswith(name)} == set()


def test_p10_the_log_has_its_driver_and_its_limit(engine: PodmanUnderTest, bench: Workbench, name: str) -> None:
    command = "i=0; while test $i -lt 200; do head -c 100000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done; sleep 1000"
    running(bench, name, {"command": ["sh", "-c", command]})
    logging = engine.inspect(name)["HostConfig"]["LogConfig"]
    assert (logging["Type"], logging["Size"]) == ("k8s-file", "10.49MB")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and bench.exec(name, "pgrep", "-x", "sleep").code != 0:
        time.sleep(0.2)
    assert Path(logging["Path"]).stat().st_size <= 10_485_760


def test_p11_a_secret_of_podmans_reaches_a_process_that_is_not_root(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    secret = f"{name}-secret"
    engine.engine.cli("secret", "create", secret, "-", stdin="s3cret")
    try:
        running(bench, name, {"env": {"TOKEN": {"secret": secret, "key": "token"}}})
        assert bench.sh(name, "echo $TOKEN $(id -u)") == "s3cret 10001"
        assert bench.plan(bench.spec(name, {"env": {"TOKEN": {"secret": secret, "key": "token"}}})).pending == ()
    finally:
        engine.client("rm", "--force", "--time=0", name)
        engine.client("secret", "rm", secret)


def test_p11_a_secret_is_a_file_that_whoever_is_inside_may_read(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    secrets = [f"{name}-one", f"{name}-two"]
    for secret in secrets:
        engine.engine.cli("secret", "create", secret, "-", stdin=f"of {secret}")
    spec = bench.spec(name, {"mounts": [{"type": "secret", "name": secrets[0], "target": "/etc/keys/one"}]})
    other = bench.spec(name, {"mounts": [{"type": "secret", "name": secrets[1], "target": "/etc/keys/one"}]})
    elsewhere = bench.spec(name, {"mounts": [{"type": "secret", "name": secrets[0], "target": "/etc/keys/two"}]})
    try:
        bench.applied(spec)
        assert bench.sh(name, "cat /etc/keys/one; stat -c ' %a %u:%g' /etc/keys/one") == f"of {secrets[0]} 444 0:0"
        assert "Read-only file system" in bench.sh(name, "chmod 600 /etc/keys/one 2>&1 || true")
        assert bench.plan(spec).pending == ()
        verdict = verify.verify(
            spec.sandbox, bench.observed(name), engine=bench.backend.reader.identify(), backend=bench.backend,
            image=None, probe_image=None,
        )  # fmt: skip
        (control,) = [each for each in verdict.controls if each.control == "mount:/etc/keys/one"]
        assert (control.status, control.expected) == ("proved", {"readOnly": True})
        for changed in (other, elsewhere):
            assert bench.plan(changed).actions[0].reason == "replace_because_spec_changed"
        assert bench.applied(other) == "replaced"
        assert bench.sh(name, "cat /etc/keys/one") == f"of {secrets[1]}"
    finally:
        engine.client("rm", "--force", "--time=0", name)
        engine.client("secret", "rm", *secrets)


@pytest.mark.parametrize(
    "fragment",
    [
        {"env": {"TOKEN": {"secret": "nobody-has-it", "key": "k"}}},
        {"mounts": [{"type": "secret", "name": "nobody-has-it", "target": "/s"}]},
    ],
)
def test_a_secret_that_is_not_there_stops_everything_before_the_first_write(
    engine: PodmanUnderTest, bench: Workbench, name: str, fragment: Fragment
) -> None:
    with pytest.raises(InvalidError, match="there is no secret nobody-has-it on this engine"):
        bench.apply(bench.spec(name, fragment))
    assert {each for each in engine.containers() if each.startswith(name)} == set()


def test_p12_of_a_secret_of_podmans_no_part_is_a_file(bench: Workbench, name: str) -> None:
    mount = {"type": "secret", "name": "x", "target": "/s", "items": {"a": "b"}}
    with pytest.raises(InvalidError, match="a Podman secret is one value"):
        bench.apply(bench.spec(name, {"mounts": [mount]}))


def test_p13_a_directory_made_in_the_layer_has_its_owner(bench: Workbench, name: str) -> None:
    running(bench, name, {"security": {"readOnlyRoot": False, "allow": ["writable-root"]}})
    assert bench.sh(name, "stat -c '%a %u:%g' /workspace") == "700 10001:10001"


def test_p13_a_put_that_fails_raises(bench: Workbench, name: str) -> None:
    running(bench, name)
    with pytest.raises(SandboxctlError):
        bench.backend.writer.make_directory("f" * 64, "/somewhere", user=1, group=1)


@pytest.mark.parametrize("reference", ["127.0.0.1:1/absent:1", "localhost:1/absent:1"])
def test_p14_a_pull_that_fails_raises_with_the_engines_words(bench: Workbench, reference: str) -> None:
    with pytest.raises((UnreachableError, InvalidError), match="absent"):
        bench.backend.writer.pull(reference, platform=None, progress=lambda text: None)


def test_p15_the_output_of_a_sandbox_can_be_read(bench: Workbench, name: str) -> None:
    running(bench, name, {"command": ["sh", "-c", "echo out; echo err >&2; sleep 1000"]})
    ref = bench.observed(name).ref
    chunks = list(bench.backend.reader.logs(ref, tail=None, follow=False))
    assert sorted(chunks) == [(1, b"out\n"), (2, b"err\n")]


def test_p16_the_output_of_an_exec_has_no_frames_in_it(bench: Workbench, name: str) -> None:
    result = bench.exec(running(bench, name), "sh", "-c", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_p17_an_exec_has_the_code_of_its_end(bench: Workbench, name: str) -> None:
    assert bench.exec(running(bench, name), "sh", "-c", "sleep 0.5; exit 3").code == 3


def test_p18_a_warning_of_the_engines_is_an_error_and_leaves_nothing(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    if Path("/sys/fs/cgroup/blkio/blkio.weight").exists() or Path("/sys/fs/cgroup/cgroup.controllers").exists():
        pytest.skip("this kernel weighs block devices, so there is nothing to warn of")
    asked = payload(bench, name)
    document = json.loads(json.dumps(asked.documents[0]))
    document["resource_limits"]["blockIO"] = {"weight": 500}
    with pytest.raises(EngineError, match="would not apply all of it"):
        bench.backend.writer.create(replace(asked, documents=(document,)), name=name)
    assert name not in engine.containers()


@pytest.mark.parametrize(
    "url",
    ["ssh://root@192.0.2.1", "tcp://192.0.2.1:8080", "https://192.0.2.1:8080", "http://x"],
    ids=["p19-ssh-without-a-socket", "p20-tcp", "p20-https", "p20-http"],
)
def test_p19_p20_a_transport_that_checks_nobody_is_refused_before_any_connection(url: str) -> None:
    with pytest.raises(InvalidError):
        connect("podman", Connection(podman_uri=url, timeout=0.1))


@pytest.mark.parametrize("network", ["none", "bridge"])
def test_p21_no_sandbox_leaves_the_network_of_its_pod(
    engine: PodmanUnderTest, bench: Workbench, name: str, network: str
) -> None:
    running(bench, name, {"podman": {"pod": f"{name}-pod"}, "network": network})
    holder = json.loads(engine.client("pod", "inspect", f"{name}-pod").stdout)["InfraContainerID"]
    pids = (engine.inspect(each)["State"]["Pid"] for each in (name, holder))
    first, second = (os.readlink(f"/proc/{pid}/ns/net") for pid in pids)
    assert first == second
    bench.delete(name)  # and with it the pod


def test_a_delete_is_not_the_compat_apis_that_takes_ten_seconds(bench: Workbench, name: str) -> None:
    running(bench, name, {"command": ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]})
    ref, start = bench.observed(name).ref, time.monotonic()
    bench.backend.writer.delete(ref)
    assert time.monotonic() - start < 3


@pytest.fixture
def idle_backend(podman_under_test: PodmanUnderTest, clean_home: Path) -> Iterator[PodmanBackend]:
    backend = connect("podman", podman_under_test.connection())
    assert isinstance(backend, PodmanBackend)
    yield backend
    backend.close()


def test_reading_loads_no_sdk(idle_backend: PodmanBackend) -> None:
    observe.listed(idle_backend)
    assert "writer" not in idle_backend.__dict__
