"""Podman without root: a plain user, made for this, and its own service. What this host can do holds; limits that
Podman would silently leave out are refused, with the reason and the fix.

Control groups of version 1 are never given to users, and are what CI has: there every spec is refused, so what else
holds is seen on containers that are made as the template says, less the limits.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection, Json
from sandboxctl.errors import EngineError, InvalidError
from sandboxctl.render import render
from sandboxctl.spec import Loaded
from sandboxctl.verify import verify
from tests.contract.workbench import Fragment, Workbench
from tests.engines.fixtures import HERE, PodmanEngine

pytestmark = [
    pytest.mark.podman,
    pytest.mark.skipif(os.geteuid() != 0, reason="a plain user is made by root"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A plain user, with a Podman service of its own."""

    name: str
    uid: int
    home: Path
    engine: PodmanEngine
    busybox: str


@pytest.fixture(scope="module")
def user() -> Iterator[User]:
    name = f"sbx{uuid.uuid4().hex[:8]}"
    home = Path("/tmp", name)  # a socket's path has to be short, and root's own directories are closed to the user
    try:
        host = script("rootless.sh", "start", name, str(home)).strip()
        images = dict(line.split("=", 1) for line in script("images.sh", "podman", host).splitlines())
        yield User(name=name, uid=pwd.getpwnam(name).pw_uid, home=home, engine=PodmanEngine(host=host),
                   busybox=images["busybox_image"])  # fmt: skip
    finally:
        script("rootless.sh", "stop", name, str(home))


def script(name: str, *args: str) -> str:
    return subprocess.run([HERE / name, *args], stdout=subprocess.PIPE, text=True, timeout=300, check=True).stdout


@pytest.fixture
def bench(user: User, clean_home: Path, tmp_path: Path) -> Iterator[Workbench]:
    """sandboxctl, led to the user's service."""
    backend = connect("podman", Connection(podman_uri=user.engine.host))
    yield Workbench(backend=backend, directory=tmp_path, image=user.busybox)
    backend.close()


@pytest.fixture
def name(user: User) -> Iterator[str]:
    unique = f"r-{uuid.uuid4().hex[:12]}"
    yield unique
    left = [each for each in user.engine.containers() if each.startswith(unique)]
    if left:
        user.engine.cli("rm", "--force", "--time=0", *left)


@pytest.fixture
def without_control_groups(bench: Workbench) -> None:
    """On a host that gives its users control groups there is nothing to refuse."""
    if bench.backend.reader.identify().cgroup_version == 2:
        pytest.skip("this host has control groups of version 2")


def document(loaded: Loaded) -> dict[str, Json]:
    """What apply would send, less the limits."""
    rendered = dict(render(loaded.sandbox, "podman").documents[-1])
    rendered.pop("resource_limits")
    return rendered


def made(bench: Workbench, name: str, *fragments: Fragment) -> tuple[Loaded, str]:
    """A container that runs, and its ref."""
    loaded = bench.spec(name, *fragments)
    payload = replace(render(loaded.sandbox, "podman"), documents=(document(loaded),))
    ref = bench.backend.writer.create(payload, name=name)
    bench.backend.writer.start(ref)
    return loaded, ref


