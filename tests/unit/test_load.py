"""From paths to sandboxes: files, directories, standard input, several documents."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from sandboxctl.errors import LocalFileError
from sandboxctl.load import load
from sandboxctl.spec_files import LoadResult
from tests.unit.given import spec


def named(name: str, body: str = "") -> str:
    return spec(body).replace("name: box", f"name: {name}")


def names(result: LoadResult) -> list[str]:
    return [loaded.sandbox.name for loaded in result.loaded]


def codes(result: LoadResult) -> list[str]:
    return [problem.code for problem in result.problems]


def test_files_directories_and_standard_input_are_read_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "dir" / "below").mkdir(parents=True)
    (tmp_path / "dir" / "b.yml").write_text(named("two"))
    (tmp_path / "dir" / "a.yaml").write_text(named("one") + "---\n" + named("one-more"))
    (tmp_path / "dir" / ".hidden.yaml").write_text("[")
    (tmp_path / "dir" / "notes.txt").write_text("[")
    (tmp_path / "dir" / "below" / "c.yaml").write_text("[")
    (tmp_path / "last").write_text(named("last"))
    stdin = io.BytesIO(named("piped").encode())
    result = load(["-", str(tmp_path / "dir"), str(tmp_path / "last")], stdin=stdin)
    assert names(result) == ["piped", "one", "one-more", "two", "last"]
    assert result.problems == ()
    assert [loaded.source.document for loaded in result.loaded] == [0, 0, 1, 0, 0]
    assert result.loaded[0].source.filename == "<stdin>"


def test_a_path_given_twice_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text(named("one"))
    (tmp_path / "link.yaml").symlink_to("a.yaml")
    monkeypatch.chdir(tmp_path)
    result = load(["a.yaml", ".", "./a.yaml", "link.yaml"])
    assert (names(result), result.problems) == (["one"], ())


def test_what_is_not_ours_in_a_directory_is_skipped_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(named("one"))
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: Pod\nanswer: no\n")
    (tmp_path / "c.yaml").write_text("apiVersion: sandboxctl.dev/v1\nkind: Policy\n")
    (tmp_path / "d.yaml").write_text("services: {web: {ports: [22:22]}}\n")
    result = load([str(tmp_path)])
    assert (names(result), result.problems) == (["one"], ())
    assert result.notes == (
        f"{tmp_path}/b.yaml: skipped, its apiVersion is v1",
        f"{tmp_path}/c.yaml: skipped, its kind is Policy",
        f"{tmp_path}/d.yaml: skipped, it has no apiVersion and no kind",
    )


def test_what_is_not_ours_is_an_error_where_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("apiVersion: v1\nkind: Pod\n")
    result = load([str(tmp_path / "b.yaml")])
    assert names(result) == []
    assert "wrong-version" in codes(result)


def test_a_sandbox_that_is_right_is_loaded_beside_one_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(named("wrong", "workdir: /etc") + "---\n" + named("right"))
    result = load([str(path)])
    assert (names(result), codes(result)) == (["right"], ["system-workdir"])


def test_the_problems_of_all_files_and_all_stages_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(named("aa", "nonsense: 1\nworkdir: /etc\nresources: {memory: 5}\nenv: {X: no}"))
    (tmp_path / "b.yaml").write_text(named("bb", "tty: ${TTY}\nnetwork: public"))
    result = load([str(tmp_path)])
    assert [(Path(p.range.filename).name if p.range else "", p.code) for p in result.problems] == [
        ("a.yaml", "unknown-key"),
        ("a.yaml", "system-workdir"),
        ("a.yaml", "quantity"),
        ("a.yaml", "ambiguous-scalar"),
        ("b.yaml", "unset-variable"),
        ("b.yaml", "reserved-network"),
    ]


def test_a_missing_image_hides_no_other_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(named("aa", "workdir: /etc").replace("  image: docker.io/library/busybox:1.36\n", ""))
    assert codes(load([str(path)])) == ["missing-key", "system-workdir"]


def test_a_broken_field_does_not_make_others_look_wrong(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        named("aa", "network: {mode: 5, ports: ['80:80']}\nsecurity: {readOnlyRoot: false, allow: writable-root}")
    )
    assert codes(load([str(path)])) == ["wrong-type", "wrong-type"]


def test_variables_are_replaced_before_anything_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(named("aa", "resources:\n  cpu: '${CPUS}'\n  pids: ${PIDS}"))
    (loaded,) = load([str(path)], variables={"CPUS": "0.5", "PIDS": "7"}).loaded
    assert (loaded.sandbox.resources.cpu, loaded.sandbox.resources.pids) == (500, 7)


@pytest.mark.parametrize(("first", "second", "expected"), [("docker", "docker", 1), ("docker", "podman", 0)])
def test_two_sandboxes_of_one_identity_are_an_error(tmp_path: Path, first: str, second: str, expected: int) -> None:
    (tmp_path / "a.yaml").write_text(named("one", f"backend: {first}"))
    (tmp_path / "b.yaml").write_text(named("one", f"backend: {second}"))
    result = load([str(tmp_path)])
    assert codes(result) == ["same-identity"] * expected
    if expected:
        assert result.problems[0].message == f"a sandbox named `one` is in {tmp_path}/a.yaml:3:18 already"


def test_one_name_in_two_namespaces_is_two_sandboxes(tmp_path: Path) -> None:
    documents = [named("one", f"backend: k8s\nkubernetes: {{namespace: {name}}}") for name in ("a", "b")]
    (tmp_path / "a.yaml").write_text("---\n".join(documents))
    assert load([str(tmp_path)]).problems == ()


@pytest.mark.parametrize("make", ["missing", "fifo", "empty-directory", "other-files-only", "nul"])
def test_what_cannot_be_read_at_all_is_an_error_of_its_own(tmp_path: Path, make: str) -> None:
    path = tmp_path / "x"
    match make:
        case "fifo":
            os.mkfifo(path)
        case "empty-directory":
            path.mkdir()
        case "other-files-only":
            path.mkdir()
            (path / "notes.txt").write_text("")
        case _:
            pass
    with pytest.raises(LocalFileError):
        load([f"{path}\0" if make == "nul" else str(path)])


def test_relative_paths_are_relative_to_the_spec_and_not_to_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "token").write_text("t")
    (tmp_path / "specs" / "a.yaml").write_text(named("aa", "env: {T: {fromFile: token}}"))
    monkeypatch.chdir(tmp_path)
    assert load(["specs/a.yaml"]).problems == ()


def test_an_empty_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    assert codes(load([str(tmp_path / "a.yaml")])) == ["empty-document"]
