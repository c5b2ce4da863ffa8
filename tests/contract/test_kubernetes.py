"""The promises on a real cluster, in a namespace that enforces the `restricted` Pod Security Standard."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandboxctl import observe
from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection
from sandboxctl.errors import InvalidError, UnreachableError
from sandboxctl.plan import Kind
from sandboxctl.render import render
from sandboxctl.spec import Loaded
from sandboxctl.verify import verify
from tests.contract.workbench import Fragment, Workbench
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

NO_GATE: dict[str, Any] = {"kubernetes": {"accept": ["network"]}}
"""For tests that are not about the network: its gate takes seconds."""


class SmallBench(Workbench):
    """A node of two CPUs takes two sandboxes of the default size: these ask for less, where a test asks for nothing."""

    def spec(self, name: str, *fragments: Fragment, metadata: Mapping[str, Any] | None = None) -> Loaded:
        return super().spec(name, {"resources": {"cpu": "100m", "memory": "64Mi"}}, *fragments, metadata=metadata)


@pytest.fixture
def bench(
    kubernetes_engine: Cluster, kubernetes_images: NodeImages, clean_home: Path, tmp_path: Path
) -> Iterator[Workbench]:
    """sandboxctl, led to the cluster."""
    backend = connect(
        "kubernetes", Connection(kubeconfig=kubernetes_engine.kubeconfig, namespace=kubernetes_engine.namespace)
    )
    directory = tmp_path / "specs"
    directory.mkdir()
    yield SmallBench(backend=backend, directory=directory, image=kubernetes_images.busybox)
    backend.close()


def ours(cluster: Cluster, name: str) -> dict[str, int]:
    """How many objects of each kind carry a sandbox's name."""
    text = cluster.kubectl(
        "get", "pods,networkpolicies,configmaps,secrets,services", "--selector", f"sandboxctl.dev/name={name}",
        "--output", "json",
    ).stdout  # fmt: skip
    kinds = [each["kind"] for each in json.loads(text)["items"]]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


RICH: dict[str, Any] = {
    "command": ["sh", "-c", "sleep 1000"],
    "env": {"PLAIN": "a $(HOME) $$ {{ 7*7 }}", "TOKEN": {"fromEnv": "SANDBOXCTL_TEST_TOKEN"}},
    "network": {
        "mode": "bridge",
        "ports": ["8080:80"],
        "hosts": {"db": "10.0.0.1"},
        "dns": {"servers": ["10.0.0.2"], "search": ["lab"], "options": ["ndots:2"]},
        "hostname": "elsewhere",
    },
    "resources": {"cpu": "200m", "memory": "128Mi", "requests": {"cpu": "100m"}, "shm": "8Mi", "disk": "1Gi"},
    "mounts": [
        {"type": "tmpfs", "target": "/scratch", "size": "8Mi"},
        {"type": "file", "target": "/etc/app.conf", "content": "hello\n", "mode": "0440"},
        {"type": "file", "target": "/etc/key", "fromEnv": "SANDBOXCTL_TEST_TOKEN", "sensitive": True, "mode": "0400"},
    ],
    "security": {"groups": [5, 6], "fsGroup": 7},
    "health": {"command": ["true"], "interval": "1s"},
    "lifecycle": {"stopGrace": "1s", "init": False, "restart": "on-failure"},
}


@pytest.mark.parametrize("fragment", [{}, RICH], ids=["default", "rich"])
def test_what_was_created_needs_no_change(
    bench: Workbench,
    kubernetes_engine: Cluster,
    kubernetes_name: str,
    monkeypatch: pytest.MonkeyPatch,
    fragment: dict[str, Any],
) -> None:
    monkeypatch.setenv("SANDBOXCTL_TEST_TOKEN", "s3cret")
    sandbox = bench.spec(kubernetes_name, fragment, NO_GATE)
    assert bench.applied(sandbox) == "created"
    plan = bench.plan(sandbox)
    assert [(action.kind, action.changes) for action in plan.actions] == [(Kind.NO_OP, ())]
    assert [action.address for action in plan.actions] == [
        f"kubernetes/{kubernetes_engine.namespace}/{kubernetes_name}"
    ]


