"""The short way on a real engine: what it loads, what it asks, and that it says what the ordinary way says."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from sandboxctl import remembered
from tests.contract.proxy import recording
from tests.engines.fixtures import DockerEngine, LocalImages, PodmanEngine

ROOT = Path(__file__).parents[2]
SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata: {{name: {name}}}
spec:
  image: {image}
  backend: {backend}
  env: {{B: "1", A: "2"}}
  resources: {{memory: 64Mi}}
  lifecycle: {{ready: {{minSeconds: 0}}}}
"""
LOADED = """
import sys
from sandboxctl.__main__ import main
code = main()
heavy = ("click", "yaml", "_yaml", "jsonschema", "jinja2", "docker", "podman", "kubernetes", "requests", "http.client")
print(sorted(name for name in heavy if name in sys.modules), file=sys.stderr)
sys.exit(code)
"""

Ran = tuple[int, str, str]


def runner(directory: Path) -> Callable[..., Ran]:
    """Runs one command line in a process of its own; the last line of its standard error is what it loaded."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(directory), "PYTHONPATH": str(ROOT)}

    def run(*words: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-c", LOADED, *words],
            capture_output=True,
            text=True,
            cwd=directory,
            env=environ,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    return run


def is_the_same_without(directory: Path, name: str, image: str, backend: str, flag: str, socket: Path) -> None:
    """Two sandboxes, unchanged: with what is remembered, and without."""
    text = "---\n".join(SPEC.format(name=f"{name}-{each}", image=image, backend=backend) for each in "ab")
    (directory / "sandbox.yaml").write_text(text)
    run = runner(directory)
    with recording(socket, directory) as found:
        where = (flag, f"unix://{found.socket}")
        assert run("apply", "--yes", *where)[0] == 0
        try:
            for words in (("plan",), ("apply",), ("drift",), ("status", f"{name}-a", "--output", "json")):
                run(*words, *where)
                found.forget()
                code, out, err = run(*words, *where)
                ordinary = run(*words, *where, "--no-cache")
                assert (code, out) == ordinary[:2]
                assert err.splitlines()[:-1] == ordinary[2].splitlines()[:-1]
                assert err.splitlines()[-1] == "[]"
                assert found.writes == []
        finally:
            run("delete", "--yes", *where, f"{name}-a", f"{name}-b")


@pytest.fixture(autouse=True)
def nobody_edits() -> None:
    if not remembered.is_ours(remembered.judges()):
        pytest.skip("somebody edits the code while it is tested: then nothing is remembered")


@pytest.mark.docker
def test_nothing_to_do_on_docker(
    docker_engine: DockerEngine, docker_images: LocalImages, docker_name: str, tmp_path: Path
) -> None:
    is_the_same_without(tmp_path, docker_name, docker_images.busybox, "docker", "--docker-host", docker_engine.socket)


@pytest.mark.podman
def test_nothing_to_do_on_podman(podman_engine: PodmanEngine, podman_images: LocalImages, tmp_path: Path) -> None:
    is_the_same_without(
        tmp_path, f"t-{uuid.uuid4().hex[:12]}", podman_images.busybox, "podman", "--podman-uri", podman_engine.socket
    )
