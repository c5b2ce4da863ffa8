"""A cluster that says no, that is going away, or that is wrong: one line and a hint, the right code, nothing half-made.

What a real cluster can be brought to is done there; what it cannot is said by a server in between, in recorded words.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.workbench import merged, yaml_text
from tests.engines.fixtures_kubernetes import Cluster, NodeImages
from tests.faults.between import Between, between, status

VALUE = "swordfish-4711"
KINDS = "pods,networkpolicies,configmaps,secrets,services"


class Lab:
    """One sandbox, and commands that are processes of their own."""

    def __init__(self, cluster: Cluster, image: str, name: str, directory: Path) -> None:
        self.cluster, self.image, self.name, self.directory = cluster, image, name, directory
        self.namespace = cluster.namespace
        self.kubeconfig = cluster.kubeconfig

    def write(self, *fragments: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
        """The spec, with a line for each key."""
        spec: dict[str, Any] = {
            "image": self.image,
            "env": {"TOKEN": {"fromEnv": "LAB_TOKEN"}},
            "resources": {"cpu": "100m", "memory": "64Mi"},
            "lifecycle": {"ready": {"minSeconds": 0}, "stopGrace": "1s"},
            "kubernetes": {"accept": ["network"]},
        }
        named = {"name": self.name, **(metadata or {})}
        whole = {"apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": named}
        lines = [f"{key}: {yaml_text({'v': value})[6:-1]}" for key, value in merged(spec, *fragments).items()]
        text = "\n".join([yaml_text(whole)[1:-1].replace(', "', '\n"'), "spec:", *(f"  {line}" for line in lines)])
        (self.directory / "sandbox.yaml").write_text(text + "\n")

    def run(self, *words: str, code: int) -> str:
        """What a command says on standard error, on lines of their own; nothing sensitive is among all that it says."""
        where = ("--backend", "kubernetes", "--kubeconfig", self.kubeconfig, "--namespace", self.namespace)
        done = subprocess.run(
            [sys.executable, "-m", "sandboxctl", *where, *words], cwd=self.directory, text=True, timeout=180,
            stdin=subprocess.DEVNULL, capture_output=True,
            env={**os.environ, "LAB_TOKEN": VALUE, "PYTHONPATH": str(Path(__file__).parents[2])},
        )  # fmt: skip
        assert VALUE not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def objects(self) -> list[str]:
        """What there is of it in the cluster."""
        words = ("get", KINDS, "--selector", f"sandboxctl.dev/name={self.name}", "--output", "json")
        text = self.cluster.kubectl(*words, namespace=self.namespace).stdout
        return sorted(each["kind"] for each in json.loads(text)["items"])


@pytest.fixture
def lab(
    kubernetes_engine: Cluster, kubernetes_images: NodeImages, kubernetes_name: str, clean_home: Path, tmp_path: Path
) -> Lab:
    """sandboxctl, led to the cluster."""
    return Lab(kubernetes_engine, kubernetes_images.busybox, kubernetes_name, tmp_path)


@pytest.fixture
def stranger(lab: Lab, tmp_path: Path) -> Iterator[Between]:
    """Somebody between, to whom sandboxctl is led."""
    with between(lab.cluster.kubeconfig, tmp_path) as found:
        lab.kubeconfig = found.kubeconfig
        yield found


@contextmanager
def namespace(lab: Lab, *, labels: Mapping[str, str] | None = None) -> Iterator[str]:
    """A namespace of the test's own, to which the lab goes."""
    name = lab.name
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}}
    lab.cluster.make(made)
    lab.namespace = name
    try:
        _until(lambda: lab.cluster.get("serviceaccount", "default", namespace=name) is not None)
        yield name
    finally:
        lab.cluster.kubectl("delete", "namespace", name, "--wait=false")


# Who we are, and what we may


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot read the kubeconfig"),
        ("", "is empty"),
        ("[a, b]", "is no mapping"),
        ("contexts: [", "is no YAML"),
        ("contexts: []", "has no current context"),
    ],
    ids=["missing", "empty", "a list", "no YAML", "no context"],
)
def test_a_kubeconfig_that_is_no_use_is_told_in_one_line(lab: Lab, text: str | None, words: str) -> None:
    lab.write()
    lab.kubeconfig = str(lab.directory / "their.kubeconfig")
    if text is not None:
        Path(lab.kubeconfig).write_text(text)
    said = lab.run("apply", "--yes", code=4)
    assert words in said
    assert "hint:" in said


def test_a_context_that_is_not_there_is_told_with_those_that_are(lab: Lab) -> None:
    lab.write()
    said = lab.run("apply", "--yes", "--context", "nosuch", code=4)
    assert "has no context nosuch" in said
    assert "hint: it has: " in said


