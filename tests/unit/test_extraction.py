"""An archive from a sandbox writes below one directory, and nothing else, whatever it says."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from pathlib import Path

import pytest

from sandboxctl.errors import LocalFileError
from sandboxctl.extraction import unpack

LINK, HARD, DIRECTORY = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def entry(name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:  # fmt: skip
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.size, info.mtime = kind, link, mode, len(content), 1_000_000_000
    info.uid = info.gid = 12345
    return info, content


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info, content in entries:
            tar.addfile(info, io.BytesIO(content))
    buffer.seek(0)
    return buffer


def tree(directory: Path) -> dict[str, str]:
    """Every path below, with what is there."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        else:
            found[name] = "dir" if path.is_dir() else path.read_text()
    return found


def test_a_directory_comes_out_under_its_name_or_another(tmp_path: Path) -> None:
    made = archive(entry("./d", kind=DIRECTORY), entry("./d/a", b"1"), entry("./d/s", kind=LINK, link="a"), entry("./d/h", kind=HARD, link="./d/a"))  # fmt: skip
    unpack(made, tmp_path, entry="d", name=None)
    assert tree(tmp_path) == {"d": "dir", "d/a": "1", "d/h": "1", "d/s": "-> a"}
    made.seek(0)
    other = tmp_path / "other"
    other.mkdir()
    unpack(made, other, entry="d", name="e")
    assert tree(other) == {"e": "dir", "e/a": "1", "e/h": "1", "e/s": "-> a"}
    assert (other / "e" / "a").stat().st_ino == (other / "e" / "h").stat().st_ino


def test_the_content_of_a_directory_alone(tmp_path: Path) -> None:
    unpack(archive(entry("./.", kind=DIRECTORY), entry("./a", b"1")), tmp_path, entry=".", name=None)
    assert tree(tmp_path) == {"a": "1"}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (entry("/d/a", b"x"), "is an absolute path"),
        (entry("../a", b"x"), "leads out"),
        (entry("d/../../a", b"x"), "leads out"),
        (entry("d/..", kind=DIRECTORY), "leads out"),
        (entry("other", b"x"), "is not what was asked for"),
        (entry(".bashrc", b"x"), "is not what was asked for"),
        (entry("d/h", kind=HARD, link="/etc/passwd"), "is an absolute path"),
        (entry("d/h", kind=HARD, link="../secret"), "leads out"),
        (entry("d/h", kind=HARD, link="d/nothing"), "is a link to what is not in the archive"),
    ],
)  # fmt: skip
def test_what_would_reach_outside_is_refused(tmp_path: Path, bad: tuple[tarfile.TarInfo, bytes], said: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret").write_text("s")
    with pytest.raises(LocalFileError, match=said):
        unpack(archive(entry("d", kind=DIRECTORY), bad), inner, entry="d", name=None)
    assert tree(inner) == {}
    assert tree(tmp_path)["secret"] == "s"
    assert sorted(os.listdir(tmp_path)) == ["inner", "secret"]


def test_a_link_that_the_archive_made_is_not_followed(tmp_path: Path) -> None:
    inside = archive(entry("d", kind=DIRECTORY), entry("d/e", kind=DIRECTORY), entry("d/l", kind=LINK, link="e"), entry("d/l/a", b"x"))  # fmt: skip
    with pytest.raises(LocalFileError, match="cannot write"):
        unpack(inside, tmp_path, entry="d", name=None)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ("d/l", "/etc"), ("d/l", "/usr/bin/python3"), ("d/l", ".."), ("d/l", "../x"), ("d/e/l", "../../x"),
        ("d/l", "e/.."), ("d/l", "./a/../../.."),
    ],
)  # fmt: skip
def test_a_link_that_leads_out_is_left_out_and_all_else_is_there(tmp_path: Path, place: str, target: str) -> None:
    made = archive(entry("d", kind=DIRECTORY), entry(place, kind=LINK, link=target), entry("d/a", b"1"))
    left_out = unpack(made, tmp_path, entry="d", name="copy")
    assert left_out == (f"{place}, a link to {target}",)
    assert {name for name in tree(tmp_path) if name != "copy/e"} == {"copy", "copy/a"}


