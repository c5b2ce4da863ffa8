"""Rendering: spec values are data, secrets are masked by structure, and engines are asked only what they honour."""

from __future__ import annotations

import base64
import copy
import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sandboxctl import payload, template
from sandboxctl.errors import InvalidError
from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds
from sandboxctl.render import render, to_text
from sandboxctl.spec import (
    FORMS,
    BackendSection,
    BindMount,
    Capabilities,
    Device,
    Dns,
    EgressRule,
    FileMount,
    Health,
    Image,
    KeyReference,
    Lifecycle,
    Network,
    ObjectMount,
    Port,
    Requests,
    Resources,
    Restart,
    Sandbox,
    Seccomp,
    Secret,
    SecretDigest,
    Security,
    Selinux,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)

PLAIN = Sandbox(name="py", image=Image(ref="docker.io/library/python:3.12-slim"))

RICH = Sandbox(
    name="rich",
    project="lab",
    labels={"team": "ml"},
    annotations={"owner": "data platform"},
    image=Image(ref="docker.io/library/python:3.12-slim", pull="always", platform="linux/arm64/v8"),
    run=None,
    command=("python3", "-c"),
    args=("print($(HOME))",),
    workdir="/data/work",
    tty=True,
    stdin=True,
    env={"PLAIN": "a b", "TOKEN": Secret("s3cret", origin="fromEnv: TOKEN")},
    resources=Resources(
        cpu=MilliCpu(1500),
        memory=Bytes(2**28),
        swap=Bytes(2**20),
        pids=64,
        requests=Requests(cpu=MilliCpu(250), memory=Bytes(2**27)),
        cpuset="0-1",
        shm=Bytes(2**20),
        ulimits={"nofile": Ulimit(soft=10, hard=20)},
    ),
    network=Network(
        mode="bridge",
        ports=(
            Port(container=80, host=8080),
            Port(container=80, host=0, address="::1"),
            Port(container=53, host=53, protocol="udp"),
        ),
        dns=Dns(servers=("192.0.2.1",), search=("internal",), options=("ndots:2", "rotate")),
        hosts={"db": "192.0.2.2"},
        hostname="worker",
    ),
    mounts=(
        BindMount(target="/data", source="/srv/data", propagation="rslave"),
        VolumeMount(target="/cache", source="cache", size=Bytes(2**30)),
        TmpfsMount(target="/scratch", size=Bytes(2**20), exec=True, mode="0755"),
    ),
    security=Security(
        groups=(5, 6),
        fs_group=7,
        capabilities=Capabilities(drop=("ALL",), add=("NET_BIND_SERVICE",)),
        apparmor="strict",
        selinux=Selinux(type="container_t", level="s0:c1"),
        sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
    ),
    lifecycle=Lifecycle(
        ttl=Milliseconds(60_000),
        stop_grace=Milliseconds(1_500),
        restart=Restart(policy="on-failure", max=3),
    ),
    health=Health(command=("true",), start_period=Milliseconds(2_000)),
)

ONLY_IN_A_CLUSTER = replace(
    RICH,
    name="pod",
    env={**RICH.env, "KEY": KeyReference(kind="secret", name="keys", key="k"), "C": KeyReference(kind="configMap", name="c", key="k")},
    network=replace(RICH.network, egress=(EgressRule(cidr="192.0.2.0/24", ports=("443/tcp", "53/udp")), EgressRule(cidr="198.51.100.0/24"))),
    mounts=(
        *RICH.mounts,
        FileMount(target="/etc/plain", content="{{ 7*7 }}\n"),
        FileMount(target="/etc/private", content=Secret("s3cret", origin="fromEnv: F"), mode="0400"),
        ObjectMount(target="/config", kind="configMap", name="config", items={"a": "b"}),
        ObjectMount(target="/keys", kind="secret", name="keys"),
    ),
    security=replace(RICH.security, runtime="gvisor", user_namespace="auto", seccomp=Seccomp(kind="localhost", path="p.json")),
    kubernetes=BackendSection(
        settings={
            "namespace": "sandboxes",
            "serviceAccount": "runner",
            "imagePullSecrets": ["registry"],
            "nodeSelector": {"pool": "a"},
            "affinity": {"nodeAffinity": {}},
            "tolerations": [{"operator": "Exists"}],
            "priorityClass": "low",
            "topologySpread": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        }
    ),
)  # fmt: skip

