"""Rules about names and the process: labels, run and command, workdir, variables, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandboxctl.derive import covers
from sandboxctl.problems import Path, dotted
from sandboxctl.rules.case import Case, rule
from sandboxctl.spec import BindMount, FileMount, Mount, ObjectMount, Sandbox, TmpfsMount, VolumeMount

_RESERVED_DOMAINS = ("sandboxctl.dev", "kubernetes.io", "k8s.io", "cni.cncf.io")
_RESERVED_PREFIXES = ("com.docker.", "io.podman.", "io.containers.", "io.kubernetes.", "io.containerd.", "run.oci.",
                      "org.systemd.property.", "io.katacontainers.", "dev.gvisor.", "io.container.")  # fmt: skip
"""Of runtimes among them: what they take from an annotation is a control that no field says."""
_SYSTEM_WORKDIR = re.compile(r"/(?:bin|boot|dev|etc|lib(?:exec|[a-z]?[0-9]+)?|proc|root|run|sbin|sys|usr|var)?")
_KERNEL = ("/proc", "/sys", "/dev")
_SECRET_WORDS = ("PASSWORD", "PASSWD", "TOKEN", "SECRET", "APIKEY", "API_KEY", "PRIVATE_KEY", "CREDENTIAL")
_NO_SECRET = re.compile(r".*(?:_FILE|_PATH|_DIR|_URL|_NAME|TOKENS|TOKENIZERS?_.*)")
_HIGHEST_ID = 2**31 - 1


def labels(case: Case) -> None:
    """Labels and annotations share their names, and leave those of the engines and of sandboxctl alone."""
    sandbox = case.sandbox
    for section, table in (("labels", sandbox.labels), ("annotations", sandbox.annotations)):
        for key, text in table.items():
            path: Path = ("metadata", section, key)
            if "\0" in text:
                case.findings.error("zero-byte", path, f"metadata.{section}: the value of `{key}` holds a zero byte")
            if not key or not key.isprintable() or " " in key:
                message = f"metadata.{section}: a name is not empty and has no blanks or control characters"
                case.findings.error("label-name", path, message, key=True)
            owner = reserved_for(key)
            if owner is not None:
                message = f"metadata.{section}: `{key}` is reserved: a spec may not use names of {owner}"
                case.findings.error("reserved-label", path, message, key=True)
            if section == "annotations" and key in sandbox.labels:
                message = (
                    f"metadata.annotations: `{key}` is a label already, and where there are only labels it clashes"
                )
                case.findings.error("label-clash", path, message, hint="remove one of the two", key=True)


def reserved_for(key: str) -> str | None:
    """Whose label this is, by its beginning; None where it is free."""
    domain = key.lower().partition("/")[0]
    for reserved in _RESERVED_DOMAINS:
        if domain == reserved or domain.endswith(f".{reserved}"):
            return reserved
    return next((prefix + "*" for prefix in _RESERVED_PREFIXES if key.lower().startswith(prefix)), None)


def commands(case: Case) -> None:
    """`run` excludes a command of one's own, and a command is not empty."""
    sandbox = case.sandbox
    for key, argv in (("command", sandbox.command), ("args", sandbox.args)):
        if argv is not None and case.source.written(("spec", "run")):
            message = f"run and {key} exclude each other"
            hint = "remove run: a command or args say what is run"
            case.findings.error("run-with-command", ("spec", "run"), message, hint=hint, key=True)
            break
    if sandbox.command is not None and (not sandbox.command or not sandbox.command[0]):
        message = "command is empty: its first item is the program"
        case.findings.error("empty-command", ("spec", "command"), message, hint="remove it for the image's own")
    for place, argv in _every_command(sandbox):
        for index, word in enumerate(argv):
            if "\0" in word:
                path: Path = (*place, index)
                case.findings.error("zero-byte", path, f"{dotted(path)} holds a zero byte, which no argument can")


def _every_command(sandbox: Sandbox) -> Iterator[tuple[Path, tuple[str, ...]]]:
    yield ("spec", "command"), sandbox.command or ()
    yield ("spec", "args"), sandbox.args or ()
    yield ("spec", "health", "command"), sandbox.health.command if sandbox.health else ()
    for index, argv in enumerate(sandbox.lifecycle.setup):
        yield ("spec", "lifecycle", "setup", index), argv
    for index, argv in enumerate(sandbox.image.setup.run if sandbox.image.setup else ()):
        yield ("spec", "image", "setup", "run", index), argv


