"""A resolved spec against policies: each is asked by itself, so the strictest wins. Pure, and asks no engine.

What counts is what the sandbox would be, whatever brought it: a profile, `accept`, `image.setup`, a build, options,
an overlay. So everything is taken from the `Sandbox`, nothing from the text but the place that is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sandboxctl.dataclass import dataclass
from sandboxctl.derive import covers
from sandboxctl.errors import InvalidError
from sandboxctl.facts import HostFacts
from sandboxctl.findings import Findings
from sandboxctl.image_reference import ImageReference, parse
from sandboxctl.policy import Policy
from sandboxctl.policy.decode import ACCEPT
from sandboxctl.problems import Path, Problem, dotted, ordered
from sandboxctl.quantity import format_bytes, format_cpu, format_duration
from sandboxctl.rules import weakenings
from sandboxctl.rules.weakening import blamed
from sandboxctl.spec import BACKENDS, BindMount, Loaded, Sandbox

_PREPARING = ("writable-root", "default-capabilities")
_NOT_ROOT = re.compile(r"0*[1-9][0-9]*")
_SETUP: Path = ("spec", "image", "setup")
_BUILD: Path = ("spec", "image", "build")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One spec before one policy."""

    policy: Policy
    loaded: Loaded
    facts: HostFacts
    findings: Findings

    @property
    def sandbox(self) -> Sandbox:
        return self.loaded.sandbox

    def refuse(self, code: str, path: Path, message: str, *said: str) -> None:
        """`said` is the path in the policy. Both places are told."""
        where = f"{self.policy.place(*said)} does not allow it"
        self.findings.error(code, path, f"{message}; {where}", hint=_HINTS.get(code, _ASK))


_ASK = "change the spec, or ask whoever owns the policy"
_HINTS = {
    "policy-digest": "write it as NAME@sha256:…; the engine's client shows the digest of an image it has",
    "policy-label": "add it to metadata.labels",
}


def check(policies: Sequence[Policy], loaded: Sequence[Loaded], *, facts: HostFacts) -> tuple[Problem, ...]:
    """Everything in the specs that some policy does not allow, by position."""
    found: list[Problem] = []
    for each in loaded:
        for policy in policies:
            case = _Case(policy=policy, loaded=each, facts=facts, findings=Findings(each.source))
            for judge in _JUDGES:
                judge(case)
            found.extend(case.findings.problems)
    return ordered(found)


def check_user(policies: Sequence[Policy], user: str | None) -> None:
    """Raises InvalidError where a command may not run as `user`; a name may be root's, whatever it is."""
    if user is None or _is_no_root(user):
        return
    for policy in policies:
        if policy.allow is not None and not _allows(policy.allow, "root-user"):
            raise InvalidError(
                f"--user {user} is root, or may be (root-user); {policy.place('allow')} does not allow it",
                hint="give a number that is not 0, or leave the option out",
            )


def _is_no_root(user: str) -> bool:
    """Numbers, and none of them is 0."""
    return all(_NOT_ROOT.fullmatch(part) for part in user.split(":"))


def _weakenings(case: _Case) -> None:
    if case.policy.allow is None:
        return
    sandbox, source = case.sandbox, case.loaded.source
    for name, path in weakenings(sandbox, facts=case.facts):
        if not _allows(case.policy.allow, name):
            said = "" if source.written(path) or path[1] != "security" else f" of profile {sandbox.security.profile}"
            case.refuse("policy-weakening", blamed(path, source),
                        f"{dotted(path)}{said} weakens the sandbox ({name})", "allow")  # fmt: skip
    for name, path, how in (*_preparing(sandbox), *_accepted(sandbox), *_acknowledged(sandbox)):
        if not _allows(case.policy.allow, name):
            case.refuse("policy-weakening", path, f"{how} ({name})", "allow")


def _preparing(sandbox: Sandbox) -> Iterator[tuple[str, Path, str]]:
    """What runs before the sandbox does, with less around it."""
    setup = sandbox.image.setup
    if setup is not None:
        root = ("root-user",) if "0" in {part.lstrip("0") or "0" for part in setup.user.split(":")} else ()
        for name in (*root, *_PREPARING):
            yield name, _SETUP, "image.setup runs commands with more than the sandbox has"
    if sandbox.image.build is not None:
        for name in ("root-user", *_PREPARING):
            yield name, _BUILD, "image.build runs commands with more than the sandbox has"


def _accepted(sandbox: Sandbox) -> Iterator[tuple[str, Path, str]]:
    for backend in BACKENDS:
        for index, name in enumerate(sandbox.section(backend).accept):
            path: Path = ("spec", backend, "accept", index)
            yield f"{ACCEPT}:{name}", path, f"{backend}.accept lets {name} be weaker"


def _acknowledged(sandbox: Sandbox) -> Iterator[tuple[str, Path, str]]:
    """An address that an option or the environment gives is nothing of the spec's; that it may be open is."""
    if "insecure-endpoint" in sandbox.security.allow:
        yield (
            "insecure-endpoint",
            ("spec", "security", "allow"),
            "security.allow lets an engine be reached in plain text",
        )


def _allows(allow: tuple[str, ...], name: str) -> bool:
    """By name, by `PREFIX:*`, and a path by a directory above it."""
    prefix, colon, rest = name.partition(":")
    if name in allow or (colon and f"{prefix}:*" in allow):
        return True
    if prefix != "host-path":
        return False
    directories = (each.removeprefix("host-path:") for each in allow if each.startswith("host-path:"))
    return any(covers(directory, rest) for directory in directories)


