"""The `kubernetes` section on a real cluster: what it says reaches the pod, a second plan is empty, and drift is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection
from sandboxctl.backends.kubernetes.live import again
from sandboxctl.plan import Kind
from sandboxctl.spec import Loaded
from tests.contract.test_kubernetes import NO_GATE, SmallBench
from tests.contract.workbench import Workbench
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

QUICK: dict[str, Any] = {"lifecycle": {"stopGrace": "1s"}}
RAW: dict[str, Any] = {"security": {"allow": ["raw-options"]}}


@pytest.fixture
def bench(
    kubernetes_engine: Cluster, kubernetes_images: NodeImages, clean_home: Path, tmp_path: Path
) -> Iterator[Workbench]:
    """sandboxctl, led to the cluster."""
    where = Connection(kubeconfig=kubernetes_engine.kubeconfig, namespace=kubernetes_engine.namespace)
    backend = connect("kubernetes", where)
    directory = tmp_path / "specs"
    directory.mkdir()
    yield SmallBench(backend=backend, directory=directory, image=kubernetes_images.busybox)
    backend.close()


@contextmanager
def made(cluster: Cluster, document: Mapping[str, Any]) -> Iterator[str]:
    """An object of somebody else's, for as long as this lasts; its name."""
    cluster.make(document)
    name = str(document["metadata"]["name"])
    try:
        yield name
    finally:
        cluster.kubectl("delete", str(document["kind"]), name, "--wait=false")


def live(cluster: Cluster, name: str) -> dict[str, Any]:
    """The spec of the live pod."""
    found = cluster.get("pod", name)
    assert found is not None
    return dict(found["spec"])


def put_in_place_of(cluster: Cluster, name: str, change: Mapping[str, Any]) -> None:
    """Another pod under our name, with our labels and our field manager, and with another spec."""
    pod = cluster.get("pod", name)
    assert pod is not None
    document: dict[str, Any] = again(pod)
    document["spec"] |= change
    cluster.kubectl("delete", "pod", name, "--grace-period=0", "--force")
    words = ("apply", "--server-side", "--field-manager=sandboxctl", "--filename", "-")
    cluster.kubectl(*words, stdin=json.dumps(document))


def pending(bench: Workbench, sandbox: Loaded) -> list[tuple[str, str]]:
    """What a plan would change, and why."""
    return [
        (".".join(change.key), change.cause.value)
        for action in bench.plan(sandbox).actions
        for change in action.changes
    ]


PLACED: dict[str, Any] = {
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "Exists"}]}]
            }
        },
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 1,
                    "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"app": "other"}},
                        "matchLabelKeys": ["team"],
                    },
                }
            ]
        },
    },
    "tolerations": [
        {"key": "lab", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "zone", "value": "far"},
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 7},
    ],
    "topologySpread": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": {"team": "ml"}},
        }
    ],
}


def test_where_a_pod_may_run_reaches_it_and_stays(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": PLACED}, metadata={"labels": {"team": "ml"}})
    bench.applied(sandbox)
    spec = live(kubernetes_engine, kubernetes_name)
    assert spec["nodeSelector"] == PLACED["nodeSelector"]
    assert spec["affinity"]["nodeAffinity"] == PLACED["affinity"]["nodeAffinity"]
    assert [each for each in spec["tolerations"] if each in PLACED["tolerations"]] == PLACED["tolerations"]
    assert spec["topologySpreadConstraints"] == PLACED["topologySpread"]
    assert pending(bench, sandbox) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nodeSelector": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": "elsewhere"}}, None),
        ({"nodeSelector": {"kubernetes.io/arch": "amd64"}}, "kubernetes.nodeSelector.kubernetes.io/os"),
        ({"topologySpreadConstraints": []}, "kubernetes.topologySpread.0.labelSelector.matchLabels.team"),
        ({"affinity": {}}, "kubernetes.affinity.nodeAffinity"),
        ({"tolerations": [{"key": "lab", "operator": "Exists"}]}, "kubernetes.tolerations.zone Equal far"),
    ],
    ids=["more than was asked for", "node selector", "topology spread", "affinity", "tolerations"],
)
def test_a_pod_with_another_place_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, change: dict[str, Any], field: str | None
) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": PLACED}, metadata={"labels": {"team": "ml"}})
    bench.applied(sandbox)
    put_in_place_of(kubernetes_engine, kubernetes_name, change)
    found = pending(bench, sandbox)
    assert {cause for _, cause in found} <= {"drift"}
    assert (field is None and not found) or any(name.startswith(field or "?") for name, _ in found), found


