"""What a Quadlet says, by Podman's own generator, and what Podman makes of it: the same sandbox as `apply` makes.

The generator is the one of this host, or of a root that `elsewhere.sh` made: Podman has it from 4.4 on, and we write
for 5.4. systemd is not needed: what it would run is read from the service, and given to the engine of the run.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandboxctl import derive, observe, ownership
from sandboxctl.capabilities import refusals
from sandboxctl.fields import within
from sandboxctl.load import load
from sandboxctl.plan import compare
from sandboxctl.render import render, to_text
from sandboxctl.spec import Loaded
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.test_examples import EXAMPLES, on, runs_here
from tests.contract.workbench import Workbench

GENERATOR = Path("usr/libexec/podman/quadlet")
ROOTS = Path(os.environ.get("SANDBOXCTL_ENGINES_DIR", f"/tmp/sandboxctl-engines-{os.getuid()}"))
_UNIT = re.compile(r"^---(.+)---$", re.MULTILINE)
_STARTS = re.compile(r"^ExecStart=(.*)$", re.MULTILINE)
_POD_FILE, _POD_NAME = re.compile(r"^--pod-id-file$|^%t/(.+)-pod\.pod-id$"), lambda found: found[1] or "--pod"
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "s": " ", "t": "\t", "v": "\v"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))")
_SYSTEMDS = re.compile(
    r"--(replace|rm|cgroups=split|sdnotify=conmon|(?:cidfile|infra-conmon-pidfile|pod-id-file)=.*|ignore)|-d"
)
"""What is about the service; and `--ignore`, which 4.3's client does not know: here nothing is there yet."""


