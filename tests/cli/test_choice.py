"""`backend: auto` among two engines: which one, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sandboxctl.backends.base import Backend, Connection
from sandboxctl.cli.boundary import main
from sandboxctl.errors import AbsentError, SandboxctlError, UnreachableError
from tests.cli.conftest import SPEC, Cli, Ran
from tests.memory_backend import MemoryBackend

SILENT = UnreachableError("Docker is not running at unix:///x", hint="start its service")
ABSENT = AbsentError("there is no Docker at unix:///x")


class Podman(MemoryBackend):
    """The second engine."""

    name = "podman"


class Two:
    """Both engines, and the command line that is led to them."""

    def __init__(self, cli: Cli) -> None:
        self.cli = cli
        self.docker = MemoryBackend()
        self.podman = Podman()
        self.connected: list[str] = []

    def connect(self, name: str, _connection: Connection) -> Backend:
        self.connected.append(name)
        found = {"docker": self.docker, "podman": self.podman}[name]
        if isinstance(found.down, AbsentError):
            raise found.down
        return found

    def __call__(self, *words: str) -> Ran:
        code = main(words, connect=self.connect)
        captured = self.cli.capsys.readouterr()
        return Ran(code=code, out=captured.out, err=captured.err)

    def apply(self, backend: str) -> None:
        assert self("apply", "--yes", "--backend", backend).code == 0


@pytest.fixture
def two(cli: Cli, clean_home: Path) -> Two:
    (clean_home / ".config/sandboxctl/config.yaml").unlink()
    cli.write()
    return Two(cli)


def test_the_first_that_is_here(two: Two) -> None:
    ran = two("plan")
    assert ran.err == "py on docker: the first of docker, podman that is here\n"
    assert "+ docker/py" in ran.out


@pytest.mark.parametrize(
    ("count", "told"), [(3, "s0, s1, s2"), (4, "s0, s1, s2 and 1 more"), (50, "s0, s1, s2 and 47 more")]
)
def test_of_many_the_choice_names_three(two: Two, count: int, told: str) -> None:
    two.cli.write("---\n".join(SPEC.replace("name: py", f"name: s{number}") for number in range(count)))
    assert two("plan").err == f"{told} on docker: the first of docker, podman that is here\n"


def test_the_next_where_the_first_is_absent(two: Two) -> None:
    two.docker.down = ABSENT
    ran = two("plan")
    assert ran.err == "py on podman: there is no Docker at unix:///x\n"
    assert "+ podman/py" in ran.out


def test_the_next_where_the_first_refuses_the_spec(two: Two) -> None:
    two.cli.write(SPEC + "  security: {userNamespace: keep-id}\n")
    ran = two("plan")
    assert ran.err.startswith("py on podman: docker refuses `security.userNamespace`\n")


def test_one_that_is_silent_may_hold_it_so_no_other_is_tried(two: Two) -> None:
    two.docker.down = SILENT
    ran = two("apply", "--yes")
    assert ran.code == 4
    assert "it may hold the sandbox, so no other engine is tried" in ran.err
    assert "--backend podman" in ran.err
    assert two.podman.all == {}


def test_the_way_out_of_a_silent_one_is_to_decide(two: Two) -> None:
    two.docker.down = SILENT
    two.apply("podman")
    assert [each.name for each in two.podman.all.values()] == ["py"]


@pytest.mark.parametrize("there", ["docker", "podman"])
def test_one_that_exists_stays_where_it_is(two: Two, there: str) -> None:
    two.apply(there)
    ran = two("plan")
    assert (ran.code, ran.err) == (0, f"py on {there}: it is there already\n")


def test_one_that_exists_on_both_is_a_conflict(two: Two) -> None:
    two.apply("docker")
    two.apply("podman")
    ran = two("plan")
    assert ran.code == 5
    assert "py is on more than one engine: docker, podman" in ran.err


def test_a_strangers_container_of_that_name_is_no_reason_to_stay(two: Two) -> None:
    two.podman.stranger("py")
    assert two("plan").err == "py on docker: the first of docker, podman that is here\n"


def test_neither_is_here(two: Two) -> None:
    two.docker.down = two.podman.down = ABSENT
    ran = two("plan")
    assert ran.code == 4
    assert "none of docker, podman is here" in ran.err
    assert "doctor" in ran.err


def test_a_backend_that_is_named_asks_no_other(two: Two) -> None:
    two.podman.down = UnreachableError("nobody asked")
    assert two("plan", "--backend", "docker").err == ""
    assert set(two.connected) == {"docker"}


def test_what_sleeps_is_not_woken_for_a_sandbox_that_another_has(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.apply("docker")
    two.podman.calls.clear()
    monkeypatch.setattr(Podman, "dormant", True)
    assert two("plan").code == 0
    assert two("status", "py").code == 0
    assert two.podman.calls.count("containers") <= 1  # `status` shows what every engine has


def test_what_sleeps_is_asked_for_one_that_nobody_else_has(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    two.apply("podman")
    monkeypatch.setattr(Podman, "dormant", True)
    assert two("plan").err == "py on podman: it is there already\n"


@pytest.mark.parametrize(
    ("words", "look"),
    [
        (("list",), lambda ran: "py" in ran.out),
        (("logs", "py"), lambda ran: ran.code == 0),
        (("delete", "py", "--yes"), lambda ran: ran.code == 0),
    ],
)
def test_a_name_is_found_where_the_other_engine_is_absent(
    two: Two, words: tuple[str, ...], look: Callable[[Ran], bool]
) -> None:
    two.apply("podman")
    two.docker.down = ABSENT
    assert look(two(*words))


@pytest.mark.parametrize(("down", "code"), [(SILENT, 4), (ABSENT, 9)])
def test_a_name_that_nobody_has_is_not_there_unless_a_silent_one_may_have_it(
    two: Two, down: SandboxctlError, code: int
) -> None:
    two.docker.down = down
    assert two("logs", "py").code == code
