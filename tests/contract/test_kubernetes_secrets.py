"""What keeps sensitive values on a real cluster: a Secret by itself, whose name and whose pod say nothing of them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandboxctl import ownership
from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection
from sandboxctl.plan import Kind
from sandboxctl.spec import SecretDigest
from tests.contract.test_kubernetes import NO_GATE, SmallBench
from tests.contract.workbench import Workbench
from tests.engines.fixtures_kubernetes import Cluster, NodeImages

VALUE = "s3cret-value"
SENSITIVE: dict[str, Any] = {
    "env": {"TOKEN": {"fromEnv": "SANDBOXCTL_TEST_TOKEN"}},
    "mounts": [{"type": "file", "target": "/etc/key", "fromEnv": "SANDBOXCTL_TEST_TOKEN", "sensitive": True}],
    "lifecycle": {"stopGrace": "1s"},
}


@pytest.fixture
def bench(
    kubernetes_engine: Cluster,
    kubernetes_images: NodeImages,
    clean_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Workbench]:
    """sandboxctl, led to the cluster, with a value to keep."""
    monkeypatch.setenv("SANDBOXCTL_TEST_TOKEN", VALUE)
    where = Connection(kubeconfig=kubernetes_engine.kubeconfig, namespace=kubernetes_engine.namespace)
    backend = connect("kubernetes", where)
    directory = tmp_path / "specs"
    directory.mkdir()
    yield SmallBench(backend=backend, directory=directory, image=kubernetes_images.busybox)
    backend.close()


def secret_of(cluster: Cluster, name: str) -> dict[str, Any]:
    """The one Secret of a sandbox."""
    selector = f"sandboxctl.dev/name={name}"
    listed = cluster.kubectl("get", "secrets", "--selector", selector, "--output", "json").stdout
    (found,) = json.loads(listed)["items"]
    return dict(found)


def test_the_name_of_a_secret_says_nothing_of_what_is_in_it(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, SENSITIVE, NO_GATE)
    bench.applied(sandbox)
    first = secret_of(kubernetes_engine, kubernetes_name)
    assert re.fullmatch(rf"{kubernetes_name}-secret-[0-9a-f]{{20}}", first["metadata"]["name"])
    assert first["immutable"] is True
    digests = [hashlib.new(kind, VALUE.encode()).hexdigest() for kind in ("sha256", "sha1", "md5")]
    assert not any(first["metadata"]["name"].endswith(digest[:20]) for digest in digests)
    bench.delete(kubernetes_name)
    bench.applied(sandbox)
    second = secret_of(kubernetes_engine, kubernetes_name)
    assert second["metadata"]["name"] != first["metadata"]["name"]


def test_the_salt_of_the_fingerprints_is_in_the_secret_alone(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    loaded = bench.spec(kubernetes_name, SENSITIVE, NO_GATE)
    bench.applied(loaded)
    pod = kubernetes_engine.get("pod", kubernetes_name)
    assert pod is not None
    on_the_pod = ownership.decode_applied(pod["metadata"]["annotations"][ownership.APPLIED])
    assert on_the_pod is not None
    assert on_the_pod.salt == b""
    salt = base64.b64decode(secret_of(kubernetes_engine, kubernetes_name)["data"]["sandboxctl.dev.salt"]).decode()
    assert len(bytes.fromhex(salt)) == 16
    assert salt not in json.dumps(pod)
    (secret, _) = loaded.sandbox.secrets()
    kept = on_the_pod.sandbox.env["TOKEN"]
    assert isinstance(kept, SecretDigest)
    assert kept.fingerprint == secret.fingerprint(bytes.fromhex(salt))
    assert ownership.applied(bench.observed(kubernetes_name).labels) == ownership.Applied(
        sandbox=on_the_pod.sandbox, salt=bytes.fromhex(salt)
    )


def test_a_live_change_leaves_the_secret_as_it_is(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    bench.applied(bench.spec(kubernetes_name, SENSITIVE, NO_GATE))
    before = secret_of(kubernetes_engine, kubernetes_name)["metadata"]["uid"]
    changed = bench.spec(kubernetes_name, SENSITIVE, NO_GATE, metadata={"labels": {"team": "ml"}})
    assert bench.applied(changed) == "updated"
    assert secret_of(kubernetes_engine, kubernetes_name)["metadata"]["uid"] == before
    assert [action.kind for action in bench.plan(changed).actions] == [Kind.NO_OP]


def test_another_value_is_a_replace_that_shows_neither(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.applied(bench.spec(kubernetes_name, SENSITIVE, NO_GATE))
    monkeypatch.setenv("SANDBOXCTL_TEST_TOKEN", "another-value")
    changed = bench.spec(kubernetes_name, SENSITIVE, NO_GATE)
    (action,) = bench.plan(changed).actions
    assert (action.kind, [(change.key, change.before, change.after, change.cause) for change in action.changes]) == (
        Kind.REPLACE,
        [(("env", "TOKEN"), None, None, "spec"), (("mounts", "/etc/key", "content"), None, None, "spec")],
    )
    assert bench.applied(changed) == "replaced"
    assert bench.sh(kubernetes_name, 'echo "$TOKEN $(cat /etc/key)"') == "another-value another-value"
    assert [action.kind for action in bench.plan(changed).actions] == [Kind.NO_OP]
    secret_of(kubernetes_engine, kubernetes_name)  # one, and no more


def test_a_secret_that_somebody_wrote_anew_is_drift(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    sandbox = bench.spec(kubernetes_name, SENSITIVE, NO_GATE)
    bench.applied(sandbox)
    found = secret_of(kubernetes_engine, kubernetes_name)
    found["data"]["TOKEN"] = base64.b64encode(b"theirs").decode()
    metadata = {key: found["metadata"][key] for key in ("name", "labels")}
    kubernetes_engine.kubectl("delete", "secret", metadata["name"])
    kubernetes_engine.make({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": found["data"]})
    (action,) = bench.plan(sandbox).actions
    assert [(change.key, change.sensitive, change.cause) for change in action.changes] == [
        (("env", "TOKEN"), True, "drift")
    ]


def test_the_secret_of_somebody_else_is_not_taken_for_ours(
    bench: Workbench, kubernetes_engine: Cluster, kubernetes_name: str
) -> None:
    theirs = f"{kubernetes_name}-secret"
    kubernetes_engine.make(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": theirs}, "stringData": {"k": "v"}}
    )
    sandbox = bench.spec(kubernetes_name, {"env": {"A": {"secret": theirs, "key": "k"}}}, NO_GATE)
    bench.applied(sandbox)
    assert bench.sh(kubernetes_name, 'echo "$A"') == "v"
    assert [action.kind for action in bench.plan(sandbox).actions] == [Kind.NO_OP]
    bench.delete(kubernetes_name)
    assert kubernetes_engine.get("secret", theirs) is not None