def test_a_replace_that_fails_brings_back_a_pod_with_its_place(bench: Workbench, kubernetes_name: str) -> None:
    placed = ({"kubernetes": PLACED}, QUICK, NO_GATE)
    old = bench.spec(kubernetes_name, *placed, metadata={"labels": {"team": "ml"}})
    bench.applied(old)
    nosuch = bench.spec(kubernetes_name, *placed, {"command": ["/nosuch"]}, metadata={"labels": {"team": "ml"}})
    (result,) = bench.apply(nosuch)
    assert (result.code, result.rolled_back) == (6, True)
    assert pending(bench, old) == []


def test_a_toleration_that_somebody_added_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE)
    bench.applied(sandbox)
    added = [*live(kubernetes_engine, kubernetes_name)["tolerations"], {"operator": "Exists"}]
    patch = json.dumps({"spec": {"tolerations": added}})
    kubernetes_engine.kubectl("patch", "pod", kubernetes_name, "--patch", patch)
    assert pending(bench, sandbox) == [("kubernetes.tolerationsChangedBy", "drift")]
    assert bench.applied(sandbox) == "replaced"
    assert pending(bench, sandbox) == []


def test_a_priority_class_reaches_the_pod(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    priority = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 7,
                "metadata": {"name": kubernetes_name}, "preemptionPolicy": "Never"}  # fmt: skip
    with made(kubernetes_engine, priority) as name:
        sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": {"priorityClass": name}})
        bench.applied(sandbox)
        spec = live(kubernetes_engine, kubernetes_name)
        assert (spec["priorityClassName"], spec["priority"]) == (name, 7)
        assert pending(bench, sandbox) == []
        put_in_place_of(kubernetes_engine, kubernetes_name, {"priorityClassName": "", "preemptionPolicy": None})
        assert pending(bench, sandbox) == [("kubernetes.priorityClass", "drift")]


def test_a_priority_class_that_is_not_there_is_named_with_its_line(bench: Workbench, kubernetes_name: str) -> None:
    (result,) = bench.apply(bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": {"priorityClass": "nosuch"}}))
    assert result.code == 3
    assert "nosuch" in (result.brief or "")


def test_a_service_account_is_that_of_the_spec_and_brings_no_token(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": kubernetes_name},
               "imagePullSecrets": [{"name": "of-the-account"}]}  # fmt: skip
    with made(kubernetes_engine, account) as name:
        sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": {"serviceAccount": name}})
        bench.applied(sandbox)
        spec = live(kubernetes_engine, kubernetes_name)
        assert (spec["serviceAccountName"], spec["automountServiceAccountToken"]) == (name, False)
        assert spec["imagePullSecrets"] == [{"name": "of-the-account"}]
        assert bench.sh(kubernetes_name, "ls /var/run/secrets 2>/dev/null; true") == ""
        assert pending(bench, sandbox) == []
        put_in_place_of(kubernetes_engine, kubernetes_name, {"serviceAccountName": "default", "serviceAccount": None})
        assert ("kubernetes.serviceAccount", "drift") in pending(bench, sandbox)


def test_a_service_account_that_is_not_there_is_named(bench: Workbench, kubernetes_name: str) -> None:
    (result,) = bench.apply(bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": {"serviceAccount": "nosuch"}}))
    assert result.code == 3
    assert 'serviceaccount "nosuch" not found' in (result.brief or "")


def test_pull_secrets_reach_the_pod(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, {"kubernetes": {"imagePullSecrets": ["one", "two"]}})
    bench.applied(sandbox)
    assert live(kubernetes_engine, kubernetes_name)["imagePullSecrets"] == [{"name": "one"}, {"name": "two"}]
    assert pending(bench, sandbox) == []
    put_in_place_of(kubernetes_engine, kubernetes_name, {"imagePullSecrets": [{"name": "two"}]})
    assert pending(bench, sandbox) == [("kubernetes.imagePullSecrets.one", "drift")]


def test_a_runtime_class_reaches_the_pod_and_what_it_adds_is_no_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    """The handler is every node's own, so this is about the class; a node with gVisor has `test_gvisor` besides."""
    scheduling = {"nodeSelector": {"kubernetes.io/os": "linux"}, "tolerations": [{"key": "vm", "operator": "Exists"}]}
    runtime = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "runc",
               "metadata": {"name": kubernetes_name}, "scheduling": scheduling}  # fmt: skip
    with made(kubernetes_engine, runtime) as name:
        sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, {"security": {"runtime": name}})
        bench.applied(sandbox)
        spec = live(kubernetes_engine, kubernetes_name)
        assert spec["runtimeClassName"] == name
        assert {"key": "vm", "operator": "Exists"} in spec["tolerations"]
        assert pending(bench, sandbox) == []