def test_a_hard_link_to_a_link_is_judged_by_where_it_stands_itself(tmp_path: Path) -> None:
    made = archive(
        entry("d/e/l", kind=LINK, link="../a"), entry("d/e/m", kind=HARD, link="d/e/l"), entry("d/n", kind=HARD, link="d/e/l"),
        entry("d/o", kind=LINK, link="/etc"), entry("d/p", kind=HARD, link="d/o"),
    )  # fmt: skip
    left_out = unpack(made, tmp_path, entry="d", name=None)
    assert left_out == ("d/n, a link to ../a", "d/o, a link to /etc", "d/p, a link to /etc")
    assert tree(tmp_path) == {"d": "dir", "d/e": "dir", "d/e/l": "-> ../a", "d/e/m": "-> ../a"}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_or_a_pipe_is_left_out(tmp_path: Path, kind: bytes) -> None:
    left_out = unpack(archive(entry("d/a", b"1"), entry("d/f", kind=kind)), tmp_path, entry="d", name=None)
    assert left_out == ("d/f, neither a file nor a directory",)
    assert tree(tmp_path) == {"d": "dir", "d/a": "1"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (entry("d", kind=LINK, link="/etc/passwd"), "d is a link to /etc/passwd"),
        (entry("d", kind=LINK, link="../x"), "d is a link to ../x"),
        (entry("d", kind=tarfile.FIFOTYPE), "d is neither a file nor a directory"),
    ],
)
def test_what_was_asked_for_itself_is_not_left_out_silently(tmp_path: Path, asked: tuple[tarfile.TarInfo, bytes], said: str) -> None:  # fmt: skip
    with pytest.raises(LocalFileError, match=said):
        unpack(archive(asked), tmp_path, entry="d", name=None)
    assert tree(tmp_path) == {}


def test_what_comes_into_a_directory_that_is_there_is_laid_over_it(tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    for path, text in {"d/mine": "1", "d/e/mine": "2", "d/e/both": "old"}.items():
        (tmp_path / path).write_text(text)
    made = archive(entry("d/new", b"3"), entry("d/e/both", b"new"), entry("d/f/deep", b"4"))
    assert unpack(made, tmp_path, entry="d", name=None) == ()
    assert tree(tmp_path) == {
        "d": "dir", "d/mine": "1", "d/new": "3", "d/e": "dir", "d/e/mine": "2", "d/e/both": "new", "d/f": "dir",
        "d/f/deep": "4",
    }  # fmt: skip


@pytest.mark.parametrize("late", [entry("d/z", b"x"), entry("../z", b"x"), entry("d/y/a", b"x")])
def test_what_cannot_be_taken_whole_changes_nothing(tmp_path: Path, late: tuple[tarfile.TarInfo, bytes]) -> None:
    (tmp_path / "d" / "z").mkdir(parents=True)
    (tmp_path / "d" / "y").write_text("a file")
    before = tree(tmp_path)
    with pytest.raises(LocalFileError):
        unpack(archive(entry("d/a", b"1"), late), tmp_path, entry="d", name=None)
    assert tree(tmp_path) == before


def test_a_pipe_or_a_device_of_ours_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a")
    with pytest.raises(LocalFileError, match="neither a file nor a directory"):
        unpack(archive(entry("a", b"x")), tmp_path, entry="a", name=None)
    assert stat.S_ISFIFO((tmp_path / "a").stat().st_mode)


def test_a_link_that_is_there_is_replaced_and_never_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    os.symlink("precious", tmp_path / "a")
    unpack(archive(entry("a", b"theirs")), tmp_path, entry="a", name=None)
    assert tree(tmp_path) == {"a": "theirs", "precious": "mine"}


def test_the_files_are_the_callers_own_and_have_no_special_bits(tmp_path: Path) -> None:
    unpack(archive(entry("a", b"x", mode=0o6777)), tmp_path, entry="a", name=None)
    found = (tmp_path / "a").stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode), int(found.st_mtime)) == (os.getuid(), 0o755, 1_000_000_000)
    unpack(archive(entry("b", b"x", mode=0o066)), tmp_path, entry="b", name=None)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o644


def test_what_costs_too_much_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    many = archive(entry("d", kind=DIRECTORY), *(entry(f"d/{index}") for index in range(20)))
    with pytest.raises(LocalFileError, match="more than 10 entries"):
        unpack(many, tmp_path, entry="d", name=None, max_entries=10)
    large = archive(entry("d", kind=DIRECTORY), entry("d/a", b"x" * 60), entry("d/b", b"x" * 60))
    with pytest.raises(LocalFileError, match="more than 100 bytes"):
        unpack(large, tmp_path, entry="d", name=None, max_bytes=100)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100, b"\x1f\x8b" + b"\0" * 600])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LocalFileError, match="not safe to unpack"):
        unpack(io.BytesIO(data), tmp_path, entry="d", name=None)


def test_an_archive_that_ends_early_is_refused(tmp_path: Path) -> None:
    whole = archive(entry("a", b"x" * 5000)).getvalue()
    with pytest.raises(LocalFileError, match="not safe to unpack"):
        unpack(io.BytesIO(whole[:2048]), tmp_path, entry="a", name=None)
