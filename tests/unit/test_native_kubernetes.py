"""What a cluster's answers mean, on answers as a v1.34.4 gave them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.backends.base import Connection, Json, Key
from sandboxctl.backends.kubernetes import api, condition, endpoint, native, policies, quantities, streams
from sandboxctl.backends.kubernetes.api import FIELD_MANAGER, Refusal, error_of, first_line
from sandboxctl.backends.kubernetes.inspection import Surroundings
from sandboxctl.backends.kubernetes.native import Found
from sandboxctl.errors import AbsentError, ConflictError, ExecError, InvalidError, UnreachableError
from sandboxctl.quantity import Bytes, MilliCpu, Milliseconds
from sandboxctl.render import render
from sandboxctl.spec import (
    BackendSection,
    Capabilities,
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
    Security,
    TmpfsMount,
    VolumeMount,
)

URL = "https://cluster.example:6443"
IMAGE = Image(ref="docker.io/library/busybox:1")

SANDBOXES = {
    "plain": Sandbox(name="py", image=IMAGE),
    "rich": Sandbox(
        name="py",
        image=IMAGE,
        command=("sh", "-c"),
        args=("echo $(HOME) $$",),
        run=None,
        tty=True,
        stdin=True,
        labels={"team": "ml"},
        annotations={"owner": "data platform"},
        env={
            "A": "{{ 7*7 }} $(HOME) $$",
            "TOKEN": Secret("s3cret", origin="fromEnv: TOKEN"),
            "KEY": KeyReference(kind="secret", name="theirs", key="k"),
            "OPTION": KeyReference(kind="configMap", name="options", key="k"),
        },
        resources=Resources(
            cpu=MilliCpu(1500),
            memory=Bytes(2**28),
            requests=Requests(cpu=MilliCpu(500)),
            shm=Bytes(2**20),
            disk=Bytes(2**30),
            gpus=2,
        ),
        network=Network(
            mode="bridge",
            ports=(Port(container=80, host=8080), Port(container=53, host=0, protocol="udp")),
            dns=Dns(servers=("1.1.1.1",), search=("lab",), options=("ndots:2", "rotate")),
            hosts={"db": "10.0.0.1"},
            egress=(EgressRule(cidr="10.0.0.0/8", ports=("443/tcp", "53/udp")), EgressRule(cidr="1.1.1.1/32")),
        ),
        mounts=(
            TmpfsMount(target="/scratch", size=Bytes(2**20), exec=True, mode="0750"),
            VolumeMount(target="/v", source="vol", size=Bytes(2**30), sub_path="a"),
            FileMount(target="/etc/a", content="hello\n", mode="0440"),
            FileMount(target="/etc/b", content=Secret("x", origin="fromEnv: X"), mode="0400"),
            ObjectMount(target="/cm", kind="configMap", name="cm", items={"a": "b"}),
        ),
        security=Security(
            groups=(5, 6),
            capabilities=Capabilities(add=("NET_BIND_SERVICE",)),
            seccomp=Seccomp(kind="localhost", path="profiles/x.json"),
            apparmor="prof",
            user_namespace="auto",
            runtime="gvisor",
            sysctls={"net.ipv4.ip_unprivileged_port_start": "80"},
        ),
        health=Health(command=("test", "-e", "$(x)"), interval=Milliseconds(1500)),
        lifecycle=Lifecycle(stop_grace=Milliseconds(1500), restart=Restart(policy="always"), init=False),
        kubernetes=BackendSection(settings={"nodeSelector": {"a": "b"}, "serviceAccount": "runner"}),
    ),
    "platform": Sandbox(name="py", image=Image(ref="docker.io/library/busybox:1", platform="linux/arm64/v8")),
    "host": Sandbox(name="py", image=IMAGE, network=Network(mode="host")),
    "no rules": Sandbox(name="py", image=IMAGE, network=Network(mode="bridge", egress=())),
}


def as_live(sandbox: Sandbox) -> Found:
    """The rendered documents as a server stores them."""
    documents: list[Any] = [json.loads(json.dumps(each)) for each in render(sandbox, "kubernetes").documents]
    by_kind: dict[str, Any] = {}
    for each in documents:
        by_kind[each["kind"]] = each
    pod = by_kind["Pod"]
    pod["metadata"] |= {"uid": "u-1", "namespace": "lab", "creationTimestamp": "2026-11-25T04:18:04Z"}
    pod["spec"].setdefault("serviceAccountName", "default")
    return Found(
        pod=pod,
        around=Surroundings(
            policies=[by_kind["NetworkPolicy"]] if "NetworkPolicy" in by_kind else [],
            config_map=by_kind.get("ConfigMap"),
            secret=by_kind.get("Secret"),
            service=by_kind.get("Service"),
        ),
    )


@pytest.mark.parametrize("sandbox", SANDBOXES.values(), ids=SANDBOXES)
def test_what_was_rendered_is_read_back_as_the_spec_has_it(sandbox: Sandbox) -> None:
    wanted = native.wanted(sandbox)
    live = native.observed(as_live(sandbox), FIELD_MANAGER).fields
    hidden = {key for key in wanted.fields if any(native.within(key, prefix) for prefix in native.HIDDEN)}
    expected: dict[Key, Json] = {key: value for key, value in wanted.fields.items() if key not in hidden}
    expected |= {key: secret.reveal() for key, secret in wanted.secrets.items() if isinstance(secret, Secret)}
    assert live == expected


@pytest.mark.parametrize(
    ("text", "whole", "milli"),
    [
        ("1", 1, 1000),
        ("500m", 1, 500),
        ("1.5", 2, 1500),
        ("512Mi", 512 * 2**20, 512 * 2**20 * 1000),
        ("1G", 10**9, 10**12),
        ("128974848", 128974848, 128974848000),
        (None, None, None),
    ],
)
def test_a_quantity_is_read_exactly(text: str | None, whole: int | None, milli: int | None) -> None:
    assert (quantities.whole(text), quantities.milli(text)) == (whole, milli)


def pod(status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "sandbox", "image": "x"}], "initContainers": [{"name": "network-gate"}]}
    return {"metadata": {"name": "py", "uid": "u", **metadata}, "spec": spec, "status": status}


def container(**state: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "sandbox", "state": state}]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Running", **container(running={})}, ("running", None, "", False)),
        ({"phase": "Succeeded", **container(terminated={"exitCode": 0, "reason": "Completed"})},
         ("exited", 0, "", False)),
        ({"phase": "Failed", **container(terminated={"exitCode": 128, "reason": "StartError", "message": "no"})},
         ("exited", 128, "", True)),
        ({"phase": "Pending", **container(waiting={"reason": "ErrImagePull", "message": "gone"})},
         ("restarting", None, "ErrImagePull: gone", True)),
        ({"phase": "Pending", **container(waiting={"reason": "ContainerCreating"})},
         ("restarting", None, "ContainerCreating", False)),
        ({"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}]},
         ("restarting", None, "Unschedulable: 0/1 nodes", False)),
        ({"phase": "Running", **container(waiting={"reason": "CrashLoopBackOff", "message": "back-off"})},
         ("restarting", None, "CrashLoopBackOff: back-off", True)),
        ({"phase": "Pending", "initContainerStatuses": [
            {"name": "network-gate", "state": {"terminated": {"exitCode": 1, "message": "still open"}}}]},
         ("restarting", None, "network gate: still open", True)),
    ],
)  # fmt: skip
def test_how_a_pod_is_in_the_planners_words(status: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found = condition.status(pod(status))
    waiting = found.waiting if found.state != "exited" else ""
    assert (found.state, found.exit_code, waiting, found.doomed) == expected


def test_a_pod_that_is_being_deleted_is_going_whatever_its_phase_says() -> None:
    found = condition.status(
        pod({"phase": "Running", **container(running={})}, deletionTimestamp="2026-11-25T04:18:04Z")
    )
    assert found.state == "removing"


def test_a_child_that_ran_out_of_memory_is_seen_though_the_pod_succeeded() -> None:
    found = condition.status(
        pod({"phase": "Succeeded", **container(terminated={"exitCode": 0, "reason": "OOMKilled"})})
    )
    assert (found.exit_code, found.oom_killed) == (0, True)


def test_an_eviction_is_told_by_the_pods_own_reason() -> None:
    status = {"phase": "Failed", "reason": "Evicted", "message": "Usage exceeds the limit\nmore"}
    assert condition.status(pod(status)).error == "Evicted: Usage exceeds the limit"


def policy(name: str, spec: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


OURS = {"sandboxctl.dev/name": "py"}
CLOSED = policy("py", {"podSelector": {"matchLabels": OURS}, "policyTypes": ["Ingress", "Egress"]}, **OURS)
EVERYTHING = policy("open", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], (None, False, ())),
        ([CLOSED], ((), True, ())),
        ([CLOSED, EVERYTHING], (({"cidr": "0.0.0.0/0", "ports": []},), True, ("open",))),
        ([policy("other", {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": ["Egress"]})],
         (None, False, ())),
    ],
)  # fmt: skip
def test_policies_add_up(found: list[dict[str, Any]], expected: tuple[Any, ...]) -> None:
    sight = policies.sight({"metadata": {"labels": OURS}}, found)
    assert (sight.egress, sight.closed, sight.opened_by) == expected


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ({"key": "a", "operator": "In", "values": ["b"]}, True),
        ({"key": "a", "operator": "NotIn", "values": ["b"]}, False),
        ({"key": "a", "operator": "Exists"}, True),
        ({"key": "c", "operator": "DoesNotExist"}, True),
        ({"key": "c", "operator": "In", "values": ["b"]}, False),
    ],
)
def test_a_selector_takes_what_its_expressions_say(expression: dict[str, Any], taken: bool) -> None:
    assert policies.selects({"matchExpressions": [expression]}, {"a": "b"}) is taken


@pytest.mark.parametrize(
    ("status", "message", "kind", "words"),
    [
        (401, "Unauthorized", UnreachableError, "does not know us"),
        (403, 'pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "y"',
         UnreachableError, "cannot create"),
        (403, 'pods "a" is forbidden: violates PodSecurity "restricted:latest"', InvalidError, "violates PodSecurity"),
        (403, 'pods "a" is forbidden: exceeded quota: q', InvalidError, "exceeded quota"),
        (404, 'namespaces "x" not found', InvalidError, "not found"),
        (409, 'pods "a" already exists', ConflictError, "already exists"),
        (422, "Pod is invalid", InvalidError, "Pod is invalid"),
        (500, 'failed calling webhook "w": deadline exceeded', UnreachableError, "webhook"),
        (500, "field not declared in schema", InvalidError, "field not declared"),
        (503, "the server is currently unable", UnreachableError, "not ready"),
    ],
)  # fmt: skip
def test_each_refusal_is_an_error_with_its_exit_code(status: int, message: str, kind: type, words: str) -> None:
    found = error_of(Refusal(status=status, reason="", message=message), URL)
    assert type(found) is kind
    assert words in found.brief


def test_what_a_422_says_beyond_its_first_line_is_never_shown() -> None:
    text = 'Pod "py" is invalid: spec: Forbidden: pod updates may not change fields\n  core.PodSpec{... "s3cret" ...}'
    assert first_line(text) == 'Pod "py" is invalid: spec: Forbidden: pod updates may not change fields'
    assert "s3cret" not in first_line('invalid: core.PodSpec{Env: "s3cret"}')


def test_a_conflict_names_the_manager_and_the_field() -> None:
    cause = {"reason": "FieldManagerConflict", "field": ".metadata.labels.team", "message": 'conflict with "kubectl"'}
    found = error_of(Refusal(status=409, reason="Conflict", message="Apply failed", causes=(cause,)), URL)
    assert found.brief == 'others manage what the spec sets: metadata.labels.team: conflict with "kubectl"'


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"status": "Success"}, 0),
        ({"status": "Failure", "details": {"causes": [{"reason": "ExitCode", "message": "42"}]}}, 42),
        ({"status": "Failure", "message": 'exec: "x": executable file not found in $PATH'}, 127),
        ({"status": "Failure", "message": 'exec: "/etc": permission denied'}, 126),
    ],
)
def test_the_exit_code_is_in_the_status(status: dict[str, Any], code: int) -> None:
    assert streams.exit_code(json.dumps(status).encode()) == code


def test_a_container_that_is_gone_is_not_running() -> None:
    with pytest.raises(ExecError):
        streams.exit_code(b'{"status": "Failure", "message": "container not found (\\"sandbox\\")"}')


def test_a_stream_that_breaks_off_gives_no_code() -> None:
    with pytest.raises(UnreachableError):
        streams.exit_code(b"")


CONFIG: dict[str, Any] = {
    "current-context": "a",
    "contexts": [
        {"name": "a", "context": {"cluster": "c", "user": "u", "namespace": "lab"}},
        {"name": "b", "context": {"cluster": "c", "user": "nosuch"}},
    ],
    "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:8001"}}],
    "users": [{"name": "u", "user": {"token": "t0ken"}}],
}


def kubeconfig(tmp_path: Path, text: str) -> Connection:
    path = tmp_path / "config"
    path.write_text(text)
    return Connection(kubeconfig=str(path))


def test_a_context_says_where_and_as_whom(tmp_path: Path) -> None:
    found = endpoint.resolve(kubeconfig(tmp_path, json.dumps(CONFIG)))
    assert (found.namespace, found.endpoint.url) == ("lab", "http://127.0.0.1:8001")
    assert found.endpoint.headers == {"Host": "127.0.0.1:8001", "Authorization": "Bearer t0ken"}
    assert "t0ken" not in repr(found)


def test_the_namespace_of_the_command_line_wins(tmp_path: Path) -> None:
    connection = kubeconfig(tmp_path, json.dumps(CONFIG))
    found = endpoint.resolve(Connection(kubeconfig=connection.kubeconfig, namespace="mine"))
    assert found.namespace == "mine"


def test_a_kubeconfig_in_yaml_is_read_as_well(tmp_path: Path) -> None:
    import yaml

    assert endpoint.resolve(kubeconfig(tmp_path, yaml.safe_dump(CONFIG))).namespace == "lab"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("[]", "is empty"),
        ("- a", "is no mapping"),
        ("{", "is no YAML"),
        ("a: b", "has no current context"),
        (json.dumps({**CONFIG, "current-context": "z"}), "has no context z"),
        (json.dumps({**CONFIG, "current-context": "b"}), "has no user nosuch"),
        (json.dumps({**CONFIG, "clusters": []}), "has no cluster c"),
        (json.dumps({**CONFIG, "clusters": [{"name": "c", "cluster": {}}]}), "no usable `server`"),
    ],
)
def test_a_kubeconfig_that_is_no_use_says_so(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UnreachableError, match=words):
        endpoint.resolve(kubeconfig(tmp_path, text))


def test_a_kubeconfig_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="cannot read the kubeconfig"):
        endpoint.resolve(Connection(kubeconfig=str(tmp_path / "absent")))


def test_without_any_kubeconfig_there_is_no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(AbsentError):
        endpoint.resolve(Connection())


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"server": URL, "insecure-skip-tls-verify": True}, "lets anybody pose as the cluster"),
        ({"server": "http://cluster.example"}, "on the loopback only"),
        ({"server": URL, "proxy-url": "http://proxy"}, "not built yet"),
    ],
)
def test_a_connection_that_proves_nothing_is_refused(tmp_path: Path, cluster: dict[str, Any], words: str) -> None:
    config = {**CONFIG, "clusters": [{"name": "c", "cluster": cluster}]}
    with pytest.raises(InvalidError, match=words):
        endpoint.resolve(kubeconfig(tmp_path, json.dumps(config)))


def test_the_paths_of_kinds_are_those_of_the_namespace() -> None:
    found = api.Api(endpoint.Endpoint(label="Kubernetes", url=URL), namespace="lab", timeout=1)
    assert found.location("NetworkPolicy", "py") == "/apis/networking.k8s.io/v1/namespaces/lab/networkpolicies/py"
