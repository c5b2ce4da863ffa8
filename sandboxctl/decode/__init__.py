"""A document that passed the schema → a Sandbox: every default filled in, every shorthand gone (spec.md, "Fields").

Pure: what lies outside the document is asked of `HostFacts`. What the parts may be together is for `rules`, what an
engine cannot do for `capabilities`; neither may be decided here.
"""

from __future__ import annotations

import os
from typing import Literal

from sandboxctl.decode.image import image, reference
from sandboxctl.decode.lifecycle import commit, health, lifecycle
from sandboxctl.decode.limits import resources
from sandboxctl.decode.mounts import mounts
from sandboxctl.decode.network import network
from sandboxctl.decode.process import argv, environment, run, workdir
from sandboxctl.decode.security import profile_name, security
from sandboxctl.decode.value import Files, Value, jsonable
from sandboxctl.document import Document
from sandboxctl.facts import HostFacts
from sandboxctl.findings import Findings
from sandboxctl.problems import Problem
from sandboxctl.profiles import PROFILES
from sandboxctl.spec import BackendSection, Sandbox


def decode(document: Document, *, facts: HostFacts) -> tuple[Sandbox | None, tuple[Problem, ...]]:
    """The sandbox that a document describes, and what is wrong with it.

    Relative paths are from the directory of the document's file. Where a problem is an error, a default stands in its
    place: such a sandbox is good for finding more problems, and for nothing else. None without a name.
    """
    findings = Findings(document.source)
    root = Value(raw=document.value, path=(), findings=findings)
    if not root.at("metadata").at("name").text():
        return None, findings.problems
    files = Files(facts=facts, base=os.path.dirname(document.source.filename))
    return _sandbox(root, files), findings.problems


def _sandbox(root: Value, files: Files) -> Sandbox:
    metadata, spec = root.at("metadata"), root.at("spec")
    name = metadata.at("name").text()
    profile = profile_name(spec)
    return Sandbox(
        name=name,
        project=metadata.at("project").optional(),
        labels=metadata.at("labels").table(),
        annotations=metadata.at("annotations").table(),
        backend=_backend(spec.at("backend")),
        image=image(spec.at("image"), files),
        run=run(spec),
        command=argv(spec.at("command")),
        args=argv(spec.at("args")),
        workdir=workdir(spec),
        tty=spec.at("tty").flag(False),
        stdin=spec.at("stdin").flag(False),
        env=environment(spec, files),
        resources=resources(spec.at("resources")),
        network=network(spec.at("network"), default=PROFILES[profile].network, hostname=name),
        mounts=mounts(spec.at("mounts"), files),
        security=security(spec.at("security"), profile, files),
        lifecycle=lifecycle(spec.at("lifecycle")),
        health=health(spec.at("health")),
        commit=commit(spec.at("commit")),
        docker=_section(spec.at("docker")),
        podman=_section(spec.at("podman")),
        kubernetes=_section(spec.at("kubernetes")),
    )


def _backend(value: Value) -> Literal["auto", "docker", "podman", "kubernetes"]:
    if value.raw == "k8s":
        return "kubernetes"
    return value.word(("auto", "docker", "podman", "kubernetes"), "auto")


def _section(value: Value) -> BackendSection:
    ours = ("probeImage", "accept")
    return BackendSection(
        probe_image=reference(value.at("probeImage")),
        accept=value.at("accept").texts(),
        settings={key: jsonable(child) for key, child in value.entries() if key not in ours},
    )
