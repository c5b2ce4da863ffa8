"""Rules about names of what is somebody else's: objects of a cluster, secrets, and where a probe knocks.

A name goes into an engine's address or option as it stands, so one that could be a path or an option is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandboxctl.problems import Path, dotted
from sandboxctl.rules.case import Case, rule
from sandboxctl.spec import KeyReference, ObjectMount, Sandbox

_OBJECT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_SECRET = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_KEY = re.compile(r"[A-Za-z0-9_.-]{1,253}")
_TARGET = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}")
_ADDRESS = re.compile(r"(?!ssh://(?:[^@/]*@)?-)[A-Za-z0-9/][!-~]*")
_SETTINGS = (
    ("kubernetes", "namespace", _NAMESPACE, "it is at most 63 lower-case letters, digits and `-`"),
    ("kubernetes", "serviceAccount", _OBJECT, "lower-case letters, digits, `-` and `.`"),
    ("kubernetes", "priorityClass", _OBJECT, "lower-case letters, digits, `-` and `.`"),
    ("kubernetes", "probeTarget", _TARGET, "write it as ADDRESS:PORT, as in 10.0.0.10:53"),
    ("kubernetes", "context", re.compile(r"[^\x00-\x1f\x7f]+"), "it is the name of a context in the kubeconfig"),
    ("docker", "context", _SECRET, "it is the name of a context, see `docker context ls`"),
    ("docker", "host", _ADDRESS, "as in unix:///run/docker.sock or ssh://USER@HOST"),
    ("podman", "uri", _ADDRESS, "as in unix:///run/podman/podman.sock or ssh://USER@HOST"),
    ("podman", "pod", _SECRET, "letters, digits, `_`, `.` and `-`"),
)


def settings(case: Case) -> None:
    """What a backend's section names has a form."""
    for backend, key, form, hint in _SETTINGS:
        value = case.sandbox.section(backend).settings.get(key)
        path: Path = ("spec", backend, key)
        if isinstance(value, str) and case.sound(path) and not form.fullmatch(value):
            case.findings.error("bad-value", path, f"{dotted(path)}: `{value}` cannot be a {key}", hint=hint)
    secrets = case.sandbox.kubernetes.settings.get("imagePullSecrets")
    for index, name in enumerate(secrets if isinstance(secrets, list) else ()):
        _judge(case, ("spec", "kubernetes", "imagePullSecrets", index), str(name), _OBJECT)
    for backend in ("docker", "podman"):
        logging = case.sandbox.section(backend).settings.get("logging")
        if isinstance(logging, dict) and "driver" in logging:
            _judge(case, ("spec", backend, "logging", "driver"), str(logging["driver"]), _SECRET)


def objects(case: Case) -> None:
    """Secrets and config maps have names, their parts too, and these become files below one directory."""
    for path, name, form in _named(case.sandbox):
        _judge(case, path, name, form)
    for index, mount in enumerate(case.sandbox.mounts):
        for key, place in mount.items.items() if isinstance(mount, ObjectMount) else ():
            where: Path = ("spec", "mounts", index, "items", key)
            if place.startswith("/") or not place or ".." in place.split("/") or not place.isprintable():
                message = f"{dotted(where)}: `{place}` must be relative, and stay below the target"
                case.findings.error("path", where, message)


def _named(sandbox: Sandbox) -> Iterator[tuple[Path, str, re.Pattern[str]]]:
    for name, value in sandbox.env.items():
        if isinstance(value, KeyReference):
            yield ("spec", "env", name, value.kind), value.name, _SECRET
            yield ("spec", "env", name, "key"), value.key, _KEY
    for index, mount in enumerate(sandbox.mounts):
        if isinstance(mount, ObjectMount):
            yield ("spec", "mounts", index, "name"), mount.name, _SECRET
            for key in mount.items:
                yield ("spec", "mounts", index, "items", key), key, _KEY


def _judge(case: Case, path: Path, name: str, form: re.Pattern[str]) -> None:
    if case.source.written(path) and case.sound(path) and not form.fullmatch(name):
        message = f"{dotted(path)}: `{name}` cannot be a name"
        case.findings.error("bad-value", path, message, hint="letters, digits, `-` and `.`")


RULES = (rule(settings), rule(objects))
"""They need no other field."""
