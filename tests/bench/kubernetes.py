"""The figures of a real cluster, each beside what the cluster itself, or its own client, takes in the same run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sandboxctl.backends.base import Connection, Payload
from sandboxctl.backends.kubernetes import KubernetesBackend, connect
from sandboxctl.load import load
from sandboxctl.render import render
from tests.bench.measure import TOOL, Figure, alternated, wall

NAMESPACE = "sandboxctl-test"
MANY = 50
ROUNDS = 5  # a pod takes a second to come and another to go

SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata: {{name: {name}, project: bench}}
spec:
  image: {image}
  env: {{A: "1", B: "2"}}
  resources: {{cpu: 500m, memory: 32Mi, requests: {{cpu: 10m, memory: 16Mi}}}}
  lifecycle: {{ready: {{minSeconds: 0, timeout: 10m}}, stopGrace: {grace}}}
  kubernetes: {{accept: [network]}}
  {more}
"""


def on_kubernetes(directory: Path) -> list[Figure]:
    """Without the gate and the probe, which print their own time."""
    kubeconfig = os.environ["SANDBOXCTL_TEST_KUBECONFIG"]
    backend = connect(Connection(kubeconfig=kubeconfig, namespace=NAMESPACE))
    where = ("--backend", "kubernetes", "--kubeconfig", kubeconfig, "--namespace", NAMESPACE)
    return [*_one(directory, backend, where), *_many(directory, where, kubeconfig)]


def _spec(directory: Path, names: Sequence[str], *, grace: str = "1s", more: str = "") -> Path:
    image = os.environ.get("SANDBOXCTL_TEST_BUSYBOX", "localhost/sandboxctl-test/busybox:1")
    path = directory / f"{names[0]}-{len(names)}.yaml"
    path.write_text("---\n".join(SPEC.format(name=name, image=image, grace=grace, more=more) for name in names))
    return path


def _one(directory: Path, backend: KubernetesBackend, where: Sequence[str]) -> list[Figure]:
    """One sandbox: what apply adds to the cluster's own time, and how long a shell takes to be gone."""
    path = _spec(directory, ["bench-one"])
    (loaded,) = load([str(path)]).loaded
    looks: list[float] = []
    bare = partial(_create, render(loaded.sandbox, "kubernetes"), backend)
    apply = partial(_apply, path, directory, where, looks)
    medians = alternated({"cluster": bare, "apply": apply}, runs=ROUNDS, warm_ups=1)
    shell = _spec(directory, ["bench-shell"], grace="5s", more="command: [sh, -c, 'while true; do sleep 1; done']")
    _run((*TOOL, *where, "apply", "--yes", str(shell)), directory)
    gone = wall((*TOOL, *where, "delete", "--yes", str(shell)), directory)
    return [
        Figure(what="cluster: create of one pod until it is ready", value=medians["cluster"], limit=60, unit="s"),
        Figure(what="apply: the look inside", value=statistics.median(looks[1:]), limit=60, unit="s"),
        Figure(what="apply of one sandbox, beyond these two", value=medians["apply"] - medians["cluster"], limit=0.3,
               unit="s"),
        Figure(what="delete of a shell as first process, stopGrace 5 s", value=gone, limit=6, unit="s"),
    ]  # fmt: skip


def _create(payload: Payload, backend: KubernetesBackend) -> float:
    """Seconds of the same objects made over the bare API, until the pod is ready. They are gone afterwards."""
    api = backend.reader._api  # the bare API is what is measured against
    began = time.perf_counter()
    for document in payload.documents:
        api.apply(document)
    path = api.location("Pod", payload.name)
    while not _is_ready(api.get(path)):
        time.sleep(0.02)
    taken = time.perf_counter() - began
    made = backend.reader.pod(payload.name)
    backend.writer.delete(made["metadata"]["uid"] if made else "")
    return taken


def _is_ready(pod: dict[str, object]) -> bool:
    status = pod.get("status")
    conditions = status.get("conditions") or [] if isinstance(status, dict) else []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _apply(path: Path, directory: Path, where: Sequence[str], looks: list[float]) -> float:
    """Seconds of the whole process, less the look inside, which goes to `looks`: from when it is told to the end."""
    command = (*TOOL, *where, "apply", "--yes", str(path))
    began = looked = time.perf_counter()
    with subprocess.Popen(command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as done:
        for line in done.stderr or ():
            looked = time.perf_counter() if line.endswith(": verify\n") else looked
    ended = time.perf_counter()
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command)
    _run((*TOOL, *where, "delete", "--yes", str(path)), directory)
    looks.append(ended - looked)
    return looked - began


def _many(directory: Path, where: Sequence[str], kubeconfig: str) -> list[Figure]:
    """Fifty unchanged sandboxes: our plan, and the cluster's own client with the same manifests."""
    path = _spec(directory, [f"bench-{number}" for number in range(MANY)])
    _run((*TOOL, *where, "apply", "--yes", str(path)), directory)
    try:
        manifests = directory / "manifests.json"
        rendered = _run((*TOOL, "render", "--backend", "kubernetes", "--output", "json", str(path)), directory)
        manifests.write_text(json.dumps(json.loads(rendered)))
        kubectl = ("kubectl", "--kubeconfig", kubeconfig, "--namespace", NAMESPACE, "apply", "--server-side",
                   "--force-conflicts", "--field-manager=bench", "--filename", str(manifests))  # fmt: skip
        takes: dict[str, Callable[[], float]] = {
            "plan": partial(wall, (*TOOL, *where, "plan", "--detailed-exitcode", str(path)), directory),
            "kubectl": partial(wall, kubectl, directory),
        }
        medians = alternated(takes)
    finally:
        _run((*TOOL, *where, "delete", "--yes", str(path)), directory)
    return [
        Figure(what=f"kubectl apply --server-side of {MANY} unchanged", value=medians["kubectl"], limit=60, unit="s"),
        Figure(what=f"plan of {MANY} unchanged sandboxes / that", value=medians["plan"] / medians["kubectl"], limit=1.3,
               unit="x"),
    ]  # fmt: skip


def _run(command: Sequence[str], directory: Path) -> str:
    return subprocess.run(command, cwd=directory, check=True, stdout=subprocess.PIPE, text=True).stdout
