"""`cp` as `docker cp` does it: into and out of a sandbox, files and directories, to the byte."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from pathlib import Path

import pytest

from sandboxctl import copying
from sandboxctl.errors import LocalFileError, SandboxctlError
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
    copying.copy_in(str(here / "tree/below/binary"), name, "/workspace/copy", bench.backend)
    assert bench.exec(name, "cat", "/workspace/copy").stdout == BINARY


def test_a_file_into_a_directory_that_is_there(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    copying.copy_in(str(here / "tree/program"), name, "/tmp", bench.backend)
    assert bench.sh(name, "sh /tmp/program") == "ran"


def test_relative_to_the_workdir(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    copying.copy_in(str(here / "tree/program"), name, "mine", bench.backend)
    copying.copy_in(str(here / "tree/program"), name, ".", bench.backend)
    assert bench.sh(name, "/workspace/mine; /workspace/program") == "ran\nran"


def test_a_directory_in_and_out_again(bench: Workbench, name: str, here: Path, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    copying.copy_in(str(here / "tree"), name, "/workspace/copy", bench.backend)
    copying.copy_in(str(here / "tree"), name, "/workspace", bench.backend)
    assert bench.sh(name, "cd /workspace && diff -r copy tree && ./tree/link") == "ran"
    copying.copy_out(name, "copy", str(tmp_path / "back"), bench.backend)
    assert names(tmp_path / "back") == names(here / "tree")
    assert (tmp_path / "back/below/binary").read_bytes() == BINARY
    assert os.readlink(tmp_path / "back/link") == "program"
    assert os.access(tmp_path / "back/program", os.X_OK)


def test_what_is_copied_in_belongs_to_the_sandboxs_user(bench: Workbench, name: str, here: Path) -> None:
    os.chown(here / "tree/program", 12345, 54321)
    bench.applied(bench.spec(name))
    copying.copy_in(str(here / "tree"), name, "/workspace", bench.backend)
    assert bench.sh(name, "stat -c %u:%g tree tree/program tree/below/binary").split() == ["10001:10001"] * 3
    assert bench.sh(name, "echo more >>tree/program; cat tree/program | tail -n 1") == "more"


def test_what_is_copied_out_belongs_to_the_caller(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "echo hello >file")
    copying.copy_out(name, "file", str(tmp_path / "new"), bench.backend)
    copying.copy_out(name, "/workspace/file", str(tmp_path), bench.backend)
    for copy in (tmp_path / "new", tmp_path / "file"):
        assert (copy.read_text(), copy.stat().st_uid) == ("hello\n", os.getuid())


def test_awkward_names(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    for title in ("with space", "-dash", "quote'\"", "Zürich 🦊", "new\nline", "x" * 200):
        (tmp_path / title).write_text(title)
        copying.copy_in(str(tmp_path / title), name, f"/workspace/{title}", bench.backend)
        copying.copy_out(name, f"/workspace/{title}", str(tmp_path / "back"), bench.backend)
        assert (tmp_path / "back").read_text() == title


def test_an_empty_file_and_an_empty_directory(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    (tmp_path / "nothing").mkdir()
    (tmp_path / "empty").touch()
    for title in ("nothing", "empty"):
        copying.copy_in(str(tmp_path / title), name, title, bench.backend)
    assert bench.sh(name, "stat -c '%F' nothing empty") == "directory\nregular empty file"


def test_a_file_over_one_that_is_there(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    (tmp_path / "file").write_text("new")
    bench.sh(name, "echo old >file")
    copying.copy_in(str(tmp_path / "file"), name, "file", bench.backend)
    assert bench.sh(name, "cat file") == "new"


@pytest.mark.parametrize("target", ["/etc/copy", "/no/such/directory/copy"])
def test_where_the_sandboxs_user_may_not_write(bench: Workbench, name: str, here: Path, target: str) -> None:
    bench.applied(bench.spec(name))
    with pytest.raises(SandboxctlError, match=f"cannot copy to {name}:{target}") as caught:
        copying.copy_in(str(here / "tree/program"), name, target, bench.backend)
    assert caught.value.exit_code == 1


def test_what_is_not_there(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    with pytest.raises(LocalFileError, match="there is no"):
        copying.copy_in(str(tmp_path / "absent"), name, "x", bench.backend)
    with pytest.raises(LocalFileError, match="there is no directory"):
        copying.copy_out(name, "/bin/busybox", str(tmp_path / "no/such/x"), bench.backend)


def test_a_whole_workdir_comes_out(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "mkdir below && echo 1 >below/a")
    copying.copy_out(name, ".", str(tmp_path / "all"), bench.backend)
    assert (tmp_path / "all/below/a").read_text() == "1\n"
    assert names(tmp_path / "all") == {"below", "below/a"}


def test_the_content_of_a_directory_into_another(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "echo 1 >a")
    (tmp_path / "there").mkdir()
    copying.copy_out(name, "/workspace/.", str(tmp_path / "there"), bench.backend)
    assert names(tmp_path / "there") == {"a"}


def test_hard_links_stay_together(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "mkdir pair && echo 1 >pair/a && ln pair/a pair/b")
    copying.copy_out(name, "pair", str(tmp_path / "copy"), bench.backend)
    assert os.path.samefile(tmp_path / "copy/a", tmp_path / "copy/b")


def test_a_link_is_copied_as_a_link(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    copying.copy_in(str(here / "tree/link"), name, "/workspace", bench.backend)
    assert bench.sh(name, "readlink link") == "program"


def test_a_link_that_leads_out_is_left_out_and_told(bench: Workbench, name: str, tmp_path: Path) -> None:
    """A virtual environment has one to the interpreter."""
    bench.applied(bench.spec(name))
    bench.sh(
        name, "mkdir -p venv/bin && cd venv && ln -s /usr/bin/python3 bin/python && ln -s ../../../.. up && ln -s bin b"
    )
    bench.sh(name, "mkfifo venv/pipe && echo 1 >venv/pyvenv.cfg")
    left_out = copying.copy_out(name, "venv", str(tmp_path / "copy"), bench.backend)
    assert sorted(left_out) == [
        "venv/bin/python, a link to /usr/bin/python3", "venv/pipe, neither a file nor a directory",
        "venv/up, a link to ../../../..",
    ]  # fmt: skip
    assert names(tmp_path / "copy") == {"bin", "b", "pyvenv.cfg"}


def test_what_cannot_be_copied_leaves_nothing_behind(bench: Workbench, name: str, tmp_path: Path) -> None:
    bench.applied(bench.spec(name))
    bench.sh(name, "mkdir -p tree/below && echo 1 >tree/a && echo 2 >tree/below/b")
    (tmp_path / "copy" / "below" / "b").mkdir(parents=True)
    with pytest.raises(LocalFileError, match=r"cannot write below/b in .*: Is a directory"):
        copying.copy_out(name, "tree/.", str(tmp_path / "copy"), bench.backend)
    assert names(tmp_path / "copy") == {"below", "below/b"}


IN_TARS_OWN_WORDS = [
    ("/etc/copy", "Read-only file system"), ("/no/such/directory/copy", "there is no directory /no/such/directory"),
    ("/tmp/copy", "No space left on device|Wrote only"), ("/proc/copy", "No such file or directory"),
]  # fmt: skip


@pytest.mark.parametrize("image", ["busybox", "python"])  # its own tar, and GNU's
@pytest.mark.parametrize(("target", "reason"), IN_TARS_OWN_WORDS)
def test_why_it_cannot_be_copied_to_there(engine: EngineUnderTest, bench: Workbench, name: str, tmp_path: Path, image: str, target: str, reason: str) -> None:  # fmt: skip
    (tmp_path / "large").write_bytes(bytes(2 * 2**20))
    small = {"mounts": [{"type": "tmpfs", "target": "/tmp", "size": "1Mi"}]}
    bench.applied(bench.spec(name, {"image": getattr(engine.images, image)}, small))
    with pytest.raises(SandboxctlError, match=rf"^cannot copy to {name}:{target}: .*({reason})") as caught:
        copying.copy_in(str(tmp_path / "large"), name, target, bench.backend)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("image", ["busybox", "python"])
def test_why_it_cannot_be_copied_from_there(engine: EngineUnderTest, bench: Workbench, name: str, tmp_path: Path, image: str) -> None:  # fmt: skip
    bench.applied(bench.spec(name, {"image": getattr(engine.images, image)}))
    with pytest.raises(SandboxctlError, match=r"absent.*: No such file or directory") as caught:
        copying.copy_out(name, "absent", str(tmp_path / "x"), bench.backend)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "x").exists()


def test_an_archive_goes_in_and_comes_out(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(here / "tree", arcname="tree")
        archive.seek(0)
        copying.archive_in(archive, name, ".", bench.backend)
    assert bench.sh(name, "cat tree/below/binary | wc -c; stat -c %u tree/program").split() == ["1280000", "10001"]
    chunks: list[bytes] = []
    copying.archive_out(name, "tree/program", chunks.append, bench.backend)
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        assert [each.name for each in tar] == ["./program"]


def test_an_archive_has_to_go_into_a_directory(bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    with tempfile.TemporaryFile() as archive, pytest.raises(SandboxctlError, match="new: there is no directory"):
        copying.archive_in(archive, name, "new", bench.backend)


def test_a_sandbox_that_is_not_running(engine: EngineUnderTest, bench: Workbench, name: str, here: Path) -> None:
    bench.applied(bench.spec(name))
    engine.stop(name)
    for copy in (
        lambda: copying.copy_in(str(here / "tree"), name, "x", bench.backend),
        lambda: copying.copy_out(name, "x", str(here / "copy"), bench.backend),
    ):
        with pytest.raises(SandboxctlError, match="is not running") as caught:
            copy()
        assert caught.value.exit_code == 1
