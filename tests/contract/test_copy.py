"""`cp` as `docker cp` does it: into and out of a sandbox, files and directories, to the byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandboxctl import live
from sandboxctl.errors import ExecError, LocalFileError, SandboxctlError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

BINARY = bytes(range(256)) * 5000


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A directory of ours, with something in it."""
    found = tmp_path / "here"
    (found / "tree" / "below").mkdir(parents=True)
    (found / "tree" / "below" / "binary").write_bytes(BINARY)
    (found / "tree" / "program").write_text("#!/bin/sh\necho ran\n")
    (found / "tree" / "program").chmod(0o755)
    (found / "tree" / "link").symlink_to("program")
    return found


def names(directory: Path) -> set[str]:
    return {str(each.relative_to(directory)) for each in directory.rglob("*")}


def test_a_file_under_a_new_name(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    live.copy_in(str(here / "tree/below/binary"), name, "/workspace/copy", bench.backend)
    assert bench.exec(name, "cat", "/workspace/copy").stdout == BINARY


def test_a_file_into_a_directory_that_is_there(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    live.copy_in(str(here / "tree/program"), name, "/tmp", bench.backend)
    assert bench.sh(name, "sh /tmp/program") == "ran"


def test_relative_to_the_workdir(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    live.copy_in(str(here / "tree/program"), name, "mine", bench.backend)
    live.copy_in(str(here / "tree/program"), name, ".", bench.backend)
    assert bench.sh(name, "/workspace/mine; /workspace/program") == "ran\nran"


def test_a_directory_in_and_out_again(bench: Workbench, name: str, here: Path, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    live.copy_in(str(here / "tree"), name, "/workspace/copy", bench.backend)
    live.copy_in(str(here / "tree"), name, "/workspace", bench.backend)
    assert bench.sh(name, "cd /workspace && diff -r copy tree && ./tree/link") == "ran"
    live.copy_out(name, "copy", str(tmp_path / "back"), bench.backend)
    assert names(tmp_path / "back") == names(here / "tree")
    assert (tmp_path / "back/below/binary").read_bytes() == BINARY
    assert os.readlink(tmp_path / "back/link") == "program"
    assert os.access(tmp_path / "back/program", os.X_OK)


def test_what_is_copied_in_belongs_to_the_sandboxs_user(bench: Workbench, name: str, here: Path) -> None:
    os.chown(here / "tree/program", 12345, 54321)
    bench.applied(bench.spec(name))
    live.copy_in(str(here / "tree"), name, "/workspace", bench.backend)
    assert bench.sh(name, "stat -c %u:%g tree tree/program tree/below/binary").split() == ["10001:10001"] * 3
    assert bench.sh(name, "echo more >>tree/program; cat tree/program | tail -n 1") == "more"


def test_what_is_copied_out_belongs_to_the_caller(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "echo hello >file")
    live.copy_out(name, "file", str(tmp_path / "new"), bench.backend)
    live.copy_out(name, "/workspace/file", str(tmp_path), bench.backend)
    for copy in (tmp_path / "new", tmp_path / "file"):
        assert (copy.read_text(), copy.stat().st_uid) == ("hello\n", os.getuid())


def test_awkward_names(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    for title in ("with space", "-dash", "quote'\"", "Zürich 🦊", "new\nline", "x" * 200):
        (tmp_path / title).write_text(title)
        live.copy_in(str(tmp_path / title), name, f"/workspace/{title}", bench.backend)
        live.copy_out(name, f"/workspace/{title}", str(tmp_path / "back"), bench.backend)
        assert (tmp_path / "back").read_text() == title


def test_an_empty_file_and_an_empty_directory(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    (tmp_path / "nothing").mkdir()
    (tmp_path / "empty").touch()
    for title in ("nothing", "empty"):
        live.copy_in(str(tmp_path / title), name, title, bench.backend)
    assert bench.sh(name, "stat -c '%F' nothing empty") == "directory\nregular empty file"


def test_a_file_over_one_that_is_there(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    (tmp_path / "file").write_text("new")
    bench.sh(name, "echo old >file")
    live.copy_in(str(tmp_path / "file"), name, "file", bench.backend)
    assert bench.sh(name, "cat file") == "new"


@pytest.mark.parametrize("target", ["/etc/copy", "/no/such/directory/copy"])
def test_where_the_sandboxs_user_may_not_write(bench: Workbench, name: str, here: Path, target: str) -> None:
    bench.applied(bench.spec(name))
    with pytest.raises(SandboxctlError, match=f"cannot copy to {name}:{target}") as caught:
        live.copy_in(str(here / "tree/program"), name, target, bench.backend)
    assert caught.value.exit_code == 1


def test_what_is_not_there(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    with pytest.raises(LocalFileError, match="there is no"):
        live.copy_in(str(tmp_path / "absent"), name, "x", bench.backend)
    with pytest.raises(SandboxctlError, match="cannot copy from"):
        live.copy_out(name, "absent", str(tmp_path / "x"), bench.backend)
    with pytest.raises(LocalFileError, match="there is no directory"):
        live.copy_out(name, "/bin/busybox", str(tmp_path / "no/such/x"), bench.backend)


def test_a_whole_workdir_comes_out(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "mkdir below && echo 1 >below/a")
    live.copy_out(name, ".", str(tmp_path / "all"), bench.backend)
    assert (tmp_path / "all/below/a").read_text() == "1\n"
    assert names(tmp_path / "all") == {"below", "below/a"}


def test_the_content_of_a_directory_into_another(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "echo 1 >a")
    (tmp_path / "there").mkdir()
    live.copy_out(name, "/workspace/.", str(tmp_path / "there"), bench.backend)
    assert names(tmp_path / "there") == {"a"}


def test_hard_links_stay_together(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "mkdir pair && echo 1 >pair/a && ln pair/a pair/b")
    live.copy_out(name, "pair", str(tmp_path / "copy"), bench.backend)
    assert os.path.samefile(tmp_path / "copy/a", tmp_path / "copy/b")


def test_a_link_is_copied_as_a_link(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    live.copy_in(str(here / "tree/link"), name, "/workspace", bench.backend)
    assert bench.sh(name, "readlink link") == "program"


def test_links_that_lead_out_are_not_followed(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "mkdir evil && ln -s /etc/passwd evil/link && ln -s ../../../.. evil/up")
    with pytest.raises(SandboxctlError, match="not safe to unpack"):
        live.copy_out(name, "evil", str(tmp_path / "copy"), bench.backend)


def test_a_sandbox_that_is_not_running(engine: EngineUnderTest, bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    engine.client("stop", "--time=1", name)
    with pytest.raises(ExecError, match="is not running"):
        live.copy_in(str(here / "tree"), name, "x", bench.backend)