def status(user: User, name: str) -> Mapping[str, str]:
    """The kernel's own view of the first process that is no init."""
    pid = user.engine.cli("inspect", name, "--format", "{{.State.Pid}}").stdout.strip()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    lines = Path(f"/proc/{children[0] if children else pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def test_it_is_known_to_be_without_root_and_another_engine_than_roots(user: User, bench: Workbench) -> None:
    engine = bench.backend.reader.identify()
    assert engine.rootless
    assert engine.id.endswith(f"{user.home}/.local/share/containers/storage")
    assert engine.data_root == f"{user.home}/.local/share/containers/storage"


@pytest.mark.usefixtures("without_control_groups")
def test_limits_that_would_be_ignored_are_refused_with_the_reason_and_the_fix(
    user: User, bench: Workbench, name: str
) -> None:
    before = user.engine.containers()
    prepared = bench.prepare(bench.spec(name))
    (problem,) = prepared.problems
    assert (problem.code, problem.path) == ("limits-ignored", ("spec", "resources"))
    assert "control groups of version 1" in problem.message
    assert "cpu, memory and pids" in problem.message
    assert "systemd.unified_cgroup_hierarchy=1" in (problem.hint or "")
    with pytest.raises(InvalidError, match="limits-ignored"):
        bench.apply(bench.spec(name))
    assert user.engine.containers() == before


@pytest.mark.usefixtures("without_control_groups")
def test_podman_itself_says_so_in_a_warning_alone_which_is_an_error_here_too(
    user: User, bench: Workbench, name: str
) -> None:
    before = user.engine.containers()
    with pytest.raises(EngineError, match="would not apply all of it"):
        bench.backend.writer.create(render(bench.spec(name).sandbox, "podman"), name=name)
    assert user.engine.containers() == before


def test_of_the_controls_of_the_default_sandbox_only_those_limits_fail(bench: Workbench, name: str) -> None:
    loaded, ref = made(bench, name)
    observed = bench.backend.reader.observe(ref)
    assert observed is not None
    verdict = verify(loaded.sandbox, observed, engine=bench.backend.reader.identify(), backend=bench.backend,
                     image=None, probe_image=None)  # fmt: skip
    failed = {control.control for control in verdict.controls if control.status == "failed"}
    assert failed == {"memory", "swap", "cpu", "pids"}
    held = {control.control for control in verdict.controls if control.status in ("proved", "reported")}
    assert {"user", "capabilities.effective", "capabilities.bounding", "no-new-privileges", "seccomp", "network",
            "root-filesystem", "mount:/tmp", "mount:/workspace", "namespace.pid", "namespace.net"} <= held  # fmt: skip


def test_its_user_is_nobody_of_the_host(user: User, bench: Workbench, name: str) -> None:
    made(bench, name)
    found = status(user, name)
    first = int(next(line.split(":")[1] for line in Path("/etc/subuid").read_text().splitlines()
                     if line.startswith(f"{user.name}:")))  # fmt: skip
    assert found["Uid"].split()[0] == str(first + 10001 - 1)
    assert (found["NoNewPrivs"], found["Seccomp"], found["CapEff"], found["CapBnd"]) == ("1", "2", "0" * 16, "0" * 16)


@pytest.mark.proves("security.userNamespace/keep-id")
def test_keep_id_is_the_caller_so_what_it_writes_is_theirs(user: User, bench: Workbench, name: str) -> None:
    data = user.home / f"data-{name}"
    data.mkdir()
    os.chown(data, user.uid, user.uid)
    mount = {"type": "bind", "source": str(data), "target": "/data", "readOnly": False}
    security = {"user": user.uid, "userNamespace": "keep-id"}
    loaded, ref = made(bench, name, {"security": security, "mounts": [mount]})
    assert [problem.code for problem in bench.prepare(loaded).problems if problem.code != "limits-ignored"] == []
    bench.backend.runner.exec(ref, ["touch", "/data/mine"])
    assert (data / "mine").stat().st_uid == user.uid
    assert status(user, name)["Uid"].split()[0] == str(user.uid)


@pytest.mark.proves("security.userNamespace")
def test_auto_is_a_namespace_of_its_own(user: User, bench: Workbench, name: str) -> None:
    made(bench, f"{name}-a", {"security": {"userNamespace": "auto"}})
    made(bench, f"{name}-b", {"security": {"userNamespace": "auto"}})
    a, b = (status(user, f"{name}-{each}")["Uid"].split()[0] for each in "ab")
    assert len({a, b, str(user.uid), "10001"}) == 4


def test_private_is_refused_by_name(bench: Workbench, name: str) -> None:
    problems = bench.prepare(bench.spec(name, {"security": {"userNamespace": "private"}})).problems
    (found,) = [problem for problem in problems if problem.code != "limits-ignored"]
    assert (found.code, found.path) == ("private-without-root", ("spec", "security", "userNamespace"))
