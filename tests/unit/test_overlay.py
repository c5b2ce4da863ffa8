"""What is said over a spec: the merge, its places, what it may not say, and what it makes weaker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandboxctl.document import read
from sandboxctl.load import load
from sandboxctl.overlay.assignment import parse_path
from sandboxctl.overlay.merging import merged
from sandboxctl.overlay.reading import edits
from sandboxctl.problems import Problem
from sandboxctl.spec_files import LoadResult

HEAD = "apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {name: py}\n"


def over(base: str, *overlays: str, sets: tuple[str, ...] = (), tmp_path: Path) -> Any:
    """The value of a document with overlays, each a text, and assignments over it; nothing may be wrong."""
    outcome = merge(base, *overlays, sets=sets, tmp_path=tmp_path)
    assert outcome.problems == ()
    return outcome.document.value


def merge(base: str, *overlays: str, sets: tuple[str, ...] = (), tmp_path: Path) -> Any:
    (document,), problems = read(base.encode(), filename="sandbox.yaml")
    assert problems == ()
    files = []
    for index, text in enumerate(overlays):
        file = tmp_path / f"overlay-{index}.yaml"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
    found = edits(files, sets)
    assert found.problems == ()
    return merged(document, found)


@pytest.mark.parametrize(
    ("base", "upper", "result"),
    [
        ("a: {b: 1, c: 2}", "a: {c: 3, d: 4}", "a: {b: 1, c: 3, d: 4}"),
        ("a: [1, 2]", "a: [3]", "a: [3]"),
        ("a: {b: 1}", "a: 5", "a: 5"),
        ("a: 5", "a: {b: 1}", "a: {b: 1}"),
        ("a: {b: 1, c: 2}", "a: {$remove: [b]}", "a: {c: 2}"),
        ("a: {b: {x: 1}, c: 2}", "a: {$remove: [b], b: {z: 1}}", "a: {c: 2, b: {z: 1}}"),
        ("a: 1", "b: {c: {d: 1}}", "{a: 1, b: {c: {d: 1}}}"),
        ("a: &x {b: 1}\nc: *x", "c: {b: 2}", "{a: {b: 1}, c: {b: 2}}"),
        ("spec: {image: busybox}", "spec: {image: {pull: never}}", "spec: {image: {ref: busybox, pull: never}}"),
        ("spec: {image: {ref: a, pull: never}}", "spec: {image: b}", "spec: {image: b}"),
        ("spec: {network: none}", "spec: {network: {hostname: x}}", "spec: {network: {mode: none, hostname: x}}"),
        ("spec: {network: mine}", "spec: {network: {hostname: x}}", "spec: {network: {name: mine, hostname: x}}"),
        (
            "spec: {lifecycle: {restart: on-failure}}",
            "spec: {lifecycle: {restart: {max: 3}}}",
            "spec: {lifecycle: {restart: {policy: on-failure, max: 3}}}",
        ),
        (
            "spec: {resources: {ulimits: {nofile: 9}}}",
            "spec: {resources: {ulimits: {nofile: {hard: 99}}}}",
            "spec: {resources: {ulimits: {nofile: {soft: 9, hard: 99}}}}",
        ),
        ("spec: {env: {A: b}}", "spec: {env: {A: {fromEnv: X}}}", "spec: {env: {A: {fromEnv: X}}}"),
    ],
)
def test_an_overlay_merges_mappings_and_replaces_all_else(base: str, upper: str, result: str, tmp_path: Path) -> None:
    assert over(base, upper, tmp_path=tmp_path) == yaml.safe_load(result)


def test_several_are_done_in_order_and_then_the_assignments(tmp_path: Path) -> None:
    value = over(
        "spec: {a: 0}", "spec: {a: 1, b: 1}", "spec: {b: 2, c: 2}", sets=("c=3", "d=3", "d=4"), tmp_path=tmp_path
    )
    assert value == {"spec": {"a": 1, "b": 2, "c": 3, "d": 4}}


@pytest.mark.parametrize(
    ("assignment", "result"),
    [
        ("resources.memory=1Gi", {"resources": {"memory": "1Gi"}, "mounts": [{"size": "8Mi"}], "network": "none"}),
        ("mounts[0].size=1Mi", {"mounts": [{"size": "1Mi"}], "network": "none"}),
        ("mounts[0].exec=true", {"mounts": [{"size": "8Mi", "exec": True}], "network": "none"}),
        ("mounts[0]-", {"mounts": [], "network": "none"}),
        ("network-", {"mounts": [{"size": "8Mi"}]}),
        ("network.hostname=x", {"mounts": [{"size": "8Mi"}], "network": {"mode": "none", "hostname": "x"}}),
        ("spec.network=bridge", {"mounts": [{"size": "8Mi"}], "network": "bridge"}),
        ("network={mode: host}", {"mounts": [{"size": "8Mi"}], "network": {"mode": "host"}}),
        ("command=[sh, -c, 'a=b']", {"mounts": [{"size": "8Mi"}], "network": "none", "command": ["sh", "-c", "a=b"]}),
        ('env.A=""', {"mounts": [{"size": "8Mi"}], "network": "none", "env": {"A": ""}}),
    ],
)
def test_an_assignment_sets_one_value(assignment: str, result: object, tmp_path: Path) -> None:
    base = "spec: {mounts: [{size: 8Mi}], network: none}"
    assert over(base, sets=(assignment,), tmp_path=tmp_path) == {"spec": result}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("resources.memory", ("spec", "resources", "memory")),
        ("spec.resources", ("spec", "resources")),
        ("mounts[12].size", ("spec", "mounts", 12, "size")),
        ("metadata.name", ("metadata", "name")),
        (r"metadata.labels.example\.com/team", ("metadata", "labels", "example.com/team")),
        ("", None),
        ("a..b", None),
        ("a.", None),
        ("[0]", None),
        ("a[x]", None),
        ("a[0", None),
    ],
)
def test_a_path_is_as_messages_write_it(text: str, path: object) -> None:
    assert parse_path(text) == path


# Places


def loaded(tmp_path: Path, body: str, *overlays: str, sets: tuple[str, ...] = ()) -> LoadResult:
    """A whole spec with overlays `o0.yaml`, …; paths in messages are bare names."""
    (tmp_path / "sandbox.yaml").write_text(f"{HEAD}spec:\n  image: busybox:1\n{body}", encoding="utf-8")
    files = []
    for index, text in enumerate(overlays):
        (tmp_path / f"o{index}.yaml").write_text(text, encoding="utf-8")
        files.append(str(tmp_path / f"o{index}.yaml"))
    return load([str(tmp_path / "sandbox.yaml")], edits=edits(files, sets))


def shown(problem: Problem) -> tuple[str, str, str]:
    """Where, which line, and the code."""
    assert problem.range is not None
    start = problem.range.start
    return f"{Path(problem.range.filename).name}:{start.line}:{start.column}", problem.line_text or "", problem.code


@pytest.mark.parametrize(
    ("overlay", "sets", "problem"),
    [
        ("spec:\n  resources: {memory: 64}\n", (), ("o0.yaml:2:23", "  resources: {memory: 64}", "quantity")),
        ("spec:\n  newtork: none\n", (), ("o0.yaml:2:3", "  newtork: none", "unknown-key")),
        ("spec:\n  tty: no\n", (), ("o0.yaml:2:8", "  tty: no", "ambiguous-scalar")),
        ("spec:\n  run: ~\n", (), ("o0.yaml:2:8", "  run: ~", "null-value")),
        ("spec: {$remove: [nothing]}\n", (), ("o0.yaml:1:18", "spec: {$remove: [nothing]}", "overlay-remove")),
        ("spec: {$remove: image}\n", (), ("o0.yaml:1:17", "spec: {$remove: image}", "overlay-remove")),
        ("- a\n", (), ("o0.yaml:1:1", "- a", "overlay-form")),
        ("metadata: {name: other}\n", (), ("o0.yaml:1:18", "metadata: {name: other}", "overlay-unused")),
        ("apiVersion: v2\n", (), ("o0.yaml:1:13", "apiVersion: v2", "wrong-version")),
        ("", ("resources.memory=64",), ("--set resources.memory:1:24", "--set resources.memory=64", "quantity")),
        ("", ("tty=no",), ("--set tty:1:11", "--set tty=no", "ambiguous-scalar")),
        ("", ("newtork=x",), ("--set newtork:1:7", "--set newtork=x", "unknown-key")),
        ("", ("tty-",), ("--set tty:1:7", "--set tty-", "set-path")),
        ("", ("mounts[1].size=1Mi",), ("--set mounts[1].size:1:7", "--set mounts[1].size=1Mi", "set-path")),
        ("", ("tty",), ("--set tty:1:7", "--set tty", "set-syntax")),
        ("", ("tty=",), ("--set tty:1:10", "--set tty=", "set-syntax")),
        ("", ("env.A=${X}",), ("--set env.A:1:13", "--set env.A=${X}", "unset-variable")),
    ],
)
def test_a_problem_stands_where_it_was_written(
    overlay: str, sets: tuple[str, ...], problem: tuple[str, str, str], tmp_path: Path
) -> None:
    result = loaded(tmp_path, "", *([overlay] if overlay else []), sets=sets)
    assert [shown(each) for each in result.problems if each.severity == "error"] == [problem]


def test_a_value_of_the_spec_keeps_its_place(tmp_path: Path) -> None:
    result = loaded(tmp_path, "  resources: {memory: 64, pids: 5}\n", "spec:\n  resources: {pids: 6}\n")
    assert [shown(each) for each in result.problems] == [
        ("sandbox.yaml:6:23", "  resources: {memory: 64, pids: 5}", "quantity")
    ]


def test_every_value_knows_its_file(tmp_path: Path) -> None:
    result = loaded(tmp_path, "  tty: true\n", "spec: {stdin: true}\n", sets=("run=image",))
    (found,) = result.loaded
    files = {name: Path(found.source.marks["spec", name].filename).name for name in ("image", "tty", "stdin", "run")}
    assert files == {"image": "sandbox.yaml", "tty": "sandbox.yaml", "stdin": "o0.yaml", "run": "--set run"}


# Which sandbox


def test_an_overlay_with_a_name_is_for_that_one(tmp_path: Path) -> None:
    two = "".join(f"---\n{HEAD.replace('py', name)}spec: {{image: 'busybox:1'}}\n" for name in ("aa", "bb"))
    (tmp_path / "two.yaml").write_text(two)
    (tmp_path / "over.yaml").write_text("metadata: {name: bb}\nspec: {tty: true}\n---\nspec: {stdin: true}\n")
    result = load([str(tmp_path / "two.yaml")], edits=edits([str(tmp_path / "over.yaml")], ()))
    assert [(each.sandbox.name, each.sandbox.tty, each.sandbox.stdin) for each in result.loaded] == [
        ("aa", False, True),
        ("bb", True, True),
    ]


def test_a_name_can_be_set(tmp_path: Path) -> None:
    assert loaded(tmp_path, "", sets=("metadata.name=other",)).loaded[0].sandbox.name == "other"


# Safety


@pytest.mark.parametrize(
    ("body", "overlay", "warnings"),
    [
        ("", "spec: {resources: {memory: 1Gi}}", []),
        ("  network: bridge\n", "spec: {network: none}", []),
        ("", "spec: {network: bridge}", [("o0.yaml:1:17", "this opens the network: none → bridge")]),
        (
            "  security: {seccomp: default}\n",
            "spec: {security: {$remove: [seccomp]}}",
            [("o0.yaml:1:29", "this takes `security.seccomp` away, which sandbox.yaml:6 sets")],
        ),
        (
            "  security: {seccomp: default, groups: [5]}\n  tty: true\n",
            "spec: {$remove: [security, tty]}",
            [
                ("o0.yaml:1:18", "this takes `security.groups` away, which sandbox.yaml:6 sets"),
                ("o0.yaml:1:18", "this takes `security.seccomp` away, which sandbox.yaml:6 sets"),
            ],
        ),
        (
            "  lifecycle: {ttl: 1h, stopGrace: 1s}\n",
            "spec: {lifecycle: {$remove: [ttl]}}",
            [("o0.yaml:1:30", "this takes `lifecycle.ttl` away, which sandbox.yaml:6 sets")],
        ),
        (
            "  resources: {pids: 5, memory: 64Mi}\n",
            "spec: {resources: {$remove: [pids]}}",
            [("o0.yaml:1:30", "this takes `resources.pids` away, which sandbox.yaml:6 sets")],
        ),
        (
            "",
            "spec: {security: {readOnlyRoot: false, allow: [writable-root]}}",
            [("o0.yaml:1:33", "this weakens the sandbox (writable-root), which the spec alone does not")],
        ),
        (
            "  security: {profile: restricted}\n",
            "spec: {security: {profile: baseline}}",
            [
                ("o0.yaml:1:28", "this opens the network: none → bridge"),
                ("o0.yaml:1:28", "this weakens the sandbox (default-capabilities), which the spec alone does not"),
                ("o0.yaml:1:28", "this weakens the sandbox (root-user), which the spec alone does not"),
                ("o0.yaml:1:28", "this weakens the sandbox (writable-root), which the spec alone does not"),
            ],
        ),
        (
            "  mounts: [{type: tmpfs, target: /x}]\n",
            "spec: {mounts: [{type: tmpfs, target: /x, exec: true}]}",
            [("o0.yaml:1:49", "this makes /x executable")],
        ),
        (
            "  network: {mode: bridge, egress: {allow: [{cidr: 192.0.2.0/24}]}}\n",
            "spec: {network: {$remove: [egress]}}",
            [
                ("o0.yaml:1:28", "this takes `network.egress.allow` away, which sandbox.yaml:6 sets"),
            ],
        ),
        (
            "",
            "spec: {kubernetes: {accept: [resources.pids]}}",
            [("o0.yaml:1:30", "this accepts that resources.pids is weaker on kubernetes")],
        ),
    ],
)
def test_what_is_made_weaker_is_told_where_it_is_said(
    body: str, overlay: str, warnings: list[tuple[str, str]], tmp_path: Path
) -> None:
    result = loaded(tmp_path, body, overlay)
    (found,) = result.loaded
    told = [(shown(each)[0], each.message.replace(f"{tmp_path}/", "")) for each in found.loosened]
    assert told == warnings
    assert set(found.loosened) <= set(result.problems)


def test_what_the_result_is_not_allowed_is_an_error_as_ever(tmp_path: Path) -> None:
    result = loaded(tmp_path, "", "spec: {security: {readOnlyRoot: false}}")
    assert [shown(each)[2] for each in result.problems] == ["weakening-not-allowed"]


def test_without_overlays_a_spec_is_what_it_was(tmp_path: Path) -> None:
    body = "  resources: {memory: 64Mi}\n"
    assert loaded(tmp_path, body).loaded[0].sandbox == loaded(tmp_path, body, "spec: {}\n").loaded[0].sandbox