def test_a_rich_sandbox_has_its_files_its_variables_and_a_service(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOXCTL_TEST_TOKEN", "s3cret")
    bench.applied(bench.spec(kubernetes_name, RICH, NO_GATE))
    script = 'echo "$PLAIN|$TOKEN|$(cat /etc/app.conf)|$(cat /etc/key)|$(hostname)|$(grep db /etc/hosts)"'
    words = [" ".join(word.split()) for word in bench.sh(kubernetes_name, script).split("|")]
    assert words == ["a $(HOME) $$ {{ 7*7 }}", "s3cret", "hello", "s3cret", "elsewhere", "10.0.0.1 db"]
    assert ours(kubernetes_engine, kubernetes_name) == {
        "ConfigMap": 1, "NetworkPolicy": 1, "Pod": 1, "Secret": 1, "Service": 1
    }  # fmt: skip
    assert [result.outcome for result in bench.delete(kubernetes_name)] == ["deleted"]
    assert ours(kubernetes_engine, kubernetes_name) == {}


def test_no_value_of_a_secret_is_on_the_pod(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOXCTL_TEST_TOKEN", "s3cret-value")
    bench.applied(bench.spec(kubernetes_name, RICH, NO_GATE))
    assert "s3cret-value" not in json.dumps(kubernetes_engine.get("pod", kubernetes_name))


def test_of_the_default_sandbox_each_control_is_what_a_pod_can_promise(
    bench: Workbench, kubernetes_name: str, kubernetes_images: NodeImages, open_target: str
) -> None:
    probing = {"kubernetes": {"probeTarget": open_target, "probeImage": kubernetes_images.python}}
    loaded = bench.spec(kubernetes_name, probing)
    bench.refuse(bench.prepare(loaded).problems)
    (result,) = bench.apply(loaded)
    assert result.outcome == "created", result
    # The probe that apply made stays in the pod for good, so that what is left to ask is the sandbox itself.
    found = verify(
        loaded.sandbox,
        bench.observed(kubernetes_name),
        engine=bench.backend.reader.engine(),
        backend=bench.backend,
        image=None,
        probe_image=None,
    )
    by_status = {each.control: each.status for each in found.controls}
    weaker = {"pids", "ulimit:core", "ulimit:nofile", "mount:/tmp", "mount:/workspace"}
    assert {control for control, status in by_status.items() if status == "weaker"} == weaker
    assert by_status["network"] == "proved"
    assert {control for control, status in by_status.items() if status in ("failed", "unprovable")} == set()


def test_the_probe_proves_what_the_kernel_shows_beside_the_sandbox(
    bench: Workbench, kubernetes_name: str, kubernetes_images: NodeImages
) -> None:
    loaded = bench.spec(kubernetes_name, NO_GATE)
    bench.applied(loaded)
    found = verify(
        loaded.sandbox,
        bench.observed(kubernetes_name),
        engine=bench.backend.reader.engine(),
        backend=bench.backend,
        image=None,
        probe_image=kubernetes_images.python,
    )
    by_evidence = {each.control: (each.status, each.evidence) for each in found.controls}
    for control in ("user", "group", "capabilities.effective", "no-new-privileges", "seccomp", "root-filesystem",
                    "memory", "cpu", "swap", "engine-socket", "service-account-token"):  # fmt: skip
        assert by_evidence[control] == ("proved", "probe"), control


def test_nothing_gets_out_of_a_sandbox_without_a_network(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, open_target: str
) -> None:
    """It tries from its first moment on, which a policy alone would let pass."""
    host, _, port = open_target.rpartition(":")
    tries = f"for i in 1 2 3 4 5; do nc -w 1 {host} {port} -e true && echo OPENED; done; echo tried; sleep 1000"
    sandbox = bench.spec(kubernetes_name, {"command": ["sh", "-c", tries], "kubernetes": {"probeTarget": open_target}})
    bench.applied(sandbox)

    def said() -> list[str]:
        logs = kubernetes_engine.kubectl("logs", kubernetes_name, "--container", "sandbox").stdout
        return [word for word in logs.split() if word in ("OPENED", "tried")]

    _until(lambda: "tried" in said())
    assert said() == ["tried"]


def test_an_allowed_address_can_be_reached_and_no_other(
    bench: Workbench, kubernetes_name: str, open_target: str, kubernetes_engine: Cluster
) -> None:
    host, _, port = open_target.rpartition(":")
    rule = {"cidr": f"{host}/32", "ports": [f"{port}/tcp"]}
    allowed = {"network": {"mode": "bridge", "egress": {"allow": [rule]}}, "kubernetes": {"accept": ["network"]}}
    sandbox = bench.spec(kubernetes_name, allowed)
    bench.applied(sandbox)
    time.sleep(1)
    reached = f"nc -w 1 {host} {port} -e true && echo in; nc -w 1 {host} 8081 -e true; echo end"
    assert bench.sh(kubernetes_name, reached) == "in\nend"
    assert [action.kind for action in bench.plan(sandbox).actions] == [Kind.NO_OP]


def test_a_target_that_nobody_can_reach_proves_nothing(bench: Workbench, kubernetes_name: str) -> None:
    (result,) = bench.apply(bench.spec(kubernetes_name, {"kubernetes": {"probeTarget": "10.244.0.250:9"}}))
    assert (result.code, result.outcome) == (6, "failed")
    assert "cannot be reached" in (result.brief or "")
    assert bench.backend.reader.observe(kubernetes_name) is None


def test_labels_and_limits_change_in_place(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    bench.applied(bench.spec(kubernetes_name, {"resources": {"cpu": "200m", "memory": "64Mi"}}, NO_GATE))
    before = bench.observed(kubernetes_name)
    more = {"resources": {"cpu": "300m", "memory": "96Mi"}}
    changed = bench.spec(kubernetes_name, more, NO_GATE, metadata={"labels": {"team": "ml"}})
    (action,) = bench.plan(changed).actions
    assert (action.kind, {change.effect.value for change in action.changes}) == (Kind.UPDATE, {"live"})
    assert bench.applied(changed) == "updated"
    after = bench.observed(kubernetes_name)
    assert after.ref == before.ref
    assert (after.fields["resources", "memory"], after.fields["labels", "team"]) == (96 * 2**20, "ml")
    limits = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true"
    assert bench.sh(kubernetes_name, limits) == str(96 * 2**20)
    bare = bench.spec(kubernetes_name, more, NO_GATE)
    assert bench.applied(bare) == "updated"
    assert bench.observed(kubernetes_name).ref == before.ref
    assert [action.kind for action in bench.plan(bare).actions] == [Kind.NO_OP]


def test_a_sandbox_behind_its_gate_changes_in_place_too(
    bench: Workbench, kubernetes_name: str, open_target: str
) -> None:
    gated = {"kubernetes": {"probeTarget": open_target}}
    bench.applied(bench.spec(kubernetes_name, gated))
    before = bench.observed(kubernetes_name).ref
    more = {"resources": {"cpu": "200m", "memory": "80Mi"}}
    changed = bench.spec(kubernetes_name, gated, more, metadata={"labels": {"team": "ml"}})
    assert bench.applied(changed) == "updated"
    assert bench.observed(kubernetes_name).ref == before
    assert [action.kind for action in bench.plan(changed).actions] == [Kind.NO_OP]


def test_a_resize_that_no_node_can_make_is_taken_back(bench: Workbench, kubernetes_name: str) -> None:
    bench.applied(bench.spec(kubernetes_name, {"resources": {"cpu": "200m", "memory": "64Mi"}}, NO_GATE))
    huge = bench.spec(kubernetes_name, {"resources": {"cpu": "500", "memory": "64Mi"}}, NO_GATE)
    (result,) = bench.apply(huge)
    assert result.code == 6
    assert "Infeasible" in (result.brief or "")
    again = bench.spec(kubernetes_name, {"resources": {"cpu": "200m", "memory": "64Mi"}}, NO_GATE)
    assert [action.kind for action in bench.plan(again).actions] == [Kind.NO_OP]


def test_what_is_immutable_is_replaced(bench: Workbench, kubernetes_name: str) -> None:
    bench.applied(bench.spec(kubernetes_name, NO_GATE))
    before = bench.observed(kubernetes_name).ref
    changed = bench.spec(kubernetes_name, {"env": {"A": "1"}}, NO_GATE)
    assert bench.applied(changed) == "replaced"
    assert bench.observed(kubernetes_name).ref != before
    assert [action.kind for action in bench.plan(changed).actions] == [Kind.NO_OP]


def test_a_replace_that_fails_leaves_the_old_sandbox_as_it_was(bench: Workbench, kubernetes_name: str) -> None:
    old = bench.spec(kubernetes_name, {"env": {"A": "1"}}, NO_GATE)
    bench.applied(old)
    (result,) = bench.apply(bench.spec(kubernetes_name, {"command": ["/nosuch"]}, NO_GATE))
    assert (result.code, result.rolled_back) == (6, True)
    assert "no such file or directory" in (result.brief or "")
    assert [action.kind for action in bench.plan(old).actions] == [Kind.NO_OP]
    assert bench.sh(kubernetes_name, 'echo "$A"') == "1"


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        ({"command": ["/nosuch"]}, "no such file or directory"),
        ({"command": ["sh", "-c", "echo last words; exit 3"]}, "last words"),
        ({"image": {"ref": "localhost/sandboxctl-test/absent:1", "pull": "never"}}, "ErrImageNeverPull"),
        ({"image": "localhost:1/absent:1"}, "ErrImagePull"),
        ({"env": {"A": {"secret": "nosuch", "key": "k"}}}, 'secret "nosuch" not found'),
        (
            {
                "command": ["sh", "-c", "tail /dev/zero"],
                "resources": {"memory": "32Mi"},
                "lifecycle": {"ready": {"minSeconds": 5}},
            },
            "out of memory",
        ),
    ],
    ids=["no such program", "exit code", "image never pulled", "image pull", "no such secret", "out of memory"],
)
def test_a_start_that_fails_says_why_and_leaves_nothing(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, fragment: dict[str, Any], words: str
) -> None:
    began = time.monotonic()
    (result,) = bench.apply(bench.spec(kubernetes_name, fragment, NO_GATE))
    assert (result.code, result.outcome) == (6, "failed")
    assert words in (result.brief or "")
    assert ours(kubernetes_engine, kubernetes_name) == {}
    assert time.monotonic() - began < 20


def test_a_pod_that_fits_nowhere_says_so(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    nowhere = {"kubernetes": {"nodeSelector": {"nosuch": "node"}, "accept": ["network"]}}
    ready = {"lifecycle": {"ready": {"timeout": "2s"}}}
    (result,) = bench.apply(bench.spec(kubernetes_name, nowhere, ready))
    assert result.code == 6
    assert "Unschedulable: 0/1 nodes are available" in (result.brief or "")
    assert any("Unschedulable" in event.message for event in bench.events)
    assert ours(kubernetes_engine, kubernetes_name) == {}


def test_what_pod_security_refuses_is_told_before_anything_is_left(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    root = {"security": {"user": 0, "allow": ["root-user"]}}
    (result,) = bench.apply(bench.spec(kubernetes_name, root, NO_GATE))
    assert result.code == 3
    assert 'violates PodSecurity "restricted' in (result.brief or "")
    assert ours(kubernetes_engine, kubernetes_name) == {}


def test_a_strangers_pod_is_shown_and_left_alone(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    document = render(bench.spec(kubernetes_name).sandbox, "kubernetes").documents[-1]
    kubernetes_engine.make(document)
    before = kubernetes_engine.get("pod", kubernetes_name)
    plan = bench.plan(bench.spec(kubernetes_name, NO_GATE))
    assert [(each.name, each.reason) for each in plan.foreign] == [(kubernetes_name, "it was not made by sandboxctl")]
    assert plan.actions == ()
    after = kubernetes_engine.get("pod", kubernetes_name)
    assert before is not None
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


def test_labels_that_were_copied_to_another_pod_do_not_make_it_ours(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    bench.applied(bench.spec(kubernetes_name, NO_GATE))
    pod = kubernetes_engine.get("pod", kubernetes_name)
    assert pod is not None
    copy = f"{kubernetes_name}-copy"
    kept = {key: pod["metadata"][key] for key in ("labels", "annotations")}
    kept["labels"]["sandboxctl.dev/name"] = copy
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    kubernetes_engine.make({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": copy, **kept}, "spec": spec})
    plan = bench.plan(bench.spec(copy, NO_GATE))
    assert [each.reason for each in plan.foreign] == ["its labels were copied: they name another place"]


def test_a_policy_that_was_taken_away_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, NO_GATE)
    bench.applied(sandbox)
    kubernetes_engine.kubectl("delete", "networkpolicy", kubernetes_name)
    (action,) = bench.plan(sandbox).actions
    changes = {change.key: (change.before, change.after, change.cause.value) for change in action.changes}
    assert changes["network", "mode"] == ("bridge", "none", "drift")


def test_another_policy_that_opens_the_network_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, NO_GATE)
    bench.applied(sandbox)
    everything = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    metadata = {"name": f"{kubernetes_name}-open"}
    kubernetes_engine.make(
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": everything}
    )
    (action,) = bench.plan(sandbox).actions
    assert ("network", "opened-by") in {change.key for change in action.changes}
    kubernetes_engine.kubectl("delete", "networkpolicy", f"{kubernetes_name}-open")


def test_what_was_never_marked_is_recovered(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    """As after a kill between the create and the end of the gate."""
    sandbox = bench.spec(kubernetes_name, NO_GATE)
    bench.applied(sandbox)
    kubernetes_engine.kubectl("annotate", "pod", kubernetes_name, "sandboxctl.dev/verified-")
    assert [action.kind for action in bench.plan(sandbox).actions] == [Kind.RECOVER, Kind.CREATE]
    assert bench.applied(sandbox) == "created"
    assert [action.kind for action in bench.plan(sandbox).actions] == [Kind.NO_OP]


def test_a_sandbox_that_has_ended_is_replaced(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    """A pod cannot be started again."""
    sandbox = bench.spec(kubernetes_name, {"lifecycle": {"init": True}}, NO_GATE)
    bench.applied(sandbox)
    bench.exec(kubernetes_name, "sh", "-c", "kill $(pidof sleep)")
    _until(lambda: bench.observed(kubernetes_name).status.state == "exited")
    assert [(action.kind, action.cause) for action in bench.plan(sandbox).actions] == [(Kind.REPLACE, "stopped")]
    assert bench.applied(sandbox) == "replaced"


def test_a_command_that_ended_well_is_complete(bench: Workbench, kubernetes_name: str) -> None:
    sandbox = bench.spec(kubernetes_name, {"command": ["true"]}, NO_GATE)
    assert bench.applied(sandbox) == "created"
    _until(lambda: bench.observed(kubernetes_name).status.state == "exited")
    (action,) = bench.plan(sandbox).actions
    assert (action.kind, action.state) == (Kind.NO_OP, "complete")


def _until(true: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_logs_are_bytes_too(bench: Workbench, kubernetes_name: str) -> None:
    bench.applied(bench.spec(kubernetes_name, {"command": ["sh", "-c", "printf 'a\\377b\\n'; sleep 1000"]}, NO_GATE))
    ref = bench.observed(kubernetes_name).ref
    _until(lambda: b"".join(chunk for _, chunk in bench.backend.reader.logs(ref, tail=5, follow=False)) != b"")
    chunks = bench.backend.reader.logs(ref, tail=5, follow=False)
    assert b"".join(chunk for _, chunk in chunks) == b"a\xffb\n"


def test_a_shell_as_first_process_is_deleted_within_its_grace(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    shell = {"command": ["sh", "-c", "while true; do sleep 1; done"], "lifecycle": {"stopGrace": "3s"}}
    bench.applied(bench.spec(kubernetes_name, shell, NO_GATE))
    began = time.monotonic()
    bench.delete(kubernetes_name)
    assert time.monotonic() - began < 4
    assert ours(kubernetes_engine, kubernetes_name) == {}


def test_a_pod_that_ends_during_an_update_is_a_conflict(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    bench.applied(bench.spec(kubernetes_name, NO_GATE))
    plan = bench.plan(bench.spec(kubernetes_name, NO_GATE, metadata={"labels": {"a": "b"}}))
    kubernetes_engine.kubectl("delete", "pod", kubernetes_name, "--wait=false")
    (result,) = bench.carry_out(plan)
    assert result.code == 5


def test_a_field_that_another_manager_sets_is_a_conflict_that_names_it(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    bench.applied(bench.spec(kubernetes_name, NO_GATE, metadata={"labels": {"team": "ml"}}))
    kubernetes_engine.kubectl("label", "pod", kubernetes_name, "team=ops", "--overwrite", "--field-manager=somebody")
    (result,) = bench.apply(bench.spec(kubernetes_name, NO_GATE, metadata={"labels": {"team": "ai"}}))
    assert result.code == 5
    assert "metadata.labels.team" in (result.brief or "")
    assert "somebody" in (result.brief or "")


def test_what_is_rendered_can_be_applied_by_hand_without_a_warning(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    documents = render(bench.spec(kubernetes_name).sandbox, "kubernetes").documents
    whole = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})
    words = ("apply", "--dry-run=server", "--validate=strict", "--filename", "-")
    done = kubernetes_engine.kubectl(*words, stdin=whole)
    assert done.stderr == ""


def test_a_namespace_that_is_not_there_is_named(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_images: NodeImages, kubernetes_name: str
) -> None:
    backend = connect("kubernetes", Connection(kubeconfig=kubernetes_engine.kubeconfig, namespace="nosuch"))
    elsewhere = SmallBench(backend=backend, directory=bench.directory, image=kubernetes_images.busybox)
    (result,) = elsewhere.apply(elsewhere.spec(kubernetes_name, NO_GATE))
    assert result.code == 3
    assert 'namespaces "nosuch" not found' in (result.brief or "")


def test_a_quota_that_is_used_up_is_told(bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str) -> None:
    quota = f"{kubernetes_name}-quota"
    kubernetes_engine.kubectl("create", "quota", quota, "--hard=requests.memory=64Mi")
    try:
        _until(lambda: ((kubernetes_engine.get("quota", quota) or {}).get("status") or {}).get("hard"))
        (result,) = bench.apply(bench.spec(kubernetes_name, {"resources": {"memory": "128Mi"}}, NO_GATE))
    finally:
        kubernetes_engine.kubectl("delete", "quota", quota)
    assert result.code == 3
    assert "exceeded quota" in (result.brief or "")
    assert ours(kubernetes_engine, kubernetes_name) == {}


def _as(cluster: Cluster, token: str, tmp_path: Path) -> str:
    """A kubeconfig of the same cluster with another login."""
    config = json.loads(Path(cluster.kubeconfig).read_text())
    config["users"][0]["user"] = {"token": token}
    path = tmp_path / "other.kubeconfig"
    path.write_text(json.dumps(config))
    return str(path)


def test_a_login_that_has_expired_is_told_at_once(kubernetes_engine: Cluster, clean_home: Path, tmp_path: Path) -> None:
    backend = connect("kubernetes", Connection(kubeconfig=_as(kubernetes_engine, "expired", tmp_path)))
    with pytest.raises(UnreachableError, match="does not know us"):
        backend.reader.containers()


def test_a_right_that_is_missing_is_named_with_its_verb(
    kubernetes_engine: Cluster, kubernetes_name: str, clean_home: Path, tmp_path: Path
) -> None:
    kubernetes_engine.kubectl("create", "serviceaccount", kubernetes_name)
    try:
        token = kubernetes_engine.kubectl("create", "token", kubernetes_name).stdout.strip()
        kubeconfig = _as(kubernetes_engine, token, tmp_path)
        backend = connect("kubernetes", Connection(kubeconfig=kubeconfig, namespace=kubernetes_engine.namespace))
        with pytest.raises(UnreachableError, match='cannot list resource "pods"') as caught:
            backend.reader.containers()
    finally:
        kubernetes_engine.kubectl("delete", "serviceaccount", kubernetes_name)
    assert caught.value.hint == "ask for a role that may list pods"


def test_a_finalizer_that_holds_a_pod_is_named_and_nothing_is_forced(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandboxctl.backends.kubernetes.writer._SPARE_SECONDS", 2.0)
    bench.applied(bench.spec(kubernetes_name, {"lifecycle": {"stopGrace": "1s"}}, NO_GATE))
    patch = ("patch", "pod", kubernetes_name, "--patch")
    kubernetes_engine.kubectl(*patch, '{"metadata": {"finalizers": ["example.com/held"]}}')
    try:
        (result,) = bench.delete(kubernetes_name)
    finally:
        kubernetes_engine.kubectl(*patch, '{"metadata": {"finalizers": null}}')
    assert result.code == 6
    assert "example.com/held" in (result.brief or "")


def test_many_sandboxes_are_planned_from_one_list_of_each_kind(
    bench: Workbench, kubernetes_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = [
        bench.spec(f"{kubernetes_name}-{index}", {"lifecycle": {"stopGrace": "1s"}}, NO_GATE) for index in range(4)
    ]
    bench.applied(*specs)
    asked: list[str] = []
    http = bench.backend.reader._api.http  # type: ignore[attr-defined]
    get = http.get

    def counted(path: str, query: Any = None) -> Any:
        asked.append(path.rpartition("/")[2])
        return get(path, query)

    monkeypatch.setattr(http, "get", counted)
    plan = observe.prepare(specs, bench.backend).plan
    assert [action.kind for action in plan.actions] == [Kind.NO_OP] * 4
    files = {"configmaps", "secrets", "services"}  # asked for where pods of other tests have some
    assert (len(asked), set(asked) - files) == (len(set(asked)), {"networkpolicies", "pods"})
    bench.delete(*(each.sandbox.name for each in specs))


def test_an_option_of_the_kubernetes_section_reaches_the_pod(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    written = {
        "tolerations": [{"key": "lab", "operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "accept": ["network"],
    }
    sandbox = bench.spec(kubernetes_name, {"kubernetes": written})
    bench.applied(sandbox)
    pod = kubernetes_engine.get("pod", kubernetes_name)
    assert pod is not None
    assert {"key": "lab", "operator": "Exists"} in pod["spec"]["tolerations"]
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert [action.kind for action in bench.plan(sandbox).actions] == [Kind.NO_OP]


def test_a_claim_that_nobody_makes_has_to_be_there(bench: Workbench, kubernetes_name: str) -> None:
    volume = {"mounts": [{"type": "volume", "source": "nosuch", "target": "/data"}]}
    (result,) = bench.apply(bench.spec(kubernetes_name, volume, NO_GATE))
    assert (result.code, result.brief) == (3, "there is no volume nosuch")


def test_commit_is_refused_with_its_line(bench: Workbench, kubernetes_name: str) -> None:
    fragment = {
        "commit": {"image": "localhost/x:1"},
        "security": {"readOnlyRoot": False, "allow": ["writable-root"]},
    }
    with pytest.raises(InvalidError, match="commit"):
        bench.plan(bench.spec(kubernetes_name, fragment))
