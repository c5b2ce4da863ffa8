"""The same sandboxes, as a spec of ours and as a file of compose."""

from __future__ import annotations

import os
from pathlib import Path

IMAGE = os.environ.get("SANDBOXCTL_TEST_BUSYBOX", "localhost/sandboxctl-test/busybox:1")

_SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata:
  name: {name}
  project: bench
spec:
  image: {image}
  backend: {backend}
  env: {{A: "1", B: "2"}}
  resources: {{cpu: 500m, memory: {memory}, pids: 50}}
  lifecycle: {{ready: {{minSeconds: 0}}}}
"""
_SERVICE = """\
  {name}:
    image: {image}
    command: sleep infinity
    container_name: {name}
    network_mode: none
    mem_limit: {memory}
    cpus: 0.5
    pids_limit: 50
    cap_drop: [ALL]
    read_only: true
    environment: {{A: "1", B: "2"}}
"""


def spec(directory: Path, count: int, *, backend: str, memory: str = "64Mi", name: str = "specs") -> Path:
    """One file with `count` sandboxes; the first one has this much memory."""
    path = directory / f"{name}-{count}.yaml"
    texts = (
        _SPEC.format(name=f"bench-{number}", image=IMAGE, backend=backend, memory="64Mi" if number else memory)
        for number in range(count)
    )
    path.write_text("---\n".join(texts))
    return path


def compose(directory: Path, count: int, *, memory: str = "64m", name: str = "compose") -> Path:
    """The same for compose."""
    path = directory / f"{name}-{count}.yaml"
    services = (
        _SERVICE.format(name=f"bench-peer-{number}", image=IMAGE, memory="64m" if number else memory)
        for number in range(count)
    )
    path.write_text(f"name: bench-{count}\nservices:\n" + "".join(services))
    return path