def test_an_expired_login_is_told_at_once_and_not_tried_again(lab: Lab, stranger: Between) -> None:
    stranger.answer("GET", ".*", status(401, "Unauthorized", "Unauthorized"))
    lab.write()
    said = lab.run("apply", "--yes", code=4)
    assert "does not know us: the login is missing or has expired" in said
    assert "hint: log in again" in said
    assert len(stranger.seen) == 1


def test_a_missing_right_names_verb_resource_and_namespace(lab: Lab, stranger: Between) -> None:
    """An account that may look, and may not make."""
    text = f'pods is forbidden: User "ann" cannot create resource "pods" in API group "" in the namespace "{lab.namespace}"'
    stranger.answer("POST", r"/pods\?.*", status(403, "Forbidden", text, kind="pods"))
    lab.write()
    said = lab.run("apply", "--yes", code=4)
    assert f'cannot create resource "pods" in API group "" in the namespace "{lab.namespace}"' in said
    assert "hint: ask for a role that may create pods" in said
    assert stranger.writes() == []
    assert lab.objects() == []


# Where it is to be


def test_a_namespace_that_is_not_there_is_told_at_its_line(lab: Lab) -> None:
    lab.write({"kubernetes": {"namespace": f"{lab.name}-nosuch", "accept": ["network"]}})
    lab.namespace = f"{lab.name}-nosuch"
    said = lab.run("apply", "--yes", code=3)
    assert f'namespaces "{lab.name}-nosuch" not found' in said
    assert "hint: create the namespace, or choose one with --namespace" in said
    assert "sandbox.yaml:9:" in said


def test_a_namespace_that_is_going_takes_nothing(lab: Lab) -> None:
    with namespace(lab) as name:
        held = {"name": "held", "finalizers": ["example.com/held"]}
        lab.cluster.make({"apiVersion": "v1", "kind": "ConfigMap", "metadata": held}, namespace=name)
        lab.cluster.kubectl("delete", "namespace", name, "--wait=false")
        try:
            lab.write()
            said = lab.run("apply", "--yes", code=3)
            assert "because it is being terminated" in said
            assert "hint: the namespace is being deleted: choose another" in said
            assert lab.objects() == []
        finally:
            patch = '{"metadata": {"finalizers": null}}'
            lab.cluster.kubectl("patch", "configmap", "held", "--type=merge", "--patch", patch, namespace=name)


# What the cluster does not take, at its line


def test_a_quota_is_told_at_the_line_that_asks_too_much_and_before_anything_is_made(lab: Lab) -> None:
    with namespace(lab) as name:
        lab.cluster.kubectl("create", "quota", "small", "--hard=requests.memory=32Mi", namespace=name)
        _until(lambda: ((lab.cluster.get("quota", "small", namespace=name) or {}).get("status") or {}).get("hard"))
        lab.write()
        said = lab.run("apply", "--yes", code=3)
        assert "exceeded quota: small, requested: requests.memory=64Mi" in said
        assert "sandbox.yaml:7:" in said
        assert lab.objects() == []