def workdirs(case: Case) -> None:
    """A workdir of ours is a directory of its own that the sandbox's user can write."""
    workdir = case.sandbox.workdir
    path: Path = ("spec", "workdir")
    if workdir is None:
        return
    if _SYSTEM_WORKDIR.fullmatch(workdir) or any(covers(kernel, workdir) for kernel in _KERNEL):
        message = f"workdir: `{workdir}` is a system directory, and a workdir is made writable"
        case.findings.error("system-workdir", path, message, hint="use a directory of its own, as in /workspace")
        return
    holders = [
        (index, mount)
        for index, mount in enumerate(case.sandbox.mounts)
        if mount.target != "/" and covers(mount.target, workdir)
    ]
    if not holders:
        return
    index, mount = max(holders, key=lambda each: len(each[1].target))
    reason = _not_writable(case, mount, workdir)
    if reason is not None:
        place = path if case.source.written(path) else ("spec", "mounts", index, "target")
        message = f"workdir: nobody can write `{workdir}`: mounts[{index}] {reason}"
        case.findings.error("workdir-not-writable", place, message, hint="move the workdir or the mount")


def _not_writable(case: Case, mount: Mount, workdir: str) -> str | None:
    """What a mount lacks of a workdir, an engine makes as root."""
    match mount:
        case FileMount():
            return "is a file"
        case ObjectMount():
            return f"is a {mount.kind}, which is read-only"
        case TmpfsMount():
            return None if mount.target == workdir else "is an empty tmpfs, where it does not exist"
        case BindMount() | VolumeMount() if mount.read_only:
            return "is read-only"
        case VolumeMount():
            return None if mount.target == workdir else "is a volume, where the engine would make it as root's"
        case BindMount():
            inside = mount.source + workdir[len(mount.target.rstrip("/")) :]
            there = mount.target == workdir or case.facts.look(inside).kind == "directory"
            return None if there else "does not have it yet, and the engine would make it as root's"


def variables(case: Case) -> None:
    """No two names for one variable, and no password in plain sight."""
    seen: dict[str, str] = {}
    for name, value in case.sandbox.env.items():
        path: Path = ("spec", "env", name)
        meant = _composed(name)
        if meant in seen:
            message = "env: two names mean one variable, they only differ in how their letters are composed"
            case.findings.error("env-twice", path, message, hint="remove one of them", key=True)
        seen[meant] = name
        if isinstance(value, str) and value and sounds_secret(name.upper()):
            message = f"env.{name} looks like a secret, and everybody who may see the sandbox can read it"
            hint = f"write {{fromEnv: {name}}} or {{fromFile: PATH}}"
            case.findings.warning("literal-secret", path, message, hint=hint)


def _composed(name: str) -> str:
    """One spelling for letters that can be written with combining marks or without."""
    if name.isascii():
        return name
    from unicodedata import normalize  # 1 MB of tables

    return normalize("NFC", name)


def sounds_secret(name: str) -> bool:
    """Whether a variable of this name, in upper case, usually holds a secret."""
    return any(word in name for word in _SECRET_WORDS) and not _NO_SECRET.fullmatch(name)


def ids(case: Case) -> None:
    """Ids are those of the kernel."""
    security = case.sandbox.security
    named = (("user", security.user), ("group", security.group), ("fsGroup", security.fs_group))
    for key, number in named:
        path: Path = ("spec", "security", key)
        if number is not None and case.source.written(path):
            _judge_id(case, path, number)
    for number in security.groups:
        if not 0 <= number <= _HIGHEST_ID:
            _judge_id(case, ("spec", "security", "groups"), number)


def _judge_id(case: Case, path: Path, number: int) -> None:
    if not 0 <= number <= _HIGHEST_ID:
        message = f"{dotted(path)}: {number} is no id: ids are from 0 to {_HIGHEST_ID}"
        case.findings.error("id-out-of-range", path, message)


RULES = (
    rule(labels, "metadata.labels", "metadata.annotations"),
    rule(commands, "run", "command", "args"),
    rule(workdirs, "workdir", "mounts.*.target", "run", "command", "args"),
    rule(variables),
    rule(ids),
)