def test_a_runtime_class_that_is_not_there_is_refused_and_named(bench: Workbench, kubernetes_name: str) -> None:
    (result,) = bench.apply(bench.spec(kubernetes_name, QUICK, NO_GATE, {"security": {"runtime": "nosuch"}}))
    assert result.code == 3
    assert 'RuntimeClass "nosuch" not found' in (result.brief or "")


ADDED: dict[str, Any] = {
    "spec": {
        "subdomain": "lab",
        "volumes": [{"name": "disk", "emptyDir": {"sizeLimit": "1024Mi"}}],
        "containers": [
            {
                "name": "sandbox",
                "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                "volumeMounts": [
                    {"name": "disk", "mountPath": "/disk"},
                    {"name": "disk", "mountPath": "/shown", "readOnly": True},
                ],
                "lifecycle": {"preStop": {"exec": {"command": ["true"]}}},
                "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 5},
            }
        ],
    }
}


def test_what_a_spec_adds_to_a_pod_by_itself_works_and_stays(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, RAW, {"kubernetes": {"pod": ADDED}, "env": {"A": "b"}})
    bench.applied(sandbox)
    script = 'echo hello >/disk/x; echo "$POD_NAME $A $(cat /shown/x)"; touch /shown/y 2>/dev/null || echo read-only'
    assert bench.sh(kubernetes_name, script) == f"{kubernetes_name} b hello\nread-only"
    assert live(kubernetes_engine, kubernetes_name)["subdomain"] == "lab"
    assert pending(bench, sandbox) == []
    more = deepcopy(ADDED)
    more["spec"]["containers"][0]["livenessProbe"]["periodSeconds"] = 6
    changed = bench.spec(kubernetes_name, QUICK, NO_GATE, RAW, {"kubernetes": {"pod": more}, "env": {"A": "b"}})
    key = "kubernetes.pod.spec.containers.sandbox.livenessProbe.periodSeconds"
    assert pending(bench, changed) == [(key, "spec")]
    assert [action.kind for action in bench.plan(changed).actions] == [Kind.REPLACE]


def test_what_a_spec_added_changes_in_place_with_the_rest(bench: Workbench, kubernetes_name: str) -> None:
    added = {"kubernetes": {"pod": ADDED}}
    bench.applied(bench.spec(kubernetes_name, QUICK, NO_GATE, RAW, added))
    before = bench.observed(kubernetes_name).ref
    more = bench.spec(
        kubernetes_name, QUICK, NO_GATE, RAW, added, {"resources": {"memory": "80Mi"}}, metadata={"labels": {"a": "b"}}
    )
    assert bench.applied(more) == "updated"
    assert bench.observed(kubernetes_name).ref == before
    assert pending(bench, more) == []


