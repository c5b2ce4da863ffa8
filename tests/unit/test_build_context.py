"""What is sent of a directory to build from: the same tar for the same content, less what `.dockerignore` names."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandboxctl.build_context import Context, Ignored


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("Dockerfile", "a/b/c.py", "a/d.txt", "e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def sent(tree: Path, dockerfile: str = "Dockerfile") -> list[str]:
    file = io.BytesIO()
    Context(directory=str(tree), dockerfile=dockerfile).write(file)
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        return archive.getnames()


def digest(tree: Path) -> str:
    return Context(directory=str(tree), dockerfile="Dockerfile").digest()


def test_all_is_sent_in_one_order(tree: Path) -> None:
    assert sent(tree) == ["Dockerfile", "a", "a/b", "a/b/c.py", "a/d.txt", "e.txt"]


def test_times_and_owners_do_not_count(tree: Path) -> None:
    before = digest(tree)
    os.utime(tree / "e.txt", (1, 1))
    os.utime(tree / "a")
    if os.geteuid() == 0:
        os.chown(tree / "e.txt", 7, 7)
    assert digest(tree) == before


@pytest.mark.parametrize("change", ["content", "mode", "name", "link"])
def test_whatever_an_image_could_show_counts(tree: Path, change: str) -> None:
    before = digest(tree)
    match change:
        case "content":
            (tree / "e.txt").write_text("other")
        case "mode":
            (tree / "e.txt").chmod(0o755)
        case "name":
            (tree / "e.txt").rename(tree / "f.txt")
        case "link":
            (tree / "l").symlink_to("/etc/passwd")
    assert digest(tree) != before


def test_a_link_is_sent_as_a_link(tree: Path) -> None:
    (tree / "l").symlink_to("/etc/passwd")
    file = io.BytesIO()
    Context(directory=str(tree), dockerfile="Dockerfile").write(file)
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        member = archive.getmember("l")
    assert (member.issym(), member.linkname) == (True, "/etc/passwd")


def test_what_cannot_be_sent_is_named(tree: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tree / "s"))
        with pytest.raises(ValueError, match="has `s`, which is no file, directory or link"):
            digest(tree)
    (tree / ".dockerignore").write_text("s\n")
    assert "s" not in sent(tree)


@pytest.mark.parametrize(
    ("lines", "left_out"),
    [
        (["a"], {"a", "a/b", "a/b/c.py", "a/d.txt"}),
        (["/a/"], {"a", "a/b", "a/b/c.py", "a/d.txt"}),
        (["*.txt"], {"e.txt"}),
        (["**/*.txt"], {"e.txt", "a/d.txt"}),
        (["a/*"], {"a/b", "a/b/c.py", "a/d.txt"}),
        (["a/**"], {"a/b", "a/b/c.py", "a/d.txt"}),
        (["**"], {"a", "a/b", "a/b/c.py", "a/d.txt", "e.txt"}),
        (["*", "!a/b"], {"a", "a/d.txt", "e.txt"}),
        (["a", "!a/b/c.py"], {"a", "a/b", "a/d.txt"}),
        (["!e.txt", "*.txt"], {"e.txt"}),
        (["# *.txt", "", "  e.txt  "], {"e.txt"}),
        (["[ef].txt"], {"e.txt"}),
        (["[^f].txt"], {"e.txt"}),
        (["?.txt"], {"e.txt"}),
        ([r"e\.txt"], {"e.txt"}),
        (["b"], set()),
        (["Dockerfile", ".dockerignore"], set()),
        (["x/../e.txt"], {"e.txt"}),
        (["."], set()),
    ],
)
def test_dockerignore_is_read_as_docker_reads_it(tree: Path, lines: Sequence[str], left_out: set[str]) -> None:
    everything = set(sent(tree))
    (tree / ".dockerignore").write_text("\n".join(lines))
    assert everything - set(sent(tree)) == left_out


def test_the_dockerfiles_own_comes_first(tree: Path) -> None:
    (tree / ".dockerignore").write_text("a\n")
    (tree / "Dockerfile.dockerignore").write_text("e.txt\n")
    assert {"a", "e.txt"} & set(sent(tree)) == {"a"}


def test_a_dockerfile_in_an_ignored_directory_is_sent(tree: Path) -> None:
    (tree / ".dockerignore").write_text("a\n")
    assert [path for path in sent(tree, "a/d.txt") if path.startswith("a")] == ["a/d.txt"]


def test_a_pattern_that_is_none_is_told_with_its_line() -> None:
    with pytest.raises(ValueError, match=r"line 2 of its \.dockerignore, `\[z-a\]`, is no pattern"):
        Ignored(["x", "[z-a]"])
