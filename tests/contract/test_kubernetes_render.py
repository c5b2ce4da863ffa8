"""What `render` prints for every example is taken by a server that validates strictly, without a word of warning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandboxctl import capabilities
from sandboxctl.load import load
from sandboxctl.render import render, to_text
from tests.engines.fixtures_kubernetes import Cluster

EXAMPLES = [
    path
    for path in sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
    if any(not capabilities.refusals(each, "kubernetes") for each in load([str(path)]).loaded)
]


def test_most_examples_are_for_a_cluster_too() -> None:
    assert len(EXAMPLES) >= 16


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_is_rendered_of_an_example_is_taken_without_a_warning(
    kubernetes_engine: Cluster, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_TOKEN", "a-token")
    loaded = [each for each in load([str(path)]).loaded if not capabilities.refusals(each, "kubernetes")]
    payloads = [render(each.sandbox, "kubernetes") for each in loaded]
    for document in (document for payload in payloads for document in payload.documents):
        document["metadata"].pop("namespace", None)  # type: ignore[union-attr]  # theirs is not here
        document.get("spec", {}).pop("priorityClassName", None)  # type: ignore[union-attr]  # nor theirs
    for words in (("--server-side",), ()):
        text = to_text(payloads, output="json", show_secrets=True)
        where = kubernetes_engine.open_namespace
        command = ("apply", *words, "--dry-run=server", "--validate=strict", "--filename", "-")
        done = kubernetes_engine.kubectl(*command, stdin=text, namespace=where)
        assert done.stderr == ""
        made = [line.split()[0].partition("/")[0] for line in done.stdout.splitlines()]
        assert len(made) == len(json.loads(text)["items"])
