"""`doctor`: what each engine says of itself, what is missing, and the command that mends it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from sandboxctl import backends, doctor
from sandboxctl.advice import Advice
from sandboxctl.backends.base import Backend, Connection, Engine
from sandboxctl.cli.boundary import main
from sandboxctl.dataclass import replace
from sandboxctl.errors import AbsentError, EngineError, SandboxctlError, UnreachableError
from tests.cli.conftest import Cli, Ran
from tests.memory_backend import MemoryBackend

HEALTHY = Engine(
    backend="docker",
    endpoint="unix:///x",
    version="28.5.2",
    id="i",
    cgroup_version=2,
    security_modules=("apparmor", "seccomp"),
    runtimes=("runc", "runsc"),
    storage="overlay2",
    data_root="/data",
)


class Examinee(MemoryBackend):
    """An engine that says this of itself, or nothing."""

    def __init__(self, said: Engine | SandboxctlError) -> None:
        super().__init__()
        self.said = said

    def identify(self) -> Engine:
        if isinstance(self.said, SandboxctlError):
            raise self.said
        return self.said


def run(cli: Cli, said: dict[str, Engine | SandboxctlError], *words: str) -> Ran:
    def connect(name: str, _connection: Connection) -> Backend:
        return Examinee(said.get(name, AbsentError(f"there is no {name}")))

    code = main(("doctor", *words), connect=connect)
    captured = cli.capsys.readouterr()
    return Ran(code=code, out=captured.out, err=captured.err)


def unreachable(number: int) -> UnreachableError:
    failure = UnreachableError("no", hint="generic")
    failure.__cause__ = OSError(number, "no")
    return failure


def test_one_that_answers_is_shown_with_its_facts(cli: Cli) -> None:
    ran = run(cli, {"docker": HEALTHY}, "--backend", "docker")
    assert ran.code == 0
    assert ran.out == (
        "docker  answers\n"
        "  endpoint          unix:///x\n"
        "  version           28.5.2\n"
        "  root              yes\n"
        "  control groups    version 2\n"
        "  security modules  apparmor seccomp\n"
        "  runtimes          runc runsc\n"
        "  storage           overlay2 in /data\n"
    )


def test_every_backend_is_asked_and_one_that_can_be_used_is_enough(cli: Cli) -> None:
    ran = run(cli, {"docker": HEALTHY}, "--output", "json")
    assert ran.code == 0
    assert [(each["backend"], each["state"], each["usable"]) for each in ran.json["backends"]] == [
        ("docker", "answers", True),
        ("podman", "absent", False),
        ("kubernetes", "absent", False),
    ]
    assert ran.json["backends"][0]["engine"] == {
        "endpoint": "unix:///x",
        "version": "28.5.2",
        "rootless": False,
        "cgroup_version": 2,
        "controllers": [],
        "security_modules": ["apparmor", "seccomp"],
        "runtimes": ["runc", "runsc"],
        "storage": "overlay2",
    }
    assert all(advice["fix"] for each in ran.json["backends"][1:] for advice in each["advice"])


def test_none_that_can_be_used_is_exit_code_4(cli: Cli) -> None:
    assert run(cli, {}).code == 4


def test_one_that_answers_with_an_error_is_broken(cli: Cli) -> None:
    ran = run(cli, {"docker": EngineError("Docker answered 500: disk full", status=500)}, "--backend", "docker")
    assert (ran.code, ran.out) == (4, "docker  broken\n  ! Docker answered 500: disk full\n    see what it logs\n")


@pytest.mark.parametrize(
    ("engine", "what", "fix"),
    [
        (replace(HEALTHY, rootless=True, cgroup_version=1), "no limit can be set", "unified_cgroup_hierarchy=1"),
        (replace(HEALTHY, rootless=True, controllers=("memory", "pids")), "lack cpu", "Delegate=cpu"),
    ],
)
def test_without_root_limits_need_control_groups_of_ones_own(cli: Cli, engine: Engine, what: str, fix: str) -> None:
    ran = run(cli, {"docker": engine}, "--backend", "docker", "--output", "json")
    (advice,) = ran.json["backends"][0]["advice"]
    assert ran.code == 4
    assert what in advice["what"]
    assert fix in advice["fix"]


# What only one backend knows of its host


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that is installed."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    installed(directory, "apt-get")
    return directory


def installed(directory: Path, name: str) -> None:
    (directory / name).write_text("#!/bin/sh\n")
    (directory / name).chmod(0o755)


def fixes(name: str, failure: UnreachableError | None, engine: Engine | None = None) -> dict[str, str]:
    return {advice.what: advice.fix.removeprefix("sudo ") for advice in backends.diagnose(name, failure, engine)}


def test_docker_that_is_not_installed_is_installed(programs: Path) -> None:
    assert fixes("docker", unreachable(errno.ENOENT)) == {"no": "apt-get install -y docker.io"}


def test_docker_that_does_not_run_is_started(programs: Path) -> None:
    installed(programs, "dockerd")
    assert fixes("docker", unreachable(errno.ECONNREFUSED)) == {"no": "systemctl start docker"}


def test_a_socket_that_is_forbidden_needs_a_group(programs: Path) -> None:
    assert "usermod -aG docker" in fixes("docker", unreachable(errno.EACCES))["no"]


def test_podman_that_is_not_installed_is_installed_with_what_it_needs(programs: Path) -> None:
    found = fixes("podman", AbsentError("there is no Podman here"))
    assert found == {"there is no Podman here": "apt-get install -y podman catatonit netavark"}


def test_a_named_podman_that_is_not_there_need_not_be_named(programs: Path) -> None:
    installed(programs, "podman")
    assert "or name none" in fixes("podman", unreachable(errno.ECONNREFUSED))["no"]


def test_another_package_manager_is_used_where_it_is_there(programs: Path) -> None:
    (programs / "apt-get").unlink()
    installed(programs, "dnf")
    assert fixes("docker", unreachable(errno.ENOENT))["no"] == "dnf install -y docker.io"


def test_storage_that_copies_every_image_is_told(programs: Path) -> None:
    installed(programs, "podman")
    found = fixes("podman", None, replace(HEALTHY, backend="podman", storage="vfs"))
    assert any('driver = "overlay"' in fix for fix in found.values())


def test_an_engine_elsewhere_is_not_judged_by_this_host(programs: Path) -> None:
    installed(programs, "podman")
    assert backends.diagnose("podman", None, replace(HEALTHY, backend="podman", local=False)) == ()


def test_what_is_fatal_makes_it_unusable() -> None:
    fatal = Advice(what="x", fix="y", fatal=True)
    answered = doctor.Examined(backend="docker", state="answers", engine=HEALTHY)
    assert answered.usable
    assert not replace(answered, advice=(fatal,)).usable
    assert replace(answered, advice=(replace(fatal, fatal=False),)).usable