def test_a_limit_of_the_namespace_is_told_at_its_line(lab: Lab) -> None:
    with namespace(lab) as name:
        limits = [{"type": "Container", "max": {"cpu": "50m"}, "default": {"cpu": "50m"}}]
        lab.cluster.make(
            {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": limits}},
            namespace=name,
        )
        lab.write()
        said = lab.run("apply", "--yes", code=3)
        assert "maximum cpu usage per Container is 50m, but limit is 100m" in said
        assert "sandbox.yaml:7:" in said
        assert lab.objects() == []


def test_pod_security_is_told_at_the_line_that_it_forbids(lab: Lab) -> None:
    lab.write({"security": {"user": 0, "allow": ["root-user"]}})
    said = lab.run("apply", "--yes", code=3)
    assert f'pods "{lab.name}" is forbidden: violates PodSecurity "restricted' in said
    assert "sandbox.yaml:10:22" in said
    assert lab.objects() == []


def test_a_field_path_of_a_422_is_told_at_its_line(lab: Lab) -> None:
    lab.write({"kubernetes": {"accept": ["network"], "tolerations": [{"key": "a b", "operator": "Exists"}]}})
    said = lab.run("apply", "--yes", code=3)
    assert "spec.tolerations[0].key: Invalid value" in said
    assert "sandbox.yaml:9:" in said
    assert lab.objects() == []


def test_a_policy_of_the_cluster_that_names_a_field_path_is_told_at_its_line(lab: Lab) -> None:
    with namespace(lab, labels={"lab": lab.name}) as name:
        made = _policy(name)
        for document in made:
            lab.cluster.make(document)
        try:
            lab.write()
            _until(lambda: "denied request" in _tried(lab, name))
            said = lab.run("apply", "--yes", code=3)
            assert "spec.containers[0].image must come from registry.example" in said
            assert "sandbox.yaml:5:" in said
            assert lab.objects() == []
        finally:
            for document in made:
                lab.cluster.kubectl("delete", document["kind"], name)


def _policy(name: str) -> list[dict[str, Any]]:
    """An admission policy that holds in the namespace with that label alone."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    check = {
        "expression": "object.spec.containers.all(c, c.image.startsWith('registry.example/'))",
        "message": "spec.containers[0].image must come from registry.example",
    }
    base = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}}
    policy = {"failurePolicy": "Fail", "matchConstraints": {"resourceRules": [rule]}, "validations": [check]}
    where = {"namespaceSelector": {"matchLabels": {"lab": name}}}
    binding = {"policyName": name, "validationActions": ["Deny"], "matchResources": where}
    return [
        {**base, "kind": "ValidatingAdmissionPolicy", "spec": policy},
        {**base, "kind": "ValidatingAdmissionPolicyBinding", "spec": binding},
    ]


def _tried(lab: Lab, name: str) -> str:
    """What the server says to a bare pod: a policy holds only after a moment."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried"},
           "spec": {"containers": [{"name": "a", "image": "b"}]}}  # fmt: skip
    words = ("create", "--dry-run=server", "--filename", "-")
    return lab.cluster.kubectl(*words, stdin=json.dumps(pod), namespace=name, check=False).stderr


def test_a_webhook_that_does_not_answer_is_told(lab: Lab) -> None:
    with namespace(lab, labels={"lab": lab.name}) as name:
        rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
        hook = {
            "name": "slow.example.com", "rules": [rule], "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail", "timeoutSeconds": 1, "clientConfig": {"url": "https://192.0.2.1/"},
            "namespaceSelector": {"matchLabels": {"lab": name}},
        }  # fmt: skip
        kind = "ValidatingWebhookConfiguration"
        base = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": {"name": name}}
        lab.cluster.make({**base, "webhooks": [hook]})
        try:
            lab.write()
            _until(lambda: "failed calling webhook" in _tried(lab, name))
            said = lab.run("apply", "--yes", code=4)
            assert 'failed calling webhook "slow.example.com"' in said
            assert "hint: an admission webhook of the cluster does not answer" in said
            assert lab.objects() == []
        finally:
            lab.cluster.kubectl("delete", kind, name)


def test_what_the_server_says_beyond_its_first_line_is_not_shown(lab: Lab, stranger: Between) -> None:
    """Recorded, v1.34.4: from the second line on it is the whole pod, with the values of its variables."""
    dump = f'Forbidden: pod updates may not change fields other than `spec.tolerations`\n core.PodSpec{{ Value: "{VALUE}" }}'
    text = f'Pod "{lab.name}" is invalid: spec: {dump}'
    answer = status(422, "Invalid", text, causes=[{"reason": "FieldValueForbidden", "message": dump, "field": "spec"}])
    stranger.answer("PATCH", rf"/pods/{lab.name}\?.*", answer)
    lab.write()
    said = lab.run("apply", "--yes", code=3)
    assert "pod updates may not change fields other than" in said
    assert lab.objects() == []


# Whose name it is


def test_a_strangers_pod_is_not_touched(lab: Lab) -> None:
    container = {"name": "theirs", "image": lab.image, "command": ["sleep", "100"]}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
    with namespace(lab) as name:
        theirs = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": lab.name}, "spec": spec}
        lab.cluster.make(theirs, namespace=name)
        lab.write()
        said = lab.run("apply", "--yes", code=5)
        assert "it was not made by sandboxctl" in said
        assert lab.objects() == []
        assert lab.cluster.get("pod", lab.name, namespace=name) is not None


def test_a_pod_that_a_finalizer_holds_is_named_and_never_forced(lab: Lab) -> None:
    lab.write()
    lab.run("apply", "--yes", code=0)
    patch = ("patch", "pod", lab.name, "--type=merge", "--patch")
    lab.cluster.kubectl(*patch, '{"metadata": {"finalizers": ["example.com/held"]}}')
    try:
        lab.cluster.kubectl("delete", "pod", lab.name, "--wait=false")
        said = lab.run("apply", "--yes", code=5)
        assert "example.com/held" in said
        assert "hint:" in said
        assert lab.cluster.get("pod", lab.name) is not None
    finally:
        lab.cluster.kubectl(*patch, '{"metadata": {"finalizers": null}}')
    lab.run("apply", "--yes", code=0)
    lab.run("delete", lab.name, "--yes", code=0)


