"""The host's answers, on real files."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from sandboxctl.facts import PathFacts, Unreadable
from sandboxctl.host import MAX_TEXT, Host


def test_a_file_is_read_and_digested(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("é\n".encode())
    assert Host().text(str(path)) == "é\n"
    assert Host().digest(str(path)) == hashlib.sha256("é\n".encode()).hexdigest()


def test_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "latin1").write_bytes(b"\xe9")
    (tmp_path / "large").write_bytes(b"x" * (MAX_TEXT + 1))
    os.mkfifo(tmp_path / "fifo")
    answers = {name: Host().text(str(tmp_path / name)) for name in ("none", "latin1", "large", "fifo", "")}
    assert answers == {
        "none": Unreadable(reason="does not exist"),
        "latin1": Unreadable(reason="is not UTF-8 text"),
        "large": Unreadable(reason="is larger than 1 MiB"),
        "fifo": Unreadable(reason="is a fifo, not a regular file"),
        "": Unreadable(reason="is a directory, not a regular file"),
    }
    assert Host().digest(str(tmp_path / "none")) == Unreadable(reason="does not exist")


def test_a_look_follows_links_and_tells_kinds_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    Path("dir").mkdir(mode=0o750)
    Path("file").touch(mode=0o640)
    Path("link").symlink_to("file")
    Path("loop").symlink_to("loop")
    os.mkfifo("fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        names = ("dir", "file", "link", "fifo", "socket", "none", "file/below", "/dev/null")
        kinds = [Host().look(name).kind for name in names]
    assert kinds == ["directory", "file", "file", "fifo", "socket", "missing", "missing", "device"]
    assert Host().look("loop").kind == "unreadable"
    assert Host().look("link") == PathFacts(
        real=str(tmp_path.resolve() / "file"), kind="file", uid=os.getuid(), gid=os.stat("file").st_gid, mode=0o640
    )


def test_the_environment_names_engine_sockets_and_homes_hold_engine_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".local/share/containers").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere/docker.sock")
    monkeypatch.setenv("CONTAINER_HOST", "tcp://127.0.0.1:1")
    assert Host().engine_sockets() == ("/somewhere/docker.sock",)
    assert Host().engine_directories() == (str(tmp_path.resolve() / ".local/share/containers"),)


def test_a_link_that_may_not_be_read_is_a_place_that_cannot_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os.path, "realpath", refuse)
    assert Host().look("/proc/1/root") == PathFacts(real="/proc/1/root", kind="unreadable")
