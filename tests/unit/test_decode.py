"""Documents become sandboxes: whole values are compared."""

from __future__ import annotations

import pytest

from sandboxctl.facts import PathFacts
from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds
from sandboxctl.spec import (
    BackendSection,
    BindMount,
    Capabilities,
    Commit,
    Device,
    Dns,
    EgressRule,
    FileMount,
    Health,
    Image,
    ImageArchive,
    KeyReference,
    Lifecycle,
    Network,
    ObjectMount,
    Port,
    Ready,
    Requests,
    Resources,
    Restart,
    Sandbox,
    Seccomp,
    Secret,
    Security,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)
from tests.unit.given import FixedFacts, decoded, right, spec

IMAGE = Image(ref="docker.io/library/busybox:1.36")
BOX = Network(hostname="box")


def test_a_name_and_an_image_are_a_whole_sandbox() -> None:
    assert right(spec()) == Sandbox(name="box", image=IMAGE, network=BOX)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("network: none", "network: {mode: none}"),
        ("network: lab", "network: {name: lab}"),
        ("network: lab", "network: {mode: lab}"),
        ("network: lab", "network: {mode: bridge, name: lab}"),
        ("lifecycle: {restart: always}", "lifecycle: {restart: {policy: always}}"),
        ("resources: {cpu: 0.5}", "resources: {cpu: 500m}"),
        ("resources: {memory: 1Gi}", "resources: {memory: 1024Mi}"),
        ("resources: {ulimits: {nproc: 5}}", "resources: {ulimits: {RLIMIT_NPROC: {soft: 5, hard: 5}}}"),
        ("lifecycle: {stopSignal: 9}", "lifecycle: {stopSignal: sigkill}"),
        ("lifecycle: {ttl: 90s}", "lifecycle: {ttl: 1m30s}"),
        (
            'network: {mode: bridge, ports: ["8080:80"]}',
            "network: {mode: bridge, ports: [{host: 8080, container: 80}]}",
        ),
        ("security: {capabilities: {drop: [all]}}", "security: {capabilities: {drop: [CAP_CHOWN, ALL]}}"),
        ("backend: k8s", "backend: kubernetes"),
        ("mounts: [{type: tmpfs, target: /a}]", 'mounts: [{type: tmpfs, target: //a/./, mode: "700"}]'),
        ("security: {user: 5}", "security: {user: 5, group: 5, fsGroup: 5}"),
    ],
)
def test_a_shorthand_and_its_long_form_are_the_same_sandbox(short: str, long: str) -> None:
    assert right(spec(short)) == right(spec(long))


def test_an_image_is_the_same_as_text_and_as_a_mapping() -> None:
    assert right(spec(image="busybox:1.36")) == right(spec(image="{ref: docker.io/library/busybox:1.36}"))


@pytest.mark.parametrize(
    ("body", "workdir"),
    [
        ("", "/workspace"),
        ("run: idle", "/workspace"),
        ("command: [sh]", "/workspace"),
        ("command: [sh]\nargs: [x]", "/workspace"),
        ("args: [x]", None),
        ("run: image", None),
        ("run: image\nworkdir: /app/", "/app"),
    ],
)
def test_the_workdir_is_ours_unless_the_image_says_what_runs(body: str, workdir: str | None) -> None:
    assert right(spec(body)).workdir == workdir


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("restricted", Security()),
        (
            "baseline",
            Security(
                profile="baseline", user=None, group=None, fs_group=None, read_only_root=False,
                capabilities=Capabilities(drop=()),
            ),
        ),
        (
            "privileged",
            Security(
                profile="privileged", user=None, group=None, fs_group=None, read_only_root=False,
                capabilities=Capabilities(drop=()), no_new_privileges=False,
            ),
        ),
    ],
)  # fmt: skip
def test_a_profile_sets_the_defaults_of_its_column(profile: str, expected: Security) -> None:
    sandbox = right(spec(f"security: {{profile: {profile}}}"))
    assert sandbox.security == expected
    assert sandbox.network.mode == ("none" if profile == "restricted" else "bridge")


def test_what_is_written_beats_the_profile_one_by_one() -> None:
    body = "security: {profile: baseline, user: 1000, readOnlyRoot: true, capabilities: {drop: [net_raw]}}"
    assert right(spec(body)).security == Security(
        profile="baseline", user=1000, group=1000, fs_group=1000, capabilities=Capabilities(drop=("NET_RAW",))
    )