ON_A_MACHINE = replace(
    RICH,
    security=replace(RICH.security, devices=(Device(source="/dev/fuse", target="/dev/f"),), seccomp=Seccomp(kind="file", path="/p.json", profile="{}")),
)  # fmt: skip

RENDERED = [
    *((sandbox, backend) for sandbox in (PLAIN, RICH) for backend in FORMS),
    (ON_A_MACHINE, "docker"),
    (ON_A_MACHINE, "podman"),
    (ON_A_MACHINE, "quadlet"),
    (ONLY_IN_A_CLUSTER, "kubernetes"),
]


def identify(value: object) -> str:
    return value.name if isinstance(value, Sandbox) else str(value)


def kinds(sandbox: Sandbox) -> dict[str, Any]:
    return {str(document["kind"]): document for document in render(sandbox, "kubernetes").documents}


# Spec values are data


@pytest.mark.parametrize("backend", FORMS)
@pytest.mark.parametrize(
    "text",
    ["{{ 7*7 }}", "{% raw %}", "{# a #}", '"', "\\", "a\nb", "\u2028", "😀", "\x7f\x85", ", }", ",\n}", "y", "0x1F"],
)
def test_an_awkward_value_arrives_as_it_is(backend: str, text: str) -> None:
    documents = json.dumps(render(replace(PLAIN, env={"A": text}), backend).documents)
    assert json.dumps(text)[1:-1] in documents


def test_the_environment_reaches_docker_as_a_map_of_texts() -> None:
    sandbox = replace(PLAIN, env={"B": "{{ 7*7 }}", "A": "1"})
    assert render(sandbox, "docker").documents[0]["environment"] == {"A": "1", "B": "{{ 7*7 }}", "HOME": "/workspace"}


def test_kubernetes_does_not_expand_what_looks_like_a_reference() -> None:
    sandbox = replace(PLAIN, run=None, command=("echo", "$(A)", "$B", "$$"), env={"A": "$(HOME) $5", "B": "$5"})
    container = kinds(sandbox)["Pod"]["spec"]["containers"][0]
    assert container["command"] == ["echo", "$$(A)", "$B", "$$$$"]
    assert [each["value"] for each in container["env"]] == ["$$(HOME) $$5", "$5", "/workspace"]


def test_what_did_not_pass_tojson_cannot_leave_a_template(tmp_path: Path) -> None:
    environment = template.environment(tmp_path)
    for source in ("{{ value }}", "{{ value ~ 'x' }}", "{{ value | upper }}", "{{ 'constant' }}", "{{ 3 }}"):
        with pytest.raises(TypeError, match="did not pass tojson"):
            environment.from_string(source).render(value="x")
    assert environment.from_string("{{ value | tojson }}").render(value="</script>é") == '"</script>\\u00e9"'


def test_a_template_cannot_reach_what_is_private_or_undefined(tmp_path: Path) -> None:
    from jinja2 import UndefinedError
    from jinja2.exceptions import SecurityError

    environment = template.environment(tmp_path)
    with pytest.raises(SecurityError):
        environment.from_string("{{ value.__class__.__mro__ | tojson }}").render(value="x")
    with pytest.raises(UndefinedError):
        environment.from_string("{% if nothing %}{% endif %}").render()
    with pytest.raises(TypeError):
        environment.from_string("{{ nothing | tojson }}").render()


