"""Secrets of every source, through every command as its user gives it: what is written, shown and kept has none of them."""

from __future__ import annotations

import base64
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl import ownership
from tests.contract.engines import EngineUnderTest
from tests.contract.kubernetes_engine import KubernetesUnderTest
from tests.contract.test_connections import FLAGS, sandboxctl

CANARIES = {
    "TOKEN": "canary-env-4f1c9e07",
    "FILE_TOKEN": "canary-target-77b0d2aa",
    "value": "canary-file-0be2d1f3\ncanary-second-line-5566",
    "more.env": "canary-envfile-9a8b7c6d",
    "content": "canary-content-1234abcd",
    "source": "canary-source-deadbeef",
    "changed": "canary-changed-c0ffee00",
}
"""Each where a spec can have a secret."""
WORDS = sorted({word for text in CANARIES.values() for word in text.split()})
SPEC = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata: {name: NAME, labels: {team: ml}}
spec:
  image: IMAGE
  lifecycle: {ready: {minSeconds: 0}, setup: [[sh, -c, "echo $TOKEN $VALUE $MORE; cat /run/s/* || true"]]}
  security: {readOnlyRoot: false, allow: [writable-root]}
  resources: {memory: 64Mi}
  env:
    TOKEN: {fromEnv: TOKEN}
    VALUE: {fromFile: ./value}
  envFiles: [./more.env]
  mounts:
    - {type: file, target: /run/s/content, content: "canary-content-1234abcd", sensitive: true}
    - {type: file, target: /run/s/source, source: ./source, sensitive: true}
    - {type: file, target: /run/s/env, fromEnv: FILE_TOKEN}
"""
COMMIT = """\
apiVersion: sandboxctl.dev/v1
kind: Sandbox
metadata: {name: NAME}
spec:
  image: IMAGE
  lifecycle: {ready: {minSeconds: 0}}
  security: {readOnlyRoot: false, allow: [writable-root]}
  mounts:
    - {type: file, target: /run/s/content, content: "canary-content-1234abcd", sensitive: true}
    - {type: file, target: /run/s/env, fromEnv: FILE_TOKEN}
"""


class Lab:
    """One directory, one engine, and all that was ever said."""

    def __init__(self, directory: Path, engine: EngineUnderTest, name: str) -> None:
        self.directory, self.engine, self.name = directory, engine, name
        self.said = b""
        self.flags = ("--backend", engine.backend, *where(engine))
        self.env = {
            "TOKEN": CANARIES["TOKEN"], "FILE_TOKEN": CANARIES["FILE_TOKEN"], "XDG_STATE_HOME": str(directory / "state"),
            "XDG_CONFIG_HOME": str(directory / "config"), "XDG_CACHE_HOME": str(directory / "cache"),
        }  # fmt: skip

    def write(self, text: str) -> None:
        text = text.replace("NAME", self.name)
        if isinstance(self.engine, KubernetesUnderTest):
            text += "  kubernetes: {accept: [network]}\n"
        (self.directory / "sandbox.yaml").write_text(text.replace("IMAGE", self.engine.images.busybox))

    def run(self, verb: str, *words: str, code: int = 0) -> None:
        flags = () if verb in ("validate", "explain") else self.flags
        done = sandboxctl(self.directory, verb, *flags, *words, code=code, env=self.env)
        self.said += done.stdout + done.stderr

    def inside(self) -> str:
        """What its process has; it is not among what was said."""
        words = ("exec", *self.flags, self.name, "--", "sh", "-c", "env; cat /run/s/*")
        return sandboxctl(self.directory, *words, env=self.env).stdout.decode()

    def kept(self) -> str:
        """Everything that lies on this machine and on the engine, labels unpacked; not the spec's own files."""
        texts = [
            path.read_text(errors="replace")
            for path in self.directory.rglob("*")
            if path.is_file() and path.name not in (*CANARIES, "sandbox.yaml")
        ]
        if isinstance(self.engine, KubernetesUnderTest):
            texts.append(self.engine.shown(self.name))
        for name in self.engine.containers():
            if name.startswith(self.name):
                labels = self.engine.labels(name)
                texts += [f"{key}={text}" for key, text in labels.items()]
                texts.append(
                    zlib.decompress(base64.b64decode(labels.get(ownership.APPLIED, "")) or zlib.compress(b"")).decode()
                )
        for volume in self.engine.volumes():
            if volume.startswith(self.name):
                texts.append(self.engine.client("volume", "inspect", volume).stdout)
        return "\n".join(texts)


