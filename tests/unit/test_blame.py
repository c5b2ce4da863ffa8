"""An engine's complaint is led to the line of the spec that it speaks of, and to none where no line says it."""

from __future__ import annotations

import pytest

from sandboxctl import blame
from sandboxctl.backends.docker.complaints import TABLE as DOCKER
from sandboxctl.backends.podman.complaints import TABLE as PODMAN
from sandboxctl.complaints import Complaint, engine_error
from sandboxctl.errors import EngineError, FailedError
from sandboxctl.load import load
from sandboxctl.schema import load_schema
from sandboxctl.schema_fields import fields
from sandboxctl.spec import Loaded

SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata: {name: box}
spec:
  image: {ref: "docker.io/library/busybox:1.36"}
  command: [/opt/cpu-meter]
  resources:
    cpuset: 0-63
    ulimits: {nofile: 9, core: 8}
  network:
    mode: bridge
    ports: ["127.0.0.1:80:8080", "127.0.0.1:8080:80"]
  mounts:
    - {type: tmpfs, target: /data}
    - {type: tmpfs, target: /data/deep}
    - {type: volume, source: cache, target: /cache}
  security:
    sysctls: {net.core.somaxconn: "7", net.ipv4.tcp_rmem: "9"}
    capabilities: {add: [ALL]}
    allow: ["capability:ALL", "sysctl:net.core.somaxconn", "sysctl:net.ipv4.tcp_rmem"]
"""
RUNC = "OCI runtime create failed: runc create failed: unable to start container process:"
"""What comes before all that runc says."""
DOCKERS = {
    "driver failed programming external connectivity on endpoint box (6a): Bind for 127.0.0.1:8080 failed: port is already allocated": "network.ports.1",
    "Error starting userland proxy: listen tcp4 127.0.0.1:80: bind: address already in use": "network.ports.0",
    f'{RUNC} exec: "/opt/cpu-meter": stat /opt/cpu-meter: no such file or directory: unknown': "command",
    f"{RUNC} error during container init: open /proc/sys/net/ipv4/tcp_rmem: no such file or directory: unknown": "security.sysctls.net.ipv4.tcp_rmem",
    f"{RUNC} error during container init: error setting rlimits for ready process: error setting rlimit type 7: operation not permitted: unknown": "resources.ulimits.nofile",
    'invalid mount config for type "volume": cache is in use': "mounts.2",
    "Duplicate mount point: /data/deep": "mounts.1",
    f"{RUNC} unable to apply caps: operation not permitted: unknown": "security.capabilities.add",
    "Requested CPUs are not available - requested 0-63, available: 0-1": "resources.cpuset",
    "No such image: docker.io/library/busybox:1.36": "image.ref",
    "image with reference busybox was found but does not match the specified platform": None,
    "unknown log opt 'x' for json-file log driver": None,
    "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available": None,
    "something that nobody has foreseen": None,
}  # fmt: skip
PODMANS = {
    "rootlessport listen tcp 127.0.0.1:8080: bind: address already in use": "network.ports.1",
    "crun: executable file `/opt/cpu-meter` not found in $PATH: No such file or directory": "command",
    'no such volume: volume with name "cache"': "mounts.2",
    "docker.io/library/busybox:1.36: image not known": "image.ref",
    "crun: open `/proc/sys/net/core/somaxconn`: No such file or directory": "security.sysctls.net.core.somaxconn",
}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    path = tmp_path_factory.mktemp("specs") / "box.yaml"
    path.write_text(SPEC, encoding="utf-8")
    (loaded,) = load([str(path)]).loaded
    return loaded


@pytest.mark.parametrize(
    ("table", "words", "place"),
    [(table, *each) for table, texts in ((DOCKER, DOCKERS), (PODMAN, PODMANS)) for each in texts.items()],
)
def test_a_complaint_is_led_to_its_line(
    spec: Loaded, table: tuple[Complaint, ...], words: str, place: str | None
) -> None:
    found = blame.problems(engine_error(words, status=500, table=table), spec)
    assert [".".join(map(str, each.path[1:])) for each in found] == ([] if place is None else [place])
    for each in found:
        assert (each.code, each.message) == ("engine-refused", words)
        assert each.range is not None
        assert each.line_text == SPEC.splitlines()[each.range.start.line - 1]


def test_what_stands_behind_an_error_counts(spec: Loaded) -> None:
    failure = FailedError("box did not start")
    failure.__cause__ = engine_error("cpuset", status=500, table=DOCKER)
    assert [each.path for each in blame.problems(failure, spec)] == [("spec", "resources", "cpuset")]
    assert blame.problems(FailedError("box ended with code 1"), spec) == ()
    assert blame.problems(failure, None) == ()


def test_without_a_field_the_hint_is_still_given() -> None:
    error = engine_error("write: no space left on device", status=500, table=DOCKER)
    assert (error.field, error.hint) == (None, "the engine's disk is full: `docker system df`")
    assert engine_error("new words", status=500, table=DOCKER, hint="look").hint == "look"
    assert isinstance(error, EngineError)


def test_every_field_of_the_tables_is_one() -> None:
    known = {each.field[:length] for each in fields(load_schema()) for length in range(1, len(each.field) + 1)}
    assert {each.field for each in (*DOCKER, *PODMAN) if each.field} <= known