def test_a_secret_that_nobody_revealed_cannot_be_rendered(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        template.environment(tmp_path).from_string("{{ s | tojson }}").render(s=Secret("x", origin="y"))


# What the engines are asked


@pytest.mark.parametrize(("sandbox", "backend"), RENDERED, ids=identify)
def test_every_document_meets_its_payload_schema_by_a_general_validator_too(sandbox: Sandbox, backend: str) -> None:
    validator = Draft202012Validator(payload.schema(backend))
    for document in render(sandbox, backend).documents:
        assert list(validator.iter_errors(document)) == []


@pytest.mark.parametrize("backend", FORMS)
def test_each_payload_schema_is_a_schema(backend: str) -> None:
    Draft202012Validator.check_schema(payload.schema(backend))


def spoilt(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The value with one thing wrong or different in it, for every place in it."""
    for other in (None, True, -1, "x:y", {}):
        yield path, other
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        for place, changed in spoilt(part, (*path, key)):
            whole = copy.copy(value)
            whole[key] = changed
            yield place, whole
    if isinstance(value, dict):
        yield (*path, "+"), {**value, "unheardOf": 1}
        yield from (((*path, key, "-"), {name: value[name] for name in value if name != key}) for key in value)


@pytest.mark.parametrize(("sandbox", "backend"), RENDERED[-4:], ids=identify)
def test_our_checker_and_a_general_validator_agree_on_what_is_wrong(sandbox: Sandbox, backend: str) -> None:
    validator = Draft202012Validator(payload.schema(backend))
    for document in render(sandbox, backend).documents:
        cases = list(spoilt(document))
        for path, changed in cases[:: 1 + len(cases) // 300]:  # the general validator takes its time
            if not isinstance(changed, dict):
                continue
            try:
                payload.check(changed, backend)
                ours = True
            except template.TemplateError:
                ours = False
            assert ours == validator.is_valid(changed), path


def test_a_document_with_an_unknown_name_is_refused_without_its_value() -> None:
    document = copy.deepcopy(render(PLAIN, "docker").documents[0])
    document["host_config"]["read_onIy"] = "secret"  # type: ignore[index, call-overload]
    with pytest.raises(template.TemplateError, match=r"host_config/read_onIy \(additionalProperties\)") as caught:
        payload.check(document, "docker")
    assert "secret" not in str(caught.value)


def test_docker_is_asked_only_what_its_client_knows() -> None:
    from docker.types import ContainerConfig, HostConfig

    schema: Any = payload.schema("docker")
    client_knows = set(inspect.signature(ContainerConfig.__init__).parameters) | {"platform"}
    assert set(schema["properties"]) <= client_knows
    assert set(schema["$defs"]["host_config"]["properties"]) <= set(inspect.signature(HostConfig.__init__).parameters)


def test_dockers_client_makes_of_the_payload_the_request_that_is_meant() -> None:
    from docker.types import ContainerConfig, HostConfig

    document: Any = copy.deepcopy(render(ON_A_MACHINE, "docker").documents[0])
    host = HostConfig(version="1.41", **document.pop("host_config"))
    assert document.pop("platform") == "linux/arm64/v8"
    config = ContainerConfig("1.41", document.pop("image"), document.pop("command"), host_config=host, **document)
    assert {
        key: value for key, value in config.items() if key not in ("HostConfig", "Labels") and value is not None
    } == {
        "Image": "docker.io/library/python:3.12-slim",
        "Entrypoint": ["python3", "-c"],
        "Cmd": ["print($(HOME))"],
        "WorkingDir": "/data/work",
        "Env": ["HOME=/data/work", "PLAIN=a b", "TOKEN=s3cret"],
        "User": "10001:10001",
        "Hostname": "worker",
        "Tty": True,
        "OpenStdin": True,
        "StdinOnce": False,
        "AttachStdin": False,
        "AttachStdout": False,
        "AttachStderr": False,
        "NetworkDisabled": False,
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
        "StopSignal": "SIGTERM",
        "StopTimeout": 2,
        "Healthcheck": {
            "Test": ["CMD", "true"],
            "Interval": 10_000_000_000,
            "Timeout": 5_000_000_000,
            "Retries": 3,
            "StartPeriod": 2_000_000_000,
        },
    }
    assert config["Labels"] == {
        "team": "ml",
        "owner": "data platform",
        "sandboxctl.dev/name": "rich",
        "sandboxctl.dev/project": "lab",
    }
    assert host == {
        "Memory": 2**28,
        "MemorySwap": 2**28 + 2**20,
        "MemoryReservation": 2**27,
        "NanoCpus": 1_500_000_000,
        "CpuShares": 256,
        "CpusetCpus": "0-1",
        "PidsLimit": 64,
        "ShmSize": 2**20,
        "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 20}],
        "NetworkMode": "bridge",
        "PortBindings": {
            "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostIp": "::1", "HostPort": ""}],
            "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}],
        },
        "Dns": ["192.0.2.1"],
        "DnsSearch": ["internal"],
        "DnsOptions": ["ndots:2", "rotate"],
        "ExtraHosts": ["db:192.0.2.2"],
        "ReadonlyRootfs": True,
        "Tmpfs": {
            "/scratch": "rw,nosuid,nodev,exec,size=1048576,uid=10001,gid=7,mode=0755",
            "/tmp": "rw,nosuid,nodev,noexec,size=67108864,uid=10001,gid=7,mode=0700",
        },
        "Mounts": [
            {
                "Type": "bind",
                "Source": "/srv/data",
                "Target": "/data",
                "ReadOnly": True,
                "BindOptions": {"Propagation": "rslave"},
            },
            {
                "Type": "volume",
                "Source": "cache",
                "Target": "/cache",
                "ReadOnly": False,
                "VolumeOptions": {"NoCopy": True},
            },
        ],
        "GroupAdd": ["5", "6", "7"],
        "CapDrop": ["ALL"],
        "CapAdd": ["NET_BIND_SERVICE"],
        "SecurityOpt": [
            "no-new-privileges",
            "seccomp={}",
            "apparmor=strict",
            "label=type:container_t",
            "label=level:s0:c1",
        ],
        "Devices": [{"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/f", "CgroupPermissions": "rw"}],
        "Sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Init": True,
        "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "1"}},
    }


@pytest.mark.parametrize("sandbox", [PLAIN, RICH, ONLY_IN_A_CLUSTER], ids=identify)
def test_every_manifest_is_valid_for_the_official_client(sandbox: Sandbox) -> None:
    from kubernetes import client

    for kind, document in kinds(sandbox).items():
        getattr(client, f"V1{kind}").model_validate(document)


def test_a_default_pod_meets_the_restricted_standard_and_nothing_can_reach_it() -> None:
    documents = kinds(PLAIN)
    assert list(documents) == ["NetworkPolicy", "Pod"]
    assert documents["NetworkPolicy"]["spec"] == {
        "podSelector": {"matchLabels": {"sandboxctl.dev/name": "py"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [],
    }
    spec = documents["Pod"]["spec"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert spec["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False


# Names, labels, owners


@pytest.mark.parametrize("backend", ["docker", "podman"])
def test_sandboxctls_own_labels_stand_beside_the_users(backend: str) -> None:
    document = render(RICH, backend, labels={"sandboxctl.dev/managed": "true"}).documents[0]
    labels: Any = document["labels"]
    assert labels["sandboxctl.dev/managed"] == "true"
    assert labels["sandboxctl.dev/name"] == "rich"
    assert labels["team"] == "ml"


def test_on_kubernetes_every_object_has_the_labels_and_the_pod_alone_what_sandboxctl_notes() -> None:
    documents = render(
        ONLY_IN_A_CLUSTER,
        "kubernetes",
        labels={"sandboxctl.dev/managed": "true"},
        annotations={"sandboxctl.dev/tool": "1"},
    ).documents
    assert len(documents) == 6
    for document in documents:
        metadata: Any = document["metadata"]
        assert metadata["namespace"] == "sandboxes"
        assert metadata["labels"]["sandboxctl.dev/managed"] == "true"
        noted = {"sandboxctl.dev/tool": "1"} if document["kind"] == "Pod" else {}
        assert metadata["annotations"] == {"owner": "data platform", **noted}


def test_a_tmpfs_belongs_to_the_images_user_where_that_is_known_and_else_to_nobody() -> None:
    sandbox = replace(PLAIN, security=replace(PLAIN.security, user=None, group=None, fs_group=None))

    def tmpfs(user: tuple[int, int] | None) -> object:
        host_config: Any = render(sandbox, "docker", user=user).documents[0]["host_config"]
        return host_config["tmpfs"]["/tmp"]

    assert tmpfs(None) == "rw,nosuid,nodev,noexec,size=67108864,mode=0700"
    assert tmpfs((1000, 1001)) == "rw,nosuid,nodev,noexec,size=67108864,uid=1000,gid=1001,mode=0700"


def test_the_name_of_a_config_map_follows_its_contents() -> None:
    def name(content: str) -> str:
        sandbox = replace(PLAIN, mounts=(FileMount(target="/etc/a", content=content),))
        return str(kinds(sandbox)["ConfigMap"]["metadata"]["name"])

    assert name("a") == name("a")
    assert name("a") != name("b")


def test_rendering_twice_gives_the_same() -> None:
    for sandbox, backend in RENDERED:
        assert render(sandbox, backend) == render(sandbox, backend)


# Secrets


@pytest.mark.parametrize("output", ["yaml", "json"])
@pytest.mark.parametrize(("sandbox", "backend"), RENDERED, ids=identify)
def test_no_secret_is_printed_unless_asked_for(sandbox: Sandbox, backend: str, output: Any) -> None:
    rendered = render(sandbox, backend)
    assert rendered.secrets == tuple("s3cret" for _ in rendered.secrets)
    forms = ("s3cret", base64.b64encode(b"s3cret").decode())
    hidden = to_text([rendered], output=output, show_secrets=False)
    assert not any(form in hidden for form in forms)
    assert not any(form in repr(rendered) for form in forms)
    shown = to_text([rendered], output=output, show_secrets=True)
    assert any(form in shown for form in forms) == bool(rendered.secrets)


def test_a_value_that_equals_a_secret_by_chance_is_not_masked() -> None:
    sandbox = replace(PLAIN, env={"PLAIN": "same", "TOKEN": Secret("same", origin="fromEnv: T")})
    assert render(sandbox, "docker").masked[0]["environment"] == {
        "HOME": "/workspace",
        "PLAIN": "same",
        "TOKEN": "(sensitive)",
    }


def test_a_masked_manifest_cannot_be_applied_by_mistake() -> None:
    masked = next(each for each in render(ONLY_IN_A_CLUSTER, "kubernetes").masked if each["kind"] == "Secret")
    assert masked["data"] == {"TOKEN": "(sensitive)", "file-1": "(sensitive)"}  # not base64: refused by every server


def test_a_value_of_which_only_the_fingerprint_is_left_cannot_be_sent() -> None:
    sandbox = replace(PLAIN, env={"T": SecretDigest(origin="fromEnv: T", fingerprint="0" * 32)})
    with pytest.raises(InvalidError, match="only its fingerprint was kept"):
        render(sandbox, "docker")


# The printed form


def test_yaml_documents_are_split_and_read_back_as_they_were() -> None:
    payloads = [render(PLAIN, "docker"), render(RICH, "docker")]
    text = to_text(payloads, output="yaml", show_secrets=True)
    assert list(yaml.safe_load_all(text)) == [document for each in payloads for document in each.documents]
    assert text.startswith("# py\nimage: ")
    assert "\n---\n# rich\nimage: " in text


def test_json_is_a_list_object_for_a_cluster_and_else_an_array_of_names_and_payloads() -> None:
    pods = to_text([render(PLAIN, "kubernetes")], output="json", show_secrets=False)
    assert json.loads(pods) == {
        "apiVersion": "v1",
        "kind": "List",
        "items": list(render(PLAIN, "kubernetes").documents),
    }
    containers = to_text([render(PLAIN, "docker")], output="json", show_secrets=False)
    assert json.loads(containers) == [{"name": "py", "payload": render(PLAIN, "docker").documents[0]}]
    assert to_text([], output="json", show_secrets=False) == "[]\n"
