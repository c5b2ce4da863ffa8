"""`security.runtime: gvisor`, run for real by Debian's runsc, and seen from inside: another kernel answers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl.backends import connect
from sandboxctl.backends.base import Connection
from tests.contract.workbench import Workbench
from tests.engines.fixtures import LocalImages
from tests.engines.private_docker import private_docker

SCRIPTS = Path(__file__).parents[1] / "engines"
pytestmark = pytest.mark.docker

RUNSC = """\
#!/bin/sh
exec {runsc} --platform=ptrace --ignore-cgroups --network=none "$@"
"""


@pytest.fixture(scope="module")
def gvisor(docker_images: LocalImages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an engine that has the runtime `runsc`."""
    if shutil.which("runsc") is None:
        subprocess.run([str(SCRIPTS / "runsc.sh")], check=True)
    wrapper = tmp_path_factory.mktemp("runsc") / "runsc"
    wrapper.write_text(RUNSC.format(runsc=shutil.which("runsc")))
    wrapper.chmod(0o755)
    with private_docker("--bridge=none", "--iptables=false", f"--add-runtime=runsc={wrapper}") as engine:
        engine.client("import", str(docker_images.busybox_rootfs), docker_images.busybox)
        yield engine.host


@pytest.fixture
def bench(gvisor: str, clean_home: Path, tmp_path: Path, docker_images: LocalImages) -> Iterator[Workbench]:
    backend = connect("docker", Connection(docker_host=gvisor))
    directory = tmp_path / "specs"
    directory.mkdir()
    yield Workbench(backend=backend, directory=directory, image=docker_images.busybox)
    backend.close()


def test_a_sandbox_runs_on_gvisors_kernel_and_verify_says_what_that_hides(bench: Workbench) -> None:
    spec = bench.spec("gvisor", {"security": {"runtime": "gvisor"}})
    assert bench.applied(spec) == "created"
    assert bench.plan(spec).pending == ()
    assert bench.sh("gvisor", "cat /proc/version").startswith("Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016")
    verdict = bench.verdict(spec)
    by_name = {each.control: each for each in verdict.controls}
    assert verdict.ok
    assert (by_name["runtime"].actual, by_name["runtime"].evidence) == ("gvisor", "inside")
    assert {str(each.status) for each in verdict.controls} == {"reported", "unprovable"}
    assert by_name["mount:/tmp"].detail == "gVisor's own table of mounts does not tell nosuid, nodev"
    assert bench.delete("gvisor")[0].outcome == "deleted"


def test_from_the_default_runtime_to_gvisor_is_a_replace(bench: Workbench) -> None:
    bench.applied(bench.spec("gvisor-later"))
    spec = bench.spec("gvisor-later", {"security": {"runtime": "gvisor"}})
    assert bench.applied(spec) == "replaced"
    assert bench.plan(spec).pending == ()
    bench.delete("gvisor-later")