def test_a_pod_without_what_the_spec_added_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE, RAW, {"kubernetes": {"pod": ADDED}})
    bench.applied(sandbox)
    container = live(kubernetes_engine, kubernetes_name)["containers"][0]
    del container["livenessProbe"]
    container["volumeMounts"] = [each for each in container["volumeMounts"] if each["mountPath"] != "/shown"]
    put_in_place_of(kubernetes_engine, kubernetes_name, {"containers": [container], "subdomain": "elsewhere"})
    found = pending(bench, sandbox)
    assert {cause for _, cause in found} == {"drift"}
    fields = {name for name, _ in found}
    assert "kubernetes.pod.spec.subdomain" in fields
    assert "kubernetes.pod.spec.containers.sandbox.livenessProbe.periodSeconds" in fields
    assert any(name.startswith("mounts./shown") for name in fields), fields


def test_a_mount_that_nobody_asked_for_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, QUICK, NO_GATE)
    bench.applied(sandbox)
    spec = live(kubernetes_engine, kubernetes_name)
    volumes = [*spec["volumes"], {"name": "theirs", "emptyDir": {}}]
    container = spec["containers"][0]
    container["volumeMounts"].append({"name": "theirs", "mountPath": "/theirs"})
    put_in_place_of(kubernetes_engine, kubernetes_name, {"containers": [container], "volumes": volumes})
    assert {name for name, _ in pending(bench, sandbox)} == {
        "mounts./theirs.readOnly", "mounts./theirs.source", "mounts./theirs.type"
    }  # fmt: skip


def test_an_extended_resource_is_asked_of_the_node(bench: Workbench, kubernetes_name: str) -> None:
    device = {"spec": {"containers": [{"name": "sandbox", "resources": {"limits": {"lab.example/device": "1"}}}]}}
    ready = {"lifecycle": {"ready": {"timeout": "2s"}}}
    (result,) = bench.apply(bench.spec(kubernetes_name, NO_GATE, RAW, {"kubernetes": {"pod": device}}, ready))
    assert result.code == 6
    assert "Insufficient lab.example/device" in (result.brief or "")


def setup(*commands: str) -> dict[str, Any]:
    """Commands of `lifecycle.setup`."""
    return {"lifecycle": {"stopGrace": "1s", "setup": [["sh", "-c", command] for command in commands]}}


def test_setup_runs_in_the_sandbox_in_order_before_it_counts_as_ready(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, NO_GATE, setup("id -u >first", "cat first >second; hostname >>second"))
    bench.applied(sandbox)
    assert bench.sh(kubernetes_name, "cat second") == f"10001\n{kubernetes_name}"
    steps = [event.step for event in bench.events]
    assert steps.index("setup") < steps.index("verify")
    assert pending(bench, sandbox) == []
    changed = bench.spec(kubernetes_name, NO_GATE, setup("echo another >first"))
    assert pending(bench, changed) == [("lifecycle.setup", "spec")]
    kubernetes_engine.kubectl("delete", "pod", kubernetes_name)
    assert bench.applied(changed) == "created"
    assert bench.sh(kubernetes_name, "cat first") == "another"


def test_a_setup_that_fails_leaves_nothing(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    (result,) = bench.apply(bench.spec(kubernetes_name, NO_GATE, setup("echo sorry; exit 3")))
    assert (result.code, result.brief) == (6, f"{kubernetes_name}: setup command `sh` failed with code 3\n  sorry")
    assert not any(kubernetes_name in each for each in kubernetes_engine.names("pods,networkpolicies"))


def test_a_setup_whose_program_is_not_there_says_so(bench: Workbench, kubernetes_name: str) -> None:
    nosuch = {"lifecycle": {"stopGrace": "1s", "setup": [["nosuch"]]}}
    (result,) = bench.apply(bench.spec(kubernetes_name, NO_GATE, nosuch))
    assert (result.code, result.brief) == (6, f"{kubernetes_name}: setup command `nosuch` failed with code 127")


def test_a_sandbox_that_is_brought_back_is_set_up_again(bench: Workbench, kubernetes_name: str) -> None:
    old = bench.spec(kubernetes_name, NO_GATE, setup("echo one >it"))
    bench.applied(old)
    (result,) = bench.apply(bench.spec(kubernetes_name, NO_GATE, setup("echo two >it; exit 1")))
    assert (result.code, result.rolled_back) == (6, True)
    assert bench.sh(kubernetes_name, "cat it") == "one"
    assert pending(bench, old) == []