def test_resources_are_read_exactly() -> None:
    body = """
        resources:
          cpu: 0.3
          memory: 1.5Gi
          swap: 1Gi
          requests: {cpu: 0.1, memory: 1G}
          cpuset: 0
          ulimits: {nofile: {soft: 10, hard: -1}}
    """
    assert right(spec(body)).resources == Resources(
        cpu=MilliCpu(300),
        memory=Bytes(3 * 2**29),
        swap=Bytes(2**30),
        requests=Requests(cpu=MilliCpu(100), memory=Bytes(10**9)),
        cpuset="0",
        ulimits={"nofile": Ulimit(soft=10, hard=-1), "core": Ulimit(soft=0, hard=0)},
    )


def test_every_kind_of_variable_is_decoded_and_env_wins_over_files() -> None:
    facts = FixedFacts(
        variables={"OUTER": "o"},
        texts={"/specs/token": "t\n\n", "/specs/a.env": "ONE=a\nTWO=a\nTHREE=a\n", "/specs/b.env": "TWO=b\nTHREE=b\n"},
    )
    body = """
        envFiles: [a.env, ./b.env]
        env:
          THREE: 3
          FOUR: {fromEnv: OUTER}
          FIVE: {fromFile: token}
          SIX: {secret: s, key: k}
          SEVEN: {configMap: c, key: k}
    """
    assert right(spec(body), facts).env == {
        "ONE": Secret("a", origin=""),
        "TWO": Secret("b", origin=""),
        "THREE": "3",
        "FOUR": Secret("o", origin=""),
        "FIVE": Secret("t\n", origin=""),
        "SIX": KeyReference(kind="secret", name="s", key="k"),
        "SEVEN": KeyReference(kind="configMap", name="c", key="k"),
    }


def test_no_problem_shows_a_sensitive_value() -> None:
    facts = FixedFacts(variables={"OUTER": "hunter2\0"}, texts={"/specs/token": "hunter2\0", "/specs/a.env": "hunter2"})
    body = "envFiles: [a.env]\nenv: {A: {fromEnv: OUTER}, B: {fromFile: token}}"
    _, problems, _ = decoded(spec(body, image="me:hunter2@reg.example/x"), facts)
    assert [problem.code for problem in problems] == ["image-credentials", "env-syntax", "env-value"]
    assert "hunter2" not in "".join(f"{problem.message}{problem.hint}" for problem in problems)


def test_every_type_of_mount_is_decoded_in_the_order_of_the_file() -> None:
    facts = FixedFacts(
        variables={"OUTER": "o"},
        texts={"/specs/conf": "c"},
        paths={
            "/specs": PathFacts(real="/specs", kind="directory"),
            "/specs/data": PathFacts(real="/specs/real-data", kind="directory"),
        },
    )
    body = """
        mounts:
          - {type: bind, source: ./data, target: /b, readOnly: false}
          - {type: volume, source: v, target: /v, size: 1Mi}
          - {type: tmpfs, target: /t}
          - {type: file, target: /f1, content: "${X}", mode: "400"}
          - {type: file, target: /f2, source: conf, sensitive: true}
          - {type: file, target: /f3, fromEnv: OUTER}
          - {type: configMap, target: /c, name: c, items: {k: p}}
          - {type: secret, target: /s, name: s}
    """
    assert right(spec(body), facts).mounts == (
        BindMount(target="/b", source="/specs/real-data", read_only=False),
        VolumeMount(target="/v", source="v", size=Bytes(2**20)),
        TmpfsMount(target="/t"),
        FileMount(target="/f1", content="${X}", mode="0400"),
        FileMount(target="/f2", content=Secret("c", origin="")),
        FileMount(target="/f3", content=Secret("o", origin="")),
        ObjectMount(target="/c", kind="configMap", name="c", items={"k": "p"}),
        ObjectMount(target="/s", kind="secret", name="s"),
    )


