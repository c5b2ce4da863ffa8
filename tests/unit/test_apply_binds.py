"""A bind's source that changes between the check and the start is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandboxctl.apply import binds
from sandboxctl.backends.base import Engine
from sandboxctl.dataclass import replace
from sandboxctl.errors import FailedError
from sandboxctl.spec import BindMount, Image, Sandbox

ENGINE = Engine(backend="docker", endpoint="unix:///run/docker.sock", version="1")


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    (tmp_path / "data").mkdir()
    mount = BindMount(source=os.path.realpath(tmp_path / "data"), target="/data")
    return Sandbox(name="box", image=Image(ref="busybox:1"), mounts=(mount,))


def test_what_stays_as_it_was_passes(sandbox: Sandbox) -> None:
    binds.check(binds.look(sandbox, ENGINE), sandbox)


def test_a_source_that_became_a_link_fails_the_start(sandbox: Sandbox, tmp_path: Path) -> None:
    seen = binds.look(sandbox, ENGINE)
    (tmp_path / "data").rmdir()
    (tmp_path / "data").symlink_to("/etc")
    with pytest.raises(FailedError, match="is a link now, to /etc"):
        binds.check(seen, sandbox)


def test_a_link_on_the_way_fails_the_start(tmp_path: Path) -> None:
    (tmp_path / "a" / "data").mkdir(parents=True)
    mount = BindMount(source=os.path.realpath(tmp_path / "a" / "data"), target="/data")
    sandbox = Sandbox(name="box", image=Image(ref="busybox:1"), mounts=(mount,))
    seen = binds.look(sandbox, ENGINE)
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "a").symlink_to("b")
    with pytest.raises(FailedError, match="is a link now"):
        binds.check(seen, sandbox)


def test_another_directory_of_the_same_name_fails_the_start(sandbox: Sandbox, tmp_path: Path) -> None:
    seen = binds.look(sandbox, ENGINE)
    (tmp_path / "data").rename(tmp_path / "old")
    (tmp_path / "data").mkdir()
    with pytest.raises(FailedError, match="is another file or directory now"):
        binds.check(seen, sandbox)


def test_a_remote_engines_paths_are_not_ours(sandbox: Sandbox) -> None:
    assert binds.look(sandbox, replace(ENGINE, local=False)) == ()
