"""What a label may be on a cluster is judged by the cluster's rules, where a cluster is asked for, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandboxctl.capabilities import refusals
from sandboxctl.load import load
from sandboxctl.spec import Loaded

RIGHT = {
    "team": "ml", "a": "", "A.b_c-9": "x" * 63, "example.com/team": "v1.2_3-a", f"{'a' * 60}.dev/{'n' * 63}": "1",
    "x-y.z/n": "0",
}  # fmt: skip
WRONG_NAMES = ["-a", "a-", "n" * 64, "a/b/c", "/a", "a/", "EXAMPLE.com/a", "a..b/c", f"{'a' * 254}/b", "é", "a:b", "a@b",
               "a_b/c", "-a.b/c"]  # fmt: skip
WRONG_VALUES = ["-a", "a-", "v" * 64, "a b", "a/b", "é", "a:b", "a\n", ".", "_"]


def read(tmp_path: Path, section: str, table: dict[str, str]) -> Loaded:
    text = json.dumps({"apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": {"name": "box", section: table},
                       "spec": {"image": "docker.io/library/busybox:1.36"}}, indent=1)  # fmt: skip
    path = tmp_path / "box.yaml"
    path.write_text(text)
    result = load([str(path)])
    assert not result.problems
    return result.loaded[0]


@pytest.mark.parametrize("section", ["labels", "annotations"])
def test_what_every_cluster_takes_is_taken(tmp_path: Path, section: str) -> None:
    assert refusals(read(tmp_path, section, RIGHT), "kubernetes") == ()


@pytest.mark.parametrize("section", ["labels", "annotations"])
@pytest.mark.parametrize("name", WRONG_NAMES)
def test_a_name_that_no_cluster_takes_is_refused_at_its_line(tmp_path: Path, section: str, name: str) -> None:
    spec = read(tmp_path, section, {"team": "ml", name: "a"})
    (found,) = refusals(spec, "kubernetes")
    assert (found.code, found.path) == ("refused-by-backend", ("metadata", section, name))
    assert found.range is not None
    assert (found.range.start.line, found.range.start.column) == (8, 4)
    assert refusals(spec, "docker") == refusals(spec, "podman") == ()


@pytest.mark.parametrize("value", WRONG_VALUES)
def test_a_labels_value_that_no_cluster_takes_is_refused_an_annotations_is_not(tmp_path: Path, value: str) -> None:
    (found,) = refusals(read(tmp_path, "labels", {"a": value}), "kubernetes")
    assert (found.path, found.hint) == (("metadata", "labels", "a"), "make it an annotation")
    assert refusals(read(tmp_path, "annotations", {"a": value}), "kubernetes") == ()


def test_annotations_leave_room_for_ours(tmp_path: Path) -> None:
    spec = read(tmp_path, "annotations", {"a": "x" * 130_000})
    assert refusals(spec, "kubernetes") == ()
    spec = read(tmp_path, "annotations", {"a": "é" * 40_000, "b": "x" * 60_000})
    (found,) = refusals(spec, "kubernetes")
    assert (found.path, refusals(spec, "docker")) == (("metadata", "annotations"), ())