def test_a_network_is_decoded_whole() -> None:
    body = """
        network:
          name: lab
          create: true
          ports: ["[::1]:8080:80/udp", {container: 443}]
          dns: {servers: [10.0.0.53], search: [lab], options: ["ndots:2"]}
          hosts: {DB: "FD00::5"}
          hostname: other
          egress: {allow: [{cidr: 10.0.0.0/8, ports: [443/tcp]}, {domain: pypi.org}]}
    """
    assert right(spec(body)).network == Network(
        mode="named",
        name="lab",
        create=True,
        ports=(Port(container=80, host=8080, address="::1", protocol="udp"), Port(container=443, host=0)),
        dns=Dns(servers=("10.0.0.53",), search=("lab",), options=("ndots:2",)),
        hosts={"db": "fd00::5"},
        hostname="other",
        egress=(EgressRule(cidr="10.0.0.0/8", ports=("443/tcp",)), EgressRule(domain="pypi.org")),
    )


def test_the_host_s_network_has_no_hostname_of_ours() -> None:
    assert right(spec("network: host")).network == Network(mode="host")


def test_a_seccomp_file_is_the_same_however_it_is_laid_out() -> None:
    profile = '{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}'
    laid_out = '{\n "syscalls": [],\n "defaultAction": "SCMP_ACT_ERRNO"\n}\n'
    facts = FixedFacts(texts={"/specs/p.json": laid_out})
    assert right(spec("security: {seccomp: {file: p.json}}"), facts).security.seccomp == Seccomp(
        kind="file", path="/specs/p.json", profile=profile
    )


def test_devices_and_sysctls_have_one_spelling() -> None:
    body = """
        security:
          devices: [{source: /dev/kvm}, {source: /dev/a, target: /dev/b, permissions: mr}]
          sysctls: {net/core/somaxconn: 1}
    """
    security = right(spec(body)).security
    assert security.devices == (
        Device(source="/dev/kvm", target="/dev/kvm"),
        Device(source="/dev/a", target="/dev/b", permissions="rm"),
    )
    assert security.sysctls == {"net.core.somaxconn": "1"}


def test_a_life_is_decoded_whole() -> None:
    body = """
        lifecycle:
          ttl: 2d
          stopGrace: 1m
          stopSignal: RTMIN+3
          init: false
          restart: {policy: on-failure, max: 2}
          setup: [[a, b], [c]]
          autoRemove: true
          replace: start-first
          ready: {minSeconds: 1.25, timeout: 2m}
        health: {command: [ok], interval: 3s}
        commit: {image: "localhost/x:1", when: on-exit, author: me}
    """
    sandbox = right(spec(body))
    assert sandbox.lifecycle == Lifecycle(
        ttl=Milliseconds(172_800_000),
        stop_grace=Milliseconds(60_000),
        stop_signal="SIGRTMIN+3",
        init=False,
        restart=Restart(policy="on-failure", max=2),
        setup=(("a", "b"), ("c",)),
        auto_remove=True,
        replace="start-first",
        ready=Ready(min_seconds=Milliseconds(1250), timeout=Milliseconds(120_000)),
    )
    assert sandbox.health == Health(command=("ok",), interval=Milliseconds(3000))
    assert sandbox.commit == Commit(image="localhost/x:1", when="on-exit", author="me")


def test_a_backend_s_section_keeps_what_only_it_knows() -> None:
    body = "kubernetes: {probeImage: 'busybox:1.36', accept: [network], namespace: lab, pod: {spec: {a: [1, {b: c}]}}}"
    assert right(spec(body)).kubernetes == BackendSection(
        probe_image="docker.io/library/busybox:1.36",
        accept=("network",),
        settings={"namespace": "lab", "pod": {"spec": {"a": [1, {"b": "c"}]}}},
    )


def test_an_archive_is_known_by_its_digest() -> None:
    facts = FixedFacts(digests={"/specs/box.tar": "ab" * 32})
    sandbox = right(spec(image="{archive: box.tar, pull: never}"), facts)
    assert sandbox.image == Image(pull="never", archive=ImageArchive(path="/specs/box.tar", digest="ab" * 32))
    assert sandbox.image.name == "localhost/sandboxctl-archive:" + "ab" * 16


def test_an_error_leaves_the_rest_to_be_found_in_the_same_look() -> None:
    _, problems, _ = decoded(spec("workdir: w\nresources: {memory: 1, cpu: x}\nnetwork: public"))
    assert [problem.code for problem in problems] == ["path", "quantity", "quantity", "reserved-network"]