def pieces(line: str) -> Iterator[str]:
    """The words of a line of systemd's, as its manual says, `%` and `$` undone."""
    for match in re.finditer(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|(?:\\.|[^\s\\])+', line):
        word = match[0][1:-1] if match[0][0] in "\"'" else match[0]
        yield _ESCAPE.sub(_escaped, word).replace("%%", "%").replace("$$", "$")


def _escaped(match: re.Match[str]) -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if match[group]:
            return chr(int(match[group], base))
    return _ESCAPES.get(match[5], match[5])


@dataclass(frozen=True, slots=True, kw_only=True)
class Quadlet:
    """One generator, in the root of its Podman."""

    root: Path

    def services(self, text: str) -> Mapping[str, str]:
        """The services made of these units, by name; fails the test where the generator has something against them."""
        if not text:
            return {}
        with tempfile.TemporaryDirectory(dir=self.root / "var" / "tmp") as directory:
            for unit in text.split("---\n"):
                (Path(directory) / unit.partition("\n")[0].removeprefix("# ")).write_text(unit)
            inside = f"/{Path(directory).relative_to(self.root)}"
            command = [f"/{GENERATOR}", "--dryrun"]
            words = command if self.root == Path("/") else ["chroot", str(self.root), *command]
            environ = {**os.environ, "QUADLET_UNIT_DIRS": inside}
            done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
        complaints = [line for line in done.stderr.splitlines() if "Loading source unit file" not in line]
        assert (done.returncode, complaints) == (0, [])
        _, *parts = _UNIT.split(done.stdout)
        return dict(zip(parts[::2], parts[1::2], strict=True))


def started(service: str) -> list[str]:
    """What a service runs, less `podman`."""
    (line,) = re.findall(r"^ExecStartPre=(.*)$", service, re.MULTILINE) or _STARTS.findall(service)
    _, *words = pieces(line)
    return words


@pytest.fixture
def engine(podman_under_test: PodmanUnderTest) -> PodmanUnderTest:
    """In place of the suite's: Podman alone."""
    return podman_under_test


@pytest.fixture(
    params=[
        pytest.param(root, id=root.name or "this-host")
        for root in (Path("/"), *sorted(ROOTS.glob("root-*")))
        if (root / GENERATOR).exists()
    ]
    or [pytest.param(None, id="nowhere", marks=pytest.mark.skip(reason="no Podman here has a Quadlet generator"))]
)
def quadlet(request: pytest.FixtureRequest) -> Quadlet:
    return Quadlet(root=request.param)


@pytest.fixture(autouse=True)
def no_pod_is_left(engine: PodmanUnderTest, name: str) -> Iterator[None]:
    yield
    pods = engine.client("pod", "ps", "--format", "{{.Name}}").stdout.split()
    for pod in (each for each in pods if each.startswith(name)):
        engine.client("pod", "rm", "--force", "--time=0", pod)


def text_of(*loaded: Loaded) -> str:
    """What `render` prints."""
    return to_text([render(each.sandbox, "quadlet") for each in loaded], output="yaml", show_secrets=True)


def make_by_hand(services: Mapping[str, str], engine: PodmanUnderTest) -> None:
    """What systemd would do, but for starting it: first what has no `run` in it, which is what the others need."""
    for words in sorted(map(started, services.values()), key=lambda words: ("run" in words, "pod" in words)):
        kept = [_POD_FILE.sub(_POD_NAME, word) for word in words if not _SYSTEMDS.fullmatch(word)]
        if "run" in words:
            kept[kept.index("run")] = "create"
        engine.client(*kept)


def differences(bench: Workbench, loaded: Loaded, name: str) -> list[tuple[str, object, object]]:
    """What a plan would say of it, but for what no inspect shows, what systemd does in Podman's place, the workdir that
    is a tmpfs here in any case, and a free port, which is a number as soon as it is chosen."""
    sandbox = loaded.sandbox
    unseen = [*bench.backend.hidden, ("lifecycle", "restart"), ("lifecycle", "autoRemove")]
    unseen += [("labels", ownership.SPEC_HASH)]
    unseen += [("mounts", derive.workdir_in_layer(sandbox) or "-")]
    unseen += [("network", "ports")] if any(port.host == 0 for port in sandbox.network.ports) else []
    desired = observe.wish(loaded, bench.backend, bench.backend.reader.images())
    found = compare(desired, bench.observed(name), None, hidden=frozenset(), effect_of=lambda key: "none")  # type: ignore[arg-type, return-value]
    return [
        (".".join(change.key), change.before, change.after)
        for change in found
        if not any(within(change.key, prefix) for prefix in unseen)
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_the_generator_makes_of_an_example_is_what_apply_makes(
    engine: PodmanUnderTest, bench: Workbench, name: str, path: Path, quadlet: Quadlet
) -> None:
    sandboxes = [each for each in load([str(path)]).loaded if runs_here(each, engine, bench)]
    specs = [on(engine, each, name) for each in sandboxes if not refusals(each, "quadlet")]
    make_by_hand(quadlet.services(text_of(*specs)), engine)
    assert [found for each in specs for found in differences(bench, each, each.sandbox.name)] == []


AWKWARD = "a  b '\"q\"' $HOME $${HOME} $ %h %% \\n \\ #; ü 😀\ttab"
"""With `$${` for the `${` that is no variable of ours."""


def test_no_value_means_anything_to_systemd(
    engine: PodmanUnderTest, bench: Workbench, name: str, quadlet: Quadlet
) -> None:
    directory = "a \"b\" $c %d 'e'"
    (bench.directory / directory).mkdir()
    loaded = bench.spec(
        name,
        {
            "command": ["sh", "-c", AWKWARD, ""],
            "args": [AWKWARD, "--x", "-"],
            "workdir": "/a b/$c/%d",
            "env": {"A": AWKWARD, "B": "", "C": "line\nbreak\r"},
            "mounts": [{"type": "bind", "source": f"./{directory}", "target": f"/{directory}"}],
            "health": {"command": ["test", AWKWARD]},
        },
        metadata={"annotations": {"note": "100% of $HOME", "n": ""}, "labels": {"text": AWKWARD}},
    )
    make_by_hand(quadlet.services(text_of(loaded)), engine)
    assert differences(bench, loaded, name) == []


def test_what_has_a_unit_of_its_own_is_in_it(quadlet: Quadlet, bench: Workbench) -> None:
    network = {"name": "inner", "create": True, "internal": True}
    volume = {"type": "volume", "source": "data", "target": "/data"}
    loaded = [bench.spec(each, {"network": network, "mounts": [volume]}) for each in ("one", "two")]
    services = quadlet.services(text_of(*loaded))
    assert started(services["inner-network.service"]) == ["network", "create", "--ignore", "--internal", "inner"]
    assert started(services["data-volume.service"])[:5] == [
        "volume",
        "create",
        "--ignore",
        "--opt",
        "o=uid=10001,gid=10001",
    ]
    assert set(services) == {"inner-network.service", "data-volume.service", "one.service", "two.service"}
    assert re.findall("^(?:Requires|After)=.*inner.*$", services["two.service"], re.MULTILINE)


def test_what_follows_a_start_is_systemds_to_do(quadlet: Quadlet, bench: Workbench) -> None:
    lifecycle = {"restart": "always", "stopGrace": "20s"}
    (service,) = quadlet.services(text_of(bench.spec("one", {"lifecycle": lifecycle}))).values()
    assert {"Restart=always", "TimeoutStopSec=50"} <= set(service.splitlines())
    (service,) = quadlet.services(text_of(bench.spec("one", {"lifecycle": {"setup": [["echo", "a b", ""]]}}))).values()
    assert re.findall("^ExecStartPost=(.*)$", service, re.MULTILINE) == ['podman exec one echo "a b" ""']


EVERYTHING = {
    "image": {"platform": "linux/amd64", "pull": "never"},
    "tty": True,
    "stdin": True,
    "resources": {"cpuset": "0", "swap": "8Mi", "requests": {"cpu": "250m", "memory": "32Mi"}, "shm": "2Mi", "pids": 99,
                  "ulimits": {"nofile": {"soft": 10, "hard": 20}}},
    "network": {"mode": "bridge", "ports": ["127.0.0.1:18080:80/udp"], "hosts": {"db": "192.0.2.1"},
                "dns": {"servers": ["192.0.2.53"], "search": ["example.org"], "options": ["ndots:2"]}, "hostname": "other"},
    "security": {"groups": [7, 8], "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "SYS_TIME"]},
                 "devices": [{"source": "/dev/null", "target": "/dev/nix", "permissions": "r"}],
                 "sysctls": {"net.core.somaxconn": "77"}, "seccomp": "unconfined", "noNewPrivileges": False,
                 "allow": ["capability:NET_ADMIN", "capability:SYS_TIME", "device:/dev/null", "seccomp-unconfined",
                           "sysctl:net.core.somaxconn", "new-privileges"]},
    "lifecycle": {"ttl": "90s", "stopSignal": "SIGUSR1", "stopGrace": "3s", "init": False},
    "command": ["sleep", "90"],
    "mounts": [{"type": "tmpfs", "target": "/t", "size": "1Mi", "exec": True, "mode": "0750"}],
    "health": {"command": ["true"], "interval": "3s", "timeout": "2s", "retries": 4, "startPeriod": "1s"},
    "podman": {"logging": {"driver": "json-file"}},
}  # fmt: skip


def test_every_key_is_understood_by_the_generator_and_by_podman(
    engine: PodmanUnderTest, bench: Workbench, name: str, quadlet: Quadlet
) -> None:
    spec = {**EVERYTHING, "image": {**EVERYTHING["image"], "ref": bench.image}}  # type: ignore[dict-item]
    loaded = bench.spec(name, spec)
    assert refusals(loaded, "quadlet") == ()
    make_by_hand(quadlet.services(text_of(loaded)), engine)
    assert differences(bench, loaded, name) == []
