"""Real engines as fixtures. No test may start one by itself, and none is skipped for want of one.

`SANDBOXCTL_TEST_ENGINES` (words or commas, default `docker`) names the engines of a run. A test
that asks for an engine is marked with its name; tests for engines that the run does not name are
deselected, and one that it names and that does not answer fails each test that asks for it.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENGINES = ("docker", "podman", "kubernetes")

# What would lead the tool under test to an engine or a file of the developer's.
_LEADS_TO_AN_ENGINE = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "CONTAINER_HOST",
    "CONTAINER_CONNECTION",
    "CONTAINERS_CONF",
    "KUBECONFIG",
    "REGISTRY_AUTH_FILE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerEngine:
    """A Docker Engine that answers. What the tool is tested against, and the means to look behind its back."""

    host: str

    @property
    def socket(self) -> Path:
        """The unix socket's path; a test that needs one fails where the engine is reached otherwise."""
        scheme, _, path = self.host.partition("://")
        assert scheme == "unix", f"this test needs an engine on a unix socket, not {self.host}"
        return Path(path)

    def cli(self, *args: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run Docker's own client against this engine; with `check` a failure fails the test with its words."""
        done = subprocess.run(
            ["docker", "--host", self.host, *args], input=stdin, capture_output=True, text=True, timeout=120
        )
        if check and done.returncode != 0:
            pytest.fail(f"docker {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def containers(self) -> frozenset[str]:
        """The names of all containers, running or not, ours or a stranger's."""
        return frozenset(self.cli("ps", "--all", "--format", "{{.Names}}").stdout.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class PodmanEngine:
    """A Podman service that answers, and the means to look behind the back of the tool under test."""

    host: str

    @property
    def socket(self) -> Path:
        """The unix socket's path."""
        scheme, _, path = self.host.partition("://")
        assert scheme == "unix", f"this test needs a service on a unix socket, not {self.host}"
        return Path(path)

    def cli(self, *args: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run Podman's own client against this service; with `check` a failure fails the test with its words."""
        done = subprocess.run(
            ["podman", "--remote", "--url", self.host, *args], input=stdin, capture_output=True, text=True, timeout=120
        )
        if check and done.returncode != 0:
            pytest.fail(f"podman {' '.join(args)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def containers(self) -> frozenset[str]:
        """The names of all containers, running or not, ours or a stranger's."""
        return frozenset(self.cli("ps", "--all", "--format", "{{.Names}}").stdout.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalImages:
    """What `images.sh` makes; the names are there."""

    busybox: str
    python: str
    archived: str  # inside `busybox_archive` only: no engine has it before a test loads it
    busybox_rootfs: Path
    busybox_archive: Path


def named_engines() -> frozenset[str]:
    """The engines that this run needs."""
    names = frozenset(os.environ.get("SANDBOXCTL_TEST_ENGINES", "docker").replace(",", " ").split())
    unknown = names - set(ENGINES)
    if unknown:
        raise pytest.UsageError(f"SANDBOXCTL_TEST_ENGINES names {sorted(unknown)}; known are {list(ENGINES)}")
    return names


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with the engines whose fixtures it asks for; leave out those that the run does not name."""
    absent = set(ENGINES) - named_engines()
    kept, left_out = [], []
    for item in items:
        for engine in ENGINES:
            if f"{engine}_engine" in getattr(item, "fixturenames", ()):
                item.add_marker(engine)
        (left_out if any(item.get_closest_marker(engine) for engine in absent) else kept).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def _script(name: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    # stderr is left to pytest's capture, which shows it with a failure.
    done = subprocess.run([str(HERE / name), *args], stdout=subprocess.PIPE, text=True, timeout=600)
    if check and done.returncode != 0:
        pytest.fail(f"{name} {' '.join(args)}: exit {done.returncode} (its words are above)")
    return done


@pytest.fixture(scope="session")
def docker_engine(request: pytest.FixtureRequest) -> Iterator[DockerEngine]:
    """A Docker Engine: the developer's, or our own, which is then stopped at the end of the session.

    Under pytest-xdist nobody knows which worker is the last: there it goes on (`make stop-engines`).
    """
    was_running = _script("docker.sh", "owned", check=False).returncode == 0
    host = _script("docker.sh", "start").stdout.strip()
    yield DockerEngine(host=host)
    is_worker = hasattr(request.config, "workerinput")
    if not was_running and not is_worker and os.environ.get("KEEP_ENGINES") != "1":
        _script("docker.sh", "stop")


@pytest.fixture(scope="session")
def podman_engine(request: pytest.FixtureRequest) -> Iterator[PodmanEngine]:
    """A Podman service: the one that is named, or our own, which is then stopped at the end of the session."""
    was_running = _script("podman.sh", "owned", check=False).returncode == 0
    host = _script("podman.sh", "start").stdout.strip()
    yield PodmanEngine(host=host)
    is_worker = hasattr(request.config, "workerinput")
    if not was_running and not is_worker and os.environ.get("KEEP_ENGINES") != "1":
        _script("podman.sh", "stop")


@pytest.fixture(scope="session")
def docker_images(docker_engine: DockerEngine) -> LocalImages:
    """The tests' images, which the Docker Engine then has, and their files."""
    return _images("docker", docker_engine.host)


@pytest.fixture(scope="session")
def podman_images(podman_engine: PodmanEngine) -> LocalImages:
    """The tests' images, which the Podman service then has, and their files."""
    return _images("podman", podman_engine.host)


def _images(engine: str, host: str) -> LocalImages:
    lines = _script("images.sh", engine, host).stdout.splitlines()
    values = dict(line.split("=", 1) for line in lines)
    return LocalImages(
        busybox=values["busybox_image"],
        python=values["python_image"],
        archived=values["archived_image"],
        busybox_rootfs=Path(values["busybox_rootfs"]),
        busybox_archive=Path(values["busybox_archive"]),
    )


@pytest.fixture(scope="session")
def busybox_image(docker_images: LocalImages) -> str:
    """The name of an image with busybox alone, on the Docker Engine."""
    return docker_images.busybox


@pytest.fixture(scope="session")
def python_image(docker_images: LocalImages) -> str:
    """The name of an image with Python 3.11 and busybox, on the Docker Engine."""
    return docker_images.python


@pytest.fixture
def clean_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for the tool under test: no configuration, cache, state or engine of the developer's."""
    home = tmp_path / "home"
    for variable, directory in {
        "HOME": home,
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_STATE_HOME": home / ".local/state",
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_DATA_HOME": home / ".local/share",
        "XDG_RUNTIME_DIR": home / "run",
    }.items():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        monkeypatch.setenv(variable, str(directory))
    for variable in [*_LEADS_TO_AN_ENGINE, *(name for name in os.environ if name.startswith("SANDBOXCTL_"))]:
        monkeypatch.delenv(variable, raising=False)
    return home


@pytest.fixture
def docker_home(clean_home: Path, docker_engine: DockerEngine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`clean_home`, with `DOCKER_HOST` naming the engine."""
    monkeypatch.setenv("DOCKER_HOST", docker_engine.host)
    return clean_home


@pytest.fixture
def docker_name(docker_engine: DockerEngine) -> Iterator[str]:
    """A sandbox name that nobody has; whatever then has it, or a name that sandboxctl derives from it, is removed."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    yield name
    left = [each for each in docker_engine.containers() if each == name or each.startswith(f"{name}.")]
    if left:
        docker_engine.cli("rm", "--force", "--volumes", *left)
