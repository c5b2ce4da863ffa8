"""Rules about a sandbox's life: restarts, times, the health check, commits."""

from __future__ import annotations

from sandboxctl.image_reference import ImageReference, parse
from sandboxctl.problems import Path, dotted
from sandboxctl.rules.case import Case, rule
from sandboxctl.spec import OWN_REPOSITORIES, Commit, Image, Sandbox

_LIFECYCLE: Path = ("spec", "lifecycle")
_COMMIT: Path = ("spec", "commit")


def restarts(case: Case) -> None:
    """What ends by itself, or is set up by us, is not started again behind our back."""
    lifecycle = case.sandbox.lifecycle
    policy = lifecycle.restart.policy
    if lifecycle.restart.max is not None and policy != "on-failure":
        path: Path = (*_LIFECYCLE, "restart", "max")
        case.findings.error("restart-max", path, "lifecycle.restart.max counts only with policy: on-failure")
    elif lifecycle.restart.max is not None and lifecycle.restart.max < 1:
        path = (*_LIFECYCLE, "restart", "max")
        case.findings.error("limit-out-of-range", path, "lifecycle.restart.max must be at least 1",
                            hint="leave restart out for never")  # fmt: skip
    if policy == "never":
        return
    excluded = (
        ("ttl", lifecycle.ttl is not None),
        ("setup", bool(lifecycle.setup)),
        ("autoRemove", lifecycle.auto_remove),
    )
    for key, said in excluded:
        if said:
            message = f"lifecycle.{key} needs restart: never, and this spec says {policy}"
            case.findings.error("restart-excludes", (*_LIFECYCLE, key), message, hint=f"remove restart, or {key}")


def start_first(case: Case) -> None:
    """Two sandboxes side by side cannot have one port of the host."""
    fixed = next((port for port in case.sandbox.network.ports if port.host), None)
    if case.sandbox.lifecycle.replace == "start-first" and fixed is not None:
        message = f"lifecycle.replace: start-first never succeeds while the old one has port {fixed.host} of the host"
        hint = "stop-first, or host: 0 for any free port"
        case.findings.error("start-first-port", (*_LIFECYCLE, "replace"), message, hint=hint)


def times(case: Case) -> None:
    """Times that are there are longer than nothing."""
    lifecycle = case.sandbox.lifecycle
    health = case.sandbox.health
    zero = [
        ((*_LIFECYCLE, "ttl"), lifecycle.ttl == 0),
        ((*_LIFECYCLE, "ready", "timeout"), lifecycle.ready.timeout == 0),
    ]
    if health is not None:
        zero += [(("spec", "health", "interval"), health.interval == 0)]
        zero += [(("spec", "health", "timeout"), health.timeout == 0)]
    for path, wrong in zero:
        if wrong:
            hint = "left out, it is without an end" if path[-1] == "ttl" else "left out, it is the default"
            case.findings.error("zero-time", path, f"{dotted(path)} must be longer than 0s", hint=hint)
    if 0 < lifecycle.ready.timeout < lifecycle.ready.min_seconds:
        path = (*_LIFECYCLE, "ready", "minSeconds")
        case.findings.error("ready-times", path, "lifecycle.ready.minSeconds is longer than lifecycle.ready.timeout")


_OF_COMPOSE = {
    "CMD": "leave `CMD` out",
    "CMD-SHELL": 'write [sh, -c, "THE CHECK"]',
    "NONE": "take `health` away: without it there is no check",
}


def health_check(case: Case) -> None:
    """A check is a program, tried at least once."""
    health = case.sandbox.health
    if health is None:
        return
    if not health.command or not health.command[0]:
        message = "health.command is empty: its first item is the program"
        case.findings.error("empty-command", ("spec", "health", "command"), message)
    elif health.command[0] in _OF_COMPOSE:
        word = health.command[0]
        message = f"health.command begins with `{word}`, a word of Compose: its first item is the program"
        case.findings.error("empty-command", ("spec", "health", "command"), message, hint=_OF_COMPOSE[word])
    if health.retries < 1:
        case.findings.error("health-retries", ("spec", "health", "retries"), "health.retries must be at least 1")


def setup_commands(case: Case) -> None:
    """Each step is a program with its arguments."""
    setups = [((*_LIFECYCLE, "setup"), case.sandbox.lifecycle.setup)]
    if case.sandbox.image.setup is not None:
        setups.append((("spec", "image", "setup", "run"), case.sandbox.image.setup.run))
    for path, commands in setups:
        for index, argv in enumerate(commands):
            if not argv or not argv[0]:
                step: Path = (*path, index)
                case.findings.error("empty-command", step, f"{dotted(step)} is empty: its first item is the program")


Fault = tuple[str, str | None]
"""What is wrong, and what to do."""


def commit_name_fault(commit: Commit, base: Image) -> Fault | None:
    """Why a commit may not take this name; also for a name that is given by hand."""
    wanted = parse(commit.image)
    if not isinstance(wanted, ImageReference):
        return None
    if wanted.digest is not None:
        return "commit.image: a digest follows from an image's content, it cannot be chosen", "write a tag"
    if any(wanted.repository == name or wanted.repository.startswith(f"{name}/") for name in OWN_REPOSITORIES):
        return f"commit.image: `{wanted.repository}` is reserved for sandboxctl's own images", None
    if commit.image == base.ref and not commit.overwrite:
        message = "commit.image is the base image itself, which the commit would replace"
        return message, "use another tag, or say overwrite: true"
    return None


def commit_secret_fault(sandbox: Sandbox) -> Fault | None:
    """Why a sandbox may not be committed at all: its variables go into the image."""
    secret = next((name for name, value in sandbox.env.items() if not isinstance(value, str)), None)
    if secret is None:
        return None
    message = f"commit: the variable {secret} is sensitive, and a commit would write it into the image"
    return message, "give it as a sensitive file"


def commit_image(case: Case) -> None:
    """A commit takes a name that is free to take."""
    commit = case.sandbox.commit
    fault = None if commit is None else commit_name_fault(commit, case.sandbox.image)
    if fault is not None:
        message, hint = fault
        case.findings.error("commit-image", (*_COMMIT, "image"), message, hint=hint)


def commit_content(case: Case) -> None:
    """What is committed is there, and is no secret."""
    if case.sandbox.commit is None:
        return
    fault = commit_secret_fault(case.sandbox)
    if fault is not None:
        message, hint = fault
        case.findings.error("commit-secret", _COMMIT, message, hint=hint, key=True)
    if case.sandbox.lifecycle.auto_remove:
        message = "commit: with lifecycle.autoRemove nothing is left to commit"
        case.findings.error("commit-auto-remove", _COMMIT, message, hint="remove one of the two", key=True)
    if case.sandbox.security.read_only_root:
        message = (
            "commit: the root is read-only and what is written elsewhere is not committed: the image would be the same"
        )
        hint = "set security.readOnlyRoot: false, with writable-root in security.allow"
        case.findings.warning("commit-nothing", _COMMIT, message, hint=hint, key=True)


RULES = (
    rule(restarts, "lifecycle.restart"),
    rule(start_first, "network.ports", "lifecycle.replace"),
    rule(times, "lifecycle.ready"),
    rule(health_check, "health.command"),
    rule(setup_commands),
    rule(commit_image, "commit.image", "image"),
    rule(commit_content, "lifecycle.autoRemove", "security.readOnlyRoot", "security.profile"),
)
