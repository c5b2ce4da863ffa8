"""What is writable for the sandbox's user, what is not, and whose it is."""

from __future__ import annotations

import os

import pytest

from sandboxctl.errors import InvalidError
from tests.contract.conftest import honoured
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

WRITABLE = {"security": {"readOnlyRoot": False, "allow": ["writable-root"]}}


@pytest.mark.parametrize("image", ["busybox", "python"])
def test_workdir_home_and_tmp_are_the_users_own(
    engine: EngineUnderTest, bench: Workbench, name: str, image: str
) -> None:
    bench.applied(bench.spec(name, {"image": getattr(engine.images, image)}))
    script = "pwd; echo $HOME; touch a /tmp/b ~/c && stat -c '%u:%g' . /tmp a /tmp/b"
    assert bench.sh(name, script).splitlines() == [
        "/workspace",
        "/workspace",
        engine.tmpfs_owner,
        engine.tmpfs_owner,
        "10001:10001",
        "10001:10001",
    ]


def test_the_workdir_is_executable_and_tmp_is_not(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    script = "cp /bin/busybox ./true && ./true; echo $?; cp /bin/busybox /tmp/true && /tmp/true 2>/dev/null; echo $?"
    assert bench.sh(name, script) == f"0\n{126 if honoured('mounts.tmpfs.exec', engine.backend) else 0}"


def test_in_a_writable_root_the_default_workdir_is_writable(bench: Workbench, name: str) -> None:
    spec = bench.spec(name, WRITABLE)
    bench.applied(spec)
    assert bench.sh(name, "pwd; touch x && stat -c '%u:%g' x") == "/workspace\n10001:10001"
    assert bench.plan(spec).pending == ()


def test_a_home_that_the_spec_says_stays(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"env": {"HOME": "/tmp"}}))
    assert bench.sh(name, "echo $HOME") == "/tmp"


def test_in_a_writable_root_the_workdir_is_made_for_the_user(bench: Workbench, name: str) -> None:
    spec = bench.spec(name, WRITABLE, {"workdir": "/deep/work dir"})
    bench.applied(spec)
    assert bench.sh(name, "pwd; touch x && stat -c '%u:%g %a' .") == "/deep/work dir\n10001:10001 700"
    assert bench.sh(name, "grep -c ' /deep' /proc/mounts || true") == "0"
    assert bench.plan(spec).pending == ()


def test_a_workdir_that_the_image_has_is_left_as_it_is(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    python = {"image": engine.images.python}
    directory = "/usr/lib/python3.11"
    bench.applied(bench.spec(f"{name}-asks", WRITABLE, python))
    before = bench.sh(f"{name}-asks", f"stat -c '%u:%g %a' {directory}")
    bench.applied(bench.spec(name, WRITABLE, python, {"workdir": directory}))
    assert bench.sh(name, "pwd; stat -c '%u:%g %a' .") == f"{directory}\n{before}"


def test_a_writable_root_is_still_roots(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, WRITABLE))
    assert bench.exec(name, "touch", "/etc/x").code == 1
    if engine.users:
        assert bench.exec(name, "touch", "/etc/x", user="0:0").code == 0


def test_a_bind_is_read_only_unless_it_says_otherwise(bench: Workbench, name: str) -> None:
    for word in ("in", "out"):
        (bench.directory / word).mkdir()
        os.chown(bench.directory / word, 10001, 10001)
    mounts = [
        {"type": "bind", "source": "./in", "target": "/in"},
        {"type": "bind", "source": "./out", "target": "/out", "readOnly": False},
    ]
    bench.applied(bench.spec(name, {"mounts": mounts}))
    assert bench.exec(name, "touch", "/in/x").code == 1
    bench.sh(name, "echo hello >/out/x")
    assert (bench.directory / "out" / "x").read_text() == "hello\n"
    assert (bench.directory / "out" / "x").stat().st_uid == 10001


@pytest.mark.proves("mounts.bind/yes")
def test_a_path_of_the_host_that_is_allowed_is_there(bench: Workbench, name: str) -> None:
    mount = {"mounts": [{"type": "bind", "source": "/usr/share", "target": "/host"}]}
    allowed = {"security": {"allow": ["host-path:/usr/share"]}}
    spec = bench.spec(name, mount, allowed)
    bench.applied(spec)
    assert bench.sh(name, "test -d /host/doc && touch /host/x 2>/dev/null || echo read-only") == "read-only"
    assert bench.plan(spec).pending == ()


def test_a_bind_of_one_file(bench: Workbench, name: str) -> None:
    (bench.directory / "file").write_text("content")
    bench.applied(bench.spec(name, {"mounts": [{"type": "bind", "source": "./file", "target": "/etc/settings"}]}))
    assert bench.sh(name, "cat /etc/settings") == "content"


def test_a_bind_of_what_is_not_there_is_refused_and_not_made(bench: Workbench, name: str) -> None:
    with pytest.raises(InvalidError, match="bind-missing"):
        bench.spec(name, {"mounts": [{"type": "bind", "source": "./absent", "target": "/data"}]})
    assert not (bench.directory / "absent").exists()


def test_a_workdir_in_a_mount_is_the_mounts(bench: Workbench, name: str) -> None:
    mounts = [{"type": "tmpfs", "target": "/data", "size": "4Mi"}]
    bench.applied(bench.spec(name, {"workdir": "/data", "mounts": mounts}))
    assert bench.sh(name, "pwd; touch x; df -k . | awk 'END { print $2 }'") == "/data\n4096"


def test_tmpfs_modes_and_the_group_of_files(bench: Workbench, name: str) -> None:
    mounts = [{"type": "tmpfs", "target": "/shared", "mode": "1777"}]
    bench.applied(bench.spec(name, {"mounts": mounts, "security": {"group": 2000}}))
    assert bench.sh(name, "stat -c '%u:%g %a' /shared; stat -c %u:%g /workspace; id -G") == (
        "10001:2000 1777\n10001:2000\n2000"
    )