# Servers that come and go


@pytest.mark.parametrize("kind", ["networkpolicies", "secrets", "pods"])
def test_a_server_that_goes_away_in_mid_apply_leaves_what_the_next_apply_mends(
    lab: Lab, stranger: Between, kind: str
) -> None:
    stranger.lose("PATCH", rf"/{kind}/{lab.name}[^?]*\?.*", last=True)
    lab.write()
    said = lab.run("apply", "--yes", code=4)
    assert "Kubernetes at http://127.0.0.1" in said
    assert "hint:" in said
    lab.kubeconfig = lab.cluster.kubeconfig
    lab.run("apply", "--yes", code=0)
    lab.run("plan", "--detailed-exitcode", code=0)
    assert lab.objects() == ["NetworkPolicy", "Pod", "Secret"]


@pytest.mark.parametrize("kind", ["networkpolicies", "secrets", "pods"])
def test_a_lost_answer_is_asked_for_again(lab: Lab, stranger: Between, kind: str) -> None:
    stranger.lose("PATCH", rf"/{kind}/{lab.name}[^?]*\?.*")
    lab.write()
    lab.run("apply", "--yes", code=0)
    lab.run("plan", "--detailed-exitcode", code=0)
    assert lab.objects() == ["NetworkPolicy", "Pod", "Secret"]


@pytest.mark.parametrize("kind", ["networkpolicies", "secrets"])
def test_what_is_left_of_a_sandbox_without_its_pod_goes_by_a_delete(lab: Lab, stranger: Between, kind: str) -> None:
    stranger.lose("PATCH", rf"/{kind}/{lab.name}[^?]*\?.*", last=True)
    lab.write()
    lab.run("apply", "--yes", code=4)
    assert "NetworkPolicy" in lab.objects()
    lab.kubeconfig = lab.cluster.kubeconfig
    lab.run("delete", lab.name, "--yes", code=0)
    assert lab.objects() == []


def test_what_somebody_left_who_deleted_the_pod_alone_goes_too(lab: Lab) -> None:
    lab.write()
    lab.run("apply", "--yes", code=0)
    lab.cluster.kubectl("delete", "pod", lab.name)
    assert lab.objects() == ["NetworkPolicy", "Secret"]
    assert "1 to create" in lab.run("plan", code=0)
    lab.run("list", code=0)
    lab.run("delete", lab.name, "--yes", code=0)
    assert lab.objects() == []


def test_a_server_that_starts_up_is_told(lab: Lab, stranger: Between) -> None:
    words = "the server is currently unable to handle the request"
    stranger.answer("GET", ".*", status(503, "ServiceUnavailable", words))
    lab.write()
    said = lab.run("plan", code=4)
    assert "is not ready: the server is currently unable to handle the request" in said
    assert "hint: is it starting? try again" in said


def test_a_server_that_asks_to_wait_is_asked_again_when_it_says(lab: Lab, stranger: Between) -> None:
    busy = status(429, "TooManyRequests", "Too many requests, please try again later.")
    code, headers, body = busy
    stranger.answer("GET", r"/pods\?.*", (code, {**headers, "Retry-After": "2"}, body), times=1)
    stranger.answer("PATCH", r"/pods/.*", (code, {**headers, "Retry-After": "1"}, body), times=1)
    lab.write()
    began = time.monotonic()
    lab.run("apply", "--yes", code=0)
    assert time.monotonic() - began > 3
    lab.run("plan", "--detailed-exitcode", code=0)


def test_a_server_that_asks_to_wait_for_ever_is_told(lab: Lab, stranger: Between) -> None:
    code, headers, body = status(429, "TooManyRequests", "Too many requests, please try again later.")
    stranger.answer("GET", ".*", (code, {**headers, "Retry-After": "0"}, body))
    lab.write()
    said = lab.run("plan", code=4)
    assert "has too much to do" in said


def test_a_list_that_has_expired_is_asked_for_again(lab: Lab, stranger: Between) -> None:
    """Recorded: what a list, or a watch, that began too long ago is told. Nothing here watches."""
    gone = status(410, "Expired", "The provided continue parameter is too old to display a consistent list result.")
    stranger.answer("GET", r"/pods\?.*", gone, times=1)
    lab.write()
    lab.run("apply", "--yes", code=0)
    assert not any("watch=" in path for _, path in stranger.seen)


def _until(true: Any, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)