def _images(case: _Case) -> None:
    image = case.sandbox.image
    source = "build" if image.build is not None else "archive" if image.archive is not None else "ref"
    if source not in case.policy.image_sources:
        said = _sources_said(case.policy)
        case.refuse("policy-image", ("spec", "image", source), f"image.{source} is no way to give an image", *said)
    for text, path in _references(case):
        found = parse(text)
        if not isinstance(found, ImageReference):
            continue
        _registry(case, found, path)
        if case.policy.require_digest and found.digest is None:
            case.refuse("policy-digest", path, f"{dotted(path)} has no digest", "images", "requireDigest")


def _sources_said(policy: Policy) -> tuple[str, str]:
    """The key that says how images may be given; where it is not written the others imply it."""
    keys = ("sources", "registries", "requireDigest")
    return "images", next(key for key in keys if policy.source.written(("spec", "images", key)))


def _references(case: _Case) -> Iterator[tuple[str, Path]]:
    image, source = case.sandbox.image, case.loaded.source
    if image.ref is not None:
        written: Path = ("spec", "image", "ref")
        yield image.ref, written if source.written(written) else ("spec", "image")
    for backend in BACKENDS:
        probe = case.sandbox.section(backend).probe_image
        if probe is not None:
            yield probe, ("spec", backend, "probeImage")


def _registry(case: _Case, found: ImageReference, path: Path) -> None:
    allowed = case.policy.registries
    if allowed is None or any(f"{found.repository}/".startswith(f"{each}/") for each in allowed):
        return
    case.refuse("policy-registry", path, f"{dotted(path)} comes from {found.repository}", "images", "registries")


def _binds(case: _Case) -> None:
    allowed = case.policy.bind_sources
    if allowed is None:
        return
    for index, mount in enumerate(case.sandbox.mounts):
        if isinstance(mount, BindMount) and not any(covers(each, mount.source) for each in allowed):
            path: Path = ("spec", "mounts", index, "source")
            case.refuse("policy-bind", path, f"{dotted(path)} mounts {mount.source}", "bindSources")


def _networks(case: _Case) -> None:
    if case.policy.networks is None:
        return
    for name, path in _used_networks(case.sandbox):
        if name not in case.policy.networks:
            case.refuse("policy-network", path, f"{dotted(path)} uses the network {name}", "networks")


def _used_networks(sandbox: Sandbox) -> Iterator[tuple[str, Path]]:
    network, image = sandbox.network, sandbox.image
    yield (network.name or "" if network.mode == "named" else network.mode), ("spec", "network")
    if image.setup is not None:
        yield image.setup.network, (*_SETUP, "network")
    if image.build is not None:
        yield "bridge", _BUILD
    pod = sandbox.podman.settings.get("pod")
    if isinstance(pod, str):
        yield f"pod:{pod}", ("spec", "podman", "pod")


def _runtime(case: _Case) -> None:
    allowed, runtime = case.policy.runtimes, case.sandbox.security.runtime
    if allowed is not None and runtime not in allowed:
        path: Path = ("spec", "security", "runtime")
        case.refuse("policy-runtime", path, f"{dotted(path)} is {runtime}", "runtimes")
    image = case.sandbox.image
    for path, prepares in ((_SETUP, image.setup is not None), (_BUILD, image.build is not None)):
        if prepares and allowed is not None and "default" not in allowed:
            how = f"{dotted(path)} runs commands with the engine's own runtime, default"
            case.refuse("policy-runtime", path, how, "runtimes")


def _labels(case: _Case) -> None:
    for index, name in enumerate(case.policy.require_labels):
        if name not in case.sandbox.labels:
            where = case.policy.place("requireLabels", index)
            case.findings.error("policy-label", ("metadata", "labels"),
                                f"metadata.labels has no `{name}`, which {where} requires",
                                hint=_HINTS["policy-label"])  # fmt: skip


def _largest(case: _Case) -> None:
    for name, used, largest, form in _limits(case):
        if largest is None or (used is not None and used <= largest):
            continue
        path: Path = ("spec", "lifecycle", "ttl") if name == "ttl" else ("spec", "resources", name)
        written = "not set, so without a limit" if used is None else form(used)
        case.refuse("policy-limit", path, f"{dotted(path)} is {written}, more than {form(largest)}", "max", name)


def _limits(case: _Case) -> Iterator[tuple[str, int | None, int | None, Callable[[int], str]]]:
    """Name, what the spec uses (None: without a limit), the largest, and how it is written."""
    resources, largest = case.sandbox.resources, case.policy.largest
    yield "cpu", resources.cpu, largest.cpu, format_cpu
    yield "memory", resources.memory, largest.memory, format_bytes
    yield "swap", resources.swap, largest.swap, format_bytes
    yield "pids", resources.pids, largest.pids, str
    yield "shm", resources.shm, largest.shm, format_bytes
    yield "scratch", resources.scratch, largest.scratch, format_bytes
    yield "disk", resources.disk, largest.disk, format_bytes
    gpus = resources.gpus
    yield "gpus", 0 if gpus is None else gpus if isinstance(gpus, int) else None, largest.gpus, str
    yield "ttl", case.sandbox.lifecycle.ttl, largest.ttl, format_duration


_JUDGES = (_weakenings, _images, _binds, _networks, _runtime, _labels, _largest)