def where(engine: EngineUnderTest) -> tuple[str, ...]:
    """The flags that lead to it."""
    if isinstance(engine, KubernetesUnderTest):
        return ("--kubeconfig", engine.cluster.kubeconfig, "--namespace", engine.namespace)
    return (FLAGS[engine.backend], f"unix://{engine.socket}")


@pytest.fixture
def lab(engine: EngineUnderTest, name: str, tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(tmp_path, engine, name)
    for file in ("value", "source"):
        (tmp_path / file).write_text(CANARIES[file])
    (tmp_path / "more.env").write_text(f"MORE={CANARIES['more.env']}\n")
    yield lab
    sandboxctl(tmp_path, "delete", *lab.flags, "--yes", name, env=lab.env)


def test_no_command_shows_or_keeps_a_secret(lab: Lab) -> None:
    lab.write(SPEC)
    for words in (("validate",), ("validate", "--output", "json"), ("explain", "sandbox.yaml"), ("plan",),
                  ("plan", "--output", "json"), ("plan", "-v", "--out", "saved.json"), ("render",),
                  ("render", "--output", "json")):  # fmt: skip
        lab.run(*words)
    lab.run("apply", "-v", "--plan", "saved.json", "--yes")
    assert CANARIES["TOKEN"] in lab.inside()
    for words in (("plan",), ("apply", "--output", "json"), ("list",), ("list", "--output", "json"), ("status", lab.name),
                  ("verify",), ("verify", "--output", "json"), ("drift",)):  # fmt: skip
        lab.run(*words)
    if lab.engine.backend != "kubernetes":
        lab.run("import", lab.name)
    lab.env["TOKEN"] = CANARIES["changed"]
    lab.run("plan", "--output", "json")
    lab.run("plan")
    lab.run("apply", "--yes", "--output", "json")
    assert CANARIES["changed"] in lab.inside()
    found = [word for word in WORDS if word in lab.said.decode("utf-8", "replace") + lab.kept()]
    assert found == []


def test_no_failure_shows_a_secret(lab: Lab) -> None:
    shouts = SPEC.replace(
        "  resources:", '  command: [sh, -c, "echo $TOKEN; echo \\"$VALUE\\" >&2; cat /run/s/*; exit 3"]\n  resources:'
    )
    shouts = re.sub(r", setup: .*\]\]\}", "}", shouts).replace("minSeconds: 0", "minSeconds: 2")
    lab.write(shouts)
    lab.run("apply", "--yes", "-v", code=6)
    lab.run("apply", "--yes", "-v", "--output", "json", code=6)
    lab.write(SPEC.replace("|| true", "; exit 4"))
    lab.run("apply", "--yes", code=6)
    lab.write(
        SPEC.replace("lifecycle: {", "lifecycle: {init: false, ").replace(
            "  resources:", "  command: [/no/such]\n  resources:"
        )
    )
    lab.run("apply", "--yes", code=6)
    assert b"(sensitive)" in lab.said
    assert [word for word in WORDS if word in lab.said.decode("utf-8", "replace") + lab.kept()] == []


def test_no_image_of_a_layer_holds_a_secret(lab: Lab, tmp_path: Path) -> None:
    image = f"localhost:5000/sandboxctl-test/{lab.name}:v1"
    lab.write(SPEC)
    lab.run("apply", "--yes")
    lab.run("commit", lab.name, "--image", image, code=3)
    lab.run("delete", "--yes", lab.name)
    lab.write(COMMIT)
    lab.run("apply", "--yes")
    try:
        lab.run("commit", lab.name, "--image", image)
        lab.engine.client("image", "save", "--output", str(tmp_path / "image.tar"), image)
        saved = (tmp_path / "image.tar").read_bytes()
    finally:
        lab.engine.client("image", "rm", "--force", image)
    assert [word for word in WORDS if word.encode() in saved] == []
    assert len(saved) > 10_000
    assert os.path.basename(image).encode().partition(b":")[0] in saved
