"""Images from a real registry: had before anything else is done, or told why not, and then nothing has changed."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sandboxctl import apply as apply_stage
from sandboxctl.backends import connect
from sandboxctl.errors import FailedError, InvalidError, SandboxctlError, UnreachableError
from sandboxctl.plan import Plan
from sandboxctl.report import plan as report
from sandboxctl.spec import Loaded
from tests.contract.engines import EngineUnderTest
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.proxy import Recording, recording
from tests.contract.workbench import Workbench
from tests.engines.fixtures import LocalImages, PodmanEngine
from tests.engines.registry import Registry, untrusted

SCRIPTS = Path(__file__).parents[1] / "engines"
NOBODY = "127.0.0.1:9"  # the port `discard`, where nothing listens
PULL = {"docker": ("POST", "/images/create"), "podman": ("POST", "/images/pull")}


@pytest.fixture(scope="module")
def podman_with_registries(registry: Registry, closed_registry: Registry) -> Iterator[PodmanUnderTest]:
    """A Podman service of our own, which may speak plain HTTP with these registries: it reads that at its start."""
    directory = tempfile.mkdtemp(prefix="r-", dir="/tmp")  # short: a socket is in it
    addresses = f"{registry.address} {closed_registry.address} {NOBODY}"
    ours = {"SANDBOXCTL_ENGINES_DIR": directory, "SANDBOXCTL_TEST_INSECURE_REGISTRIES": addresses}
    named = ("CONTAINER_HOST", "SANDBOXCTL_TEST_PODMAN_HOST")
    env = {name: value for name, value in os.environ.items() if name not in named} | ours

    def script(name: str, *words: str) -> str:
        return subprocess.run(
            [SCRIPTS / name, *words], env=env, stdout=subprocess.PIPE, text=True, check=True, timeout=300
        ).stdout

    host = script("podman.sh", "start").strip()
    files = dict(line.split("=", 1) for line in script("images.sh", "podman", host).splitlines())
    images = LocalImages(
        busybox=files["busybox_image"], python=files["python_image"], archived=files["archived_image"],
        busybox_rootfs=Path(files["busybox_rootfs"]), busybox_archive=Path(files["busybox_archive"]),
    )  # fmt: skip
    yield PodmanUnderTest(engine=PodmanEngine(host=host), images=images)
    script("podman.sh", "purge")
    shutil.rmtree(directory)


@pytest.fixture(params=[pytest.param(each, marks=getattr(pytest.mark, each)) for each in PULL])
def engine(request: pytest.FixtureRequest) -> EngineUnderTest:
    """Those that pull for us."""
    fixture = {"docker": "docker_under_test", "podman": "podman_with_registries"}[request.param]
    found: EngineUnderTest = request.getfixturevalue(fixture)
    return found


@pytest.fixture
def requests(engine: EngineUnderTest, tmp_path: Path) -> Iterator[Recording]:
    """What sandboxctl asks of the engine."""
    with recording(engine.socket, tmp_path) as found:
        yield found


@pytest.fixture
def bench(engine: EngineUnderTest, requests: Recording, clean_home: Path, tmp_path: Path) -> Iterator[Workbench]:
    """sandboxctl, led to the engine by way of the recording; images that it pulls from a registry are gone afterwards."""
    backend = connect(engine.backend, engine.connection(socket=requests.socket))
    directory = tmp_path / "specs"
    directory.mkdir()
    yield Workbench(backend=backend, directory=directory, image=engine.images.busybox)
    backend.close()


@pytest.fixture
def name(engine: EngineUnderTest, name: str) -> Iterator[str]:
    """Also the name of a repository; what the engine has of it is removed in the end."""
    yield name
    engine.clear(name)
    for image in had(engine, name):
        engine.client("image", "rm", image)


def had(engine: EngineUnderTest, name: str) -> list[str]:
    """What the engine has of a repository of that name, on whatever registry: by tag, or where it has none by digest."""
    form = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}"
    found = engine.client("image", "ls", "--digests", "--format", form).stdout.splitlines()
    images = [line.split("\t") for line in found if name in line.split("\t")[0].split("/")]
    return [f"{where}:{tag}" if tag != "<none>" else f"{where}@{digest}" for where, tag, digest in images]


def applied(bench: Workbench, *specs: Loaded) -> str:
    """What `apply` does, with what it does before it plans."""
    apply_stage.pull_always(specs, bench.backend, emit=bench.events.append)
    return bench.applied(*specs)


def reasons(plan: Plan) -> list[tuple[str, list[str]]]:
    return [(str(each.reason), [str(change.cause) for change in each.changes]) for each in plan.pending]


def failure(engine: EngineUnderTest, bench: Workbench, requests: Recording, spec: Loaded) -> SandboxctlError:
    """Why an apply fails: nothing was asked for but the image, nothing is left, and no later plan knows of it."""
    requests.forget()
    with pytest.raises(SandboxctlError) as raised:
        applied(bench, spec)
    asked = [(method, path.partition("?")[0]) for method, path in requests.writes]
    assert asked == [PULL[engine.backend]]
    name = spec.sandbox.name
    assert (engine.left(name), had(engine, name)) == (frozenset(), [])
    assert [action.kind for action in bench.plan(spec).pending] == ["create"]
    error = raised.value.with_traceback(None)
    del raised  # it holds a connection, for whose end the recording waits
    return error


def told(error: SandboxctlError) -> tuple[int, list[tuple[Any, ...]]]:
    """The exit code, and the fields whose line is shown."""
    return int(error.exit_code), [problem.path for problem in error.places]


def logins(registry: Registry, *, password: str) -> dict[str, Any]:
    auth = base64.b64encode(f"{registry.username}:{password}".encode()).decode()
    return {"auths": {registry.address: {"auth": auth}}}


def write(path: Path, document: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


def helper(home: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """The program `docker-credential-t`."""
    program = home / "bin/docker-credential-t"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def pulls(bench: Workbench) -> Sequence[str]:
    """For what a registry was asked."""
    return [event.message for event in bench.events if event.step == "pull" and "/" in event.message]


@pytest.mark.proves("image", "image.pull")
def test_what_is_missing_is_pulled_once(
    engine: EngineUnderTest, bench: Workbench, name: str, registry: Registry
) -> None:
    pushed = registry.push(name, "1", engine.images.busybox_rootfs, says="one")
    image = f"{registry.address}/{name}:1"
    spec = bench.spec(name, {"image": image})
    assert applied(bench, spec) == "created"
    assert (bench.sh(name, "echo $SAYS"), engine.setting(name, "image-id").removeprefix("sha256:")) == (
        "one",
        pushed.id.removeprefix("sha256:"),
    )
    assert bench.plan(spec).pending == ()
    assert applied(bench, bench.spec(f"{name}-b", {"image": image})) == "created"
    assert (pulls(bench).count(image), had(engine, name)) == (1, [image])


def test_a_tag_that_moves_is_followed_where_the_spec_pulls_always(
    engine: EngineUnderTest, bench: Workbench, name: str, registry: Registry
) -> None:
    image = f"{registry.address}/{name}:1"
    registry.push(name, "1", engine.images.busybox_rootfs, says="one")
    always = bench.spec(name, {"image": {"ref": image, "pull": "always"}})
    assert applied(bench, always) == "created"
    assert applied(bench, always) == "unchanged"
    registry.push(name, "1", engine.images.busybox_rootfs, says="two")
    assert applied(bench, bench.spec(name, {"image": image})) == "unchanged"
    assert bench.plan(always).pending == ()  # a plan asks no registry
    apply_stage.pull_always([always], bench.backend, emit=bench.events.append)
    assert reasons(bench.plan(always)) == [("replace_because_image_moved", ["image_moved"])]
    assert bench.applied(always) == "replaced"
    assert bench.sh(name, "echo $SAYS") == "two"
    assert bench.plan(always).pending == ()


@pytest.mark.parametrize("tag", ["", ":1"])
def test_a_digest_holds_while_its_tag_moves(
    engine: EngineUnderTest, bench: Workbench, name: str, registry: Registry, tag: str
) -> None:
    pushed = registry.push(name, "1", engine.images.busybox_rootfs, says="one")
    registry.push(name, "1", engine.images.busybox_rootfs, says="two")
    reference = f"{registry.address}/{name}{tag}@{pushed.digest}"
    spec = bench.spec(name, {"image": {"ref": reference, "pull": "always"}})
    assert applied(bench, spec) == "created"
    assert bench.sh(name, "echo $SAYS") == "one"
    assert applied(bench, spec) == "unchanged"


def test_a_digest_is_any_of_those_that_an_image_has(
    engine: EngineUnderTest, bench: Workbench, name: str, registry: Registry
) -> None:
    wanted = registry.push(name, "1", engine.images.busybox_rootfs, says="one")
    engine.client("pull", f"{registry.address}/{name}:1")
    registry.push(f"{name}/other", "1", engine.images.busybox_rootfs, says="one", compressed=9)
    engine.client("pull", f"{registry.address}/{name}/other:1")  # the same image by another manifest
    image = {"ref": f"{registry.address}/{name}@{wanted.digest}", "pull": "never"}
    assert bench.applied(bench.spec(name, {"image": image})) == "created"
    assert bench.sh(name, "echo $SAYS") == "one"


def test_a_plan_shows_the_id_of_what_is_there(
    engine: EngineUnderTest, bench: Workbench, name: str, registry: Registry
) -> None:
    pushed = registry.push(name, "1", engine.images.busybox_rootfs)
    image = f"{registry.address}/{name}:1"
    spec = bench.spec(name, {"image": image})
    assert report.to_text([bench.plan(spec)]).splitlines()[0].split() == [
        "+", f"{engine.backend}/{name}", image, "(known", "after", "apply)",
    ]  # fmt: skip
    engine.client("pull", image)
    *_, shown = report.to_text([bench.plan(spec)]).splitlines()[0].split()
    assert shown.removeprefix("sha256:") == pushed.id.removeprefix("sha256:")[:12]


@pytest.mark.parametrize(("tag", "code"), [("2", 3), ("1", 4)], ids=["no such tag", "no login"])
def test_the_command_line_shows_the_cause_at_its_line(
    engine: EngineUnderTest,
    bench: Workbench,
    name: str,
    closed_registry: Registry,
    registry: Registry,
    tag: str,
    code: int,
) -> None:
    image = f"{(registry if code == 3 else closed_registry).address}/{name}:{tag}"
    registry.push(name, "1", engine.images.busybox_rootfs)
    text = (
        f"apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {{name: {name}}}\n"
        f"spec:\n  run: idle\n  image: {image}\n"
    )
    (bench.directory / "sandbox.yaml").write_text(text)
    flags = {"docker": "--docker-host", "podman": "--podman-uri"}
    words = ["apply", "--backend", engine.backend, flags[engine.backend], f"unix://{engine.socket}", "--output", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "sandboxctl", *words], cwd=bench.directory, capture_output=True, text=True, timeout=60
    )
    error, hint, *place = done.stderr.splitlines()
    assert (done.returncode, place[0], place[1]) == (
        code,
        "  sandbox.yaml:6:10: [engine-refused]",
        f"  6 |   image: {image}",
    )
    assert (error.startswith(f"error: cannot pull {image}: "), "log in" in hint) == (True, True)
    result = {"name": name, "code": code, "outcome": "skipped", "rolled_back": False}
    assert json.loads(done.stdout.splitlines()[-1]) == {"type": "summary", "results": [result]}


@pytest.mark.parametrize("missing", [":2", "@sha256:" + "0" * 64, "/none:1"], ids=["tag", "digest", "repository"])
def test_what_a_registry_does_not_have_is_the_specs_fault(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str, registry: Registry, missing: str
) -> None:
    registry.push(name, "1", engine.images.busybox_rootfs)
    reference = f"{registry.address}/{name}{missing}"
    error = failure(engine, bench, requests, bench.spec(name, {"image": reference}))
    assert told(error) == (3, [("spec", "image")])
    assert reference in error.brief


def test_a_registry_that_is_down(engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str) -> None:
    error = failure(engine, bench, requests, bench.spec(name, {"image": {"ref": f"{NOBODY}/{name}:1"}}))
    assert told(error) == (4, [("spec", "image", "ref")])
    assert "connection refused" in error.brief


def test_a_registry_whose_certificate_nobody_has_signed(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str, tmp_path: Path
) -> None:
    host = "127.0.0.1"
    if engine.backend == "docker":  # it checks no certificate on the loopback
        form = "{{(index .IPAM.Config 0).Gateway}}"
        host = engine.client("network", "inspect", "bridge", "--format", form).stdout.strip()
    with untrusted(host, tmp_path) as address:
        error = failure(engine, bench, requests, bench.spec(name, {"image": f"{address}/{name}:1"}))
    assert told(error) == (4, [("spec", "image")])
    assert "certificate signed by unknown authority" in error.brief
    assert error.hint is not None
    assert error.hint.startswith("the engine has to trust the registry")


def test_an_image_for_other_platforms_only_is_the_specs_fault(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str, registry: Registry
) -> None:
    pushed = registry.push(name, "1", engine.images.busybox_rootfs)
    registry.push_index(name, "all", pushed, architecture="s390x")
    error = failure(engine, bench, requests, bench.spec(name, {"image": f"{registry.address}/{name}:all"}))
    assert told(error) == (3, [("spec", "image")])
    assert error.hint == "the registry has it for other platforms: see image.platform"


def test_where_one_image_cannot_be_had_no_sandbox_is_touched(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str, registry: Registry
) -> None:
    registry.push(name, "1", engine.images.busybox_rootfs)
    bench.applied(bench.spec(name, {"image": f"{registry.address}/{name}:1"}))
    before = engine.incarnation(name)
    requests.forget()
    changed = bench.spec(name, {"image": f"{registry.address}/{name}:1", "env": {"A": "1"}})
    volume = {"mounts": [{"type": "volume", "source": f"{name}-data", "target": "/data"}]}
    other = bench.spec(f"{name}-b", {"image": f"{registry.address}/{name}:none"}, volume)
    with pytest.raises(InvalidError):
        bench.apply(changed, other)
    assert [path.partition("?")[0] for _, path in requests.writes] == [PULL[engine.backend][1]]
    assert (engine.left(name), engine.incarnation(name)) == (frozenset({name}), before)


def test_one_that_runs_goes_on_while_its_registry_is_down(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str
) -> None:
    image = f"{NOBODY}/{name}:1"
    engine.client("tag", engine.images.busybox, image)
    bench.applied(bench.spec(name, {"image": image}))
    before = engine.incarnation(name)
    requests.forget()
    with pytest.raises(UnreachableError):
        applied(bench, bench.spec(name, {"image": {"ref": image, "pull": "always"}}))
    assert [path.partition("?")[0] for _, path in requests.writes] == [PULL[engine.backend][1]]
    assert engine.incarnation(name) == before


def test_no_login(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str, closed_registry: Registry
) -> None:
    closed_registry.push(name, "1", engine.images.busybox_rootfs)
    error = failure(engine, bench, requests, bench.spec(name, {"image": f"{closed_registry.address}/{name}:1"}))
    assert told(error) == (4, [("spec", "image")])
    assert error.hint == f"log in first: {engine.backend} login {closed_registry.address}"


def test_a_wrong_password_says_where_it_is(
    engine: EngineUnderTest,
    bench: Workbench,
    requests: Recording,
    name: str,
    closed_registry: Registry,
    clean_home: Path,
) -> None:
    closed_registry.push(name, "1", engine.images.busybox_rootfs)
    path = write(clean_home / ".docker/config.json", logins(closed_registry, password="swordfish"))
    error = failure(engine, bench, requests, bench.spec(name, {"image": f"{closed_registry.address}/{name}:1"}))
    assert told(error) == (4, [("spec", "image")])
    assert error.hint == (
        f"the login from {path} is refused, log in again: {engine.backend} login {closed_registry.address}"
    )
    assert "swordfish" not in f"{error.brief} {bench.events}"


def test_what_the_engines_own_client_has_logged_in_to_is_pulled(
    engine: EngineUnderTest, bench: Workbench, name: str, closed_registry: Registry
) -> None:
    closed_registry.push(name, "1", engine.images.busybox_rootfs, says="private")
    insecure = ["--tls-verify=false"] if engine.backend == "podman" else []
    login = ["--username", str(closed_registry.username), "--password", str(closed_registry.password)]
    engine.client("login", *insecure, *login, closed_registry.address)
    bench.applied(bench.spec(name, {"image": f"{closed_registry.address}/{name}:1"}))
    assert bench.sh(name, "echo $SAYS") == "private"
    assert str(closed_registry.password) not in str(bench.events)


def test_a_login_is_had_from_the_program_that_a_file_names(
    engine: EngineUnderTest,
    bench: Workbench,
    name: str,
    closed_registry: Registry,
    clean_home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed_registry.push(name, "1", engine.images.busybox_rootfs, says="private")
    answer = {"Username": closed_registry.username, "Secret": closed_registry.password}
    helper(clean_home, monkeypatch, f"cat >&2; echo '{json.dumps(answer)}'")
    write(clean_home / ".docker/config.json", {"credHelpers": {closed_registry.address: "t"}})
    bench.applied(bench.spec(name, {"image": f"{closed_registry.address}/{name}:1"}))
    assert bench.sh(name, "echo $SAYS") == "private"


def test_a_build_begins_with_an_image_that_wants_a_login(
    engine: EngineUnderTest, bench: Workbench, name: str, closed_registry: Registry, clean_home: Path
) -> None:
    closed_registry.push(name, "1", engine.images.busybox_rootfs, says="private")
    context = bench.directory / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {closed_registry.address}/{name}:1\nENV BUILT=yes\n")
    spec = bench.spec(name, {"image": {"build": {"context": "./context"}}})
    with pytest.raises(FailedError, match=r"unauthorized|no basic auth|authentication required"):
        bench.apply(spec)
    write(clean_home / ".docker/config.json", logins(closed_registry, password=str(closed_registry.password)))
    bench.applied(spec)
    assert bench.sh(name, "echo $SAYS $BUILT") == "private yes"
    engine.clear(name)
    engine.client("image", "rm", "--force", spec.sandbox.image.name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"auths": {"ADDRESS": {"auth": "x"}}}', "has a login for ADDRESS that is not base64 of NAME:PASSWORD"),
        ('{"credHelpers": {"ADDRESS": "t"}}', "docker-credential-t ended with code 1: no keyring"),
        ('{"credHelpers": {"ADDRESS": "nowhere"}}', "docker-credential-nowhere cannot be run"),
    ],
    ids=["no JSON", "a list", "no base64", "a helper that fails", "no helper"],
)
def test_a_login_that_cannot_be_read_is_no_pull_without_it(
    engine: EngineUnderTest,
    bench: Workbench,
    requests: Recording,
    name: str,
    registry: Registry,
    clean_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: str,
    words: str,
) -> None:
    registry.push(name, "1", engine.images.busybox_rootfs)
    helper(clean_home, monkeypatch, "echo no keyring; exit 1")
    path = clean_home / ".docker/config.json"
    path.parent.mkdir()
    path.write_text(content.replace("ADDRESS", registry.address))
    with pytest.raises(UnreachableError) as raised:
        applied(bench, bench.spec(name, {"image": f"{registry.address}/{name}:1"}))
    assert told(raised.value) == (4, [("spec", "image")])
    assert words.replace("ADDRESS", registry.address) in raised.value.brief
    assert str(path) in f"{raised.value.brief} {raised.value.hint}"
    assert (requests.writes, engine.left(name), had(engine, name)) == ([], frozenset(), [])


def test_an_image_that_is_never_pulled_is_missed_before_any_write(
    engine: EngineUnderTest, bench: Workbench, requests: Recording, name: str, registry: Registry
) -> None:
    registry.push(name, "1", engine.images.busybox_rootfs)
    spec = bench.spec(name, {"image": {"ref": f"{registry.address}/{name}:1", "pull": "never"}})
    apply_stage.pull_always([spec], bench.backend, emit=bench.events.append)
    prepared = bench.prepare(spec)
    assert [(each.code, each.path) for each in prepared.problems] == [("image-not-found", ("spec", "image"))]
    assert (requests.writes, had(engine, name)) == ([], [])
