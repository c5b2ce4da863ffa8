"""Every weakening of the resolved spec must be named in `security.allow` (spec.md, "Fields")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from sandboxctl.facts import HostFacts
from sandboxctl.linux import ALL, CAPABILITIES, capability_name
from sandboxctl.problems import Path, dotted, suggestion
from sandboxctl.profiles import PROFILES
from sandboxctl.rules.case import Case, rule
from sandboxctl.rules.host_paths import reaches_socket, reaches_system
from sandboxctl.spec import BACKENDS, BindMount, Sandbox, Seccomp, Security, Source

NAMES = (
    "privileged", "root-user", "writable-root", "default-capabilities", "new-privileges", "host-network",
    "host-namespace", "engine-socket", "seccomp-unconfined", "apparmor-unconfined", "selinux-disabled", "public-port",
    "service-account-token", "insecure-endpoint", "raw-options",
)  # fmt: skip
PREFIXES = ("host-path", "capability", "device", "sysctl")
_UNCONFINED_TYPES = ("spc_t", "container_runtime_t", "container_engine_t", "init_t", "initrc_t", "kernel_t", "sysadm_t")
_PERMISSIVE_ACTIONS = ("SCMP_ACT_ALLOW", "SCMP_ACT_LOG")
_BRACKETED = re.compile(r"\[([^\]]*)\](?::[0-9]+)?")
_IPV4_LOOPBACK = re.compile(r"127(?:\.[0-9]{1,3}){3}")
_SECURITY: Path = ("spec", "security")

Weakening = tuple[str, Path]


def weakenings(sandbox: Sandbox, *, facts: HostFacts | None = None) -> tuple[Weakening, ...]:
    """Each weakening by its name in `security.allow`, with the path of the field that brings it.

    Without `facts` only the well-known engine sockets and directories are known.
    """
    return (
        *_identity(sandbox.security),
        *_controls(sandbox.security),
        *_grants(sandbox.security),
        *_network(sandbox),
        *_binds(sandbox, facts),
        *_sections(sandbox),
    )


def _identity(security: Security) -> Iterator[Weakening]:
    if security.user is None or security.user == 0:
        yield "root-user", (*_SECURITY, "user")
    elif security.group == 0:
        yield "root-user", (*_SECURITY, "group")
    elif security.fs_group == 0:
        yield "root-user", (*_SECURITY, "fsGroup")
    elif 0 in security.groups:
        yield "root-user", (*_SECURITY, "groups")


def _controls(security: Security) -> Iterator[Weakening]:
    if security.privileged:
        yield "privileged", (*_SECURITY, "privileged")
    if not security.read_only_root:
        yield "writable-root", (*_SECURITY, "readOnlyRoot")
    if ALL not in security.capabilities.drop:
        yield "default-capabilities", (*_SECURITY, "capabilities", "drop")
    if not security.no_new_privileges:
        yield "new-privileges", (*_SECURITY, "noNewPrivileges")
    if security.user_namespace == "host":
        yield "host-namespace", (*_SECURITY, "userNamespace")
    if _lets_everything_through(security.seccomp):
        yield "seccomp-unconfined", (*_SECURITY, "seccomp")
    if security.apparmor is not None and security.apparmor.lower().rpartition("/")[2] == "unconfined":
        yield "apparmor-unconfined", (*_SECURITY, "apparmor")
    if security.selinux is not None and (security.selinux.disable or _is_unconfined(security.selinux.type)):
        yield "selinux-disabled", (*_SECURITY, "selinux")


def _is_unconfined(selinux_type: str | None) -> bool:
    return selinux_type is not None and (selinux_type in _UNCONFINED_TYPES or selinux_type.startswith("unconfined"))


def _lets_everything_through(seccomp: Seccomp) -> bool:
    """`unconfined`, or a profile of our own that refuses nothing."""
    if seccomp.kind != "file" or seccomp.profile is None:
        return seccomp.kind == "unconfined"
    profile = json.loads(seccomp.profile)
    entries = profile.get("syscalls")
    actions = [entry.get("action") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return all(action in _PERMISSIVE_ACTIONS for action in (profile["defaultAction"], *actions))


def _grants(security: Security) -> Iterator[Weakening]:
    for name in security.capabilities.add:
        yield f"capability:{name}", (*_SECURITY, "capabilities", "add")
    for index, device in enumerate(security.devices):
        yield f"device:{device.source}", (*_SECURITY, "devices", index)
    for name in security.sysctls:
        yield f"sysctl:{name}", (*_SECURITY, "sysctls", name)


def _network(sandbox: Sandbox) -> Iterator[Weakening]:
    if sandbox.network.mode == "host":
        yield "host-network", ("spec", "network")
    if sandbox.image.setup is not None and sandbox.image.setup.network == "host":
        yield "host-network", ("spec", "image", "setup", "network")
    for index, port in enumerate(sandbox.network.ports):
        if not is_loopback(port.address):
            yield "public-port", ("spec", "network", "ports", index)


def _binds(sandbox: Sandbox, facts: HostFacts | None) -> Iterator[Weakening]:
    binds = [(index, mount) for index, mount in enumerate(sandbox.mounts) if isinstance(mount, BindMount)]
    data = facts.engine_directories() if facts and binds else ()
    sockets = facts.engine_sockets() if facts and binds else ()
    for index, mount in binds:
        path: Path = ("spec", "mounts", index, "source")
        if reaches_system(mount.source, data):
            yield f"host-path:{mount.source}", path
        is_socket = facts is not None and facts.look(mount.source).kind == "socket"
        if is_socket or reaches_socket(mount.source, sockets):
            yield "engine-socket", path
        if mount.propagation in ("shared", "rshared"):  # what is mounted inside is then mounted on the host
            yield "host-namespace", ("spec", "mounts", index, "propagation")


def _sections(sandbox: Sandbox) -> Iterator[Weakening]:
    for backend in BACKENDS:
        settings = sandbox.section(backend).settings
        for key in ("options", "pod"):
            # `podman.pod` is the name of a pod; only a mapping is raw.
            if isinstance(settings.get(key), dict) and settings[key]:
                yield "raw-options", ("spec", backend, key)
        for key in ("host", "uri"):
            if _is_open_endpoint(settings.get(key)):
                yield "insecure-endpoint", ("spec", backend, key)


def is_loopback(address: str) -> bool:
    """Whether nobody but this machine can reach it; a name is none, whatever it begins with."""
    return address == "::1" or _IPV4_LOOPBACK.fullmatch(address) is not None


def _is_open_endpoint(endpoint: object) -> bool:
    """Plain TCP to another machine: whoever is on the way is root there. Without a scheme it is one too."""
    if not isinstance(endpoint, str) or not endpoint.strip() or endpoint.strip().startswith("/"):
        return False
    scheme, separator, rest = endpoint.strip().lower().rpartition("://")
    if separator and scheme not in ("tcp", "http"):
        return False
    place = rest.partition("/")[0].rpartition("@")[2]
    bracketed = _BRACKETED.fullmatch(place)
    host = bracketed[1] if bracketed else place.partition(":")[0]
    return host != "localhost" and not is_loopback(host)


def _allowed(allow: tuple[str, ...]) -> frozenset[str]:
    """The names in their normal spelling."""
    return frozenset(normal(name) for name in allow)


def normal(name: str) -> str:
    """A name of `security.allow` in its one spelling."""
    prefix, colon, rest = name.partition(":")
    if prefix == "capability":
        return f"capability:{capability_name(rest)}"
    if prefix == "sysctl":
        return name.replace("/", ".")
    return f"{prefix}:{rest.rstrip('/') or '/'}" if colon else name


def blamed(path: Path, source: Source) -> Path:
    """The path to show for the weakening that a field brings: that of the profile, where only this was written."""
    profile = (*_SECURITY, "profile")
    return profile if path[:2] == _SECURITY and not source.written(path) and source.written(profile) else path


def unnamed_weakenings(case: Case) -> None:
    """Each weakening is named, or the profile names it by itself."""
    security = case.sandbox.security
    named = _allowed(security.allow) | PROFILES[security.profile].implied
    for name, path in weakenings(case.sandbox, facts=case.facts):
        if name in named or not case.sound(path):
            continue
        written = case.source.written(path)
        by_profile = path[:2] == _SECURITY and not written
        case.findings.error(
            "weakening-not-allowed",
            blamed(path, case.source),
            f"{dotted(path)}{f' of profile {security.profile}' if by_profile else ''} weakens the sandbox ({name})",
            hint=f"if that is meant, add {name} to security.allow",
        )


def unknown_names(case: Case) -> None:
    """`security.allow` holds only names that could weaken something; those that weaken nothing here are warned of."""
    needed = {name for name, _ in weakenings(case.sandbox, facts=case.facts)}
    for index, written in enumerate(case.sandbox.security.allow):
        path = (*_SECURITY, "allow", index)
        fault = name_fault(written)
        if fault is not None:
            message, hint = fault
            case.findings.error("unknown-weakening", path, f"{dotted(path)}: {message}", hint=hint)
        elif normal(written) not in needed and not case.broken:
            case.findings.warning(
                "allow-unused", path, f"{dotted(path)}: nothing in this spec needs `{written}`", hint="remove it"
            )


def name_fault(written: str) -> tuple[str, str | None] | None:
    """What is wrong with a name, and the likely meaning."""
    prefix, colon, rest = written.partition(":")
    if not colon:
        return None if written in NAMES else _unknown(written)
    if prefix not in PREFIXES:
        return _unknown(written)
    if prefix == "capability" and capability_name(rest) not in (ALL, *CAPABILITIES):
        near = suggestion(capability_name(rest), CAPABILITIES)
        return f"`{rest}` is no capability of Linux", f"did you mean `capability:{near}`?" if near else None
    if prefix in ("host-path", "device") and not rest.startswith("/"):
        return f"`{written}` needs an absolute path", f"write {prefix}:/PATH"
    return None if rest else (f"`{written}` names nothing", f"write {prefix}:NAME")


def _unknown(written: str) -> tuple[str, str]:
    shown = [*NAMES, *(f"{prefix}:…" for prefix in PREFIXES)]
    near = suggestion(written, shown) or suggestion(capability_name(written), CAPABILITIES)
    if near in CAPABILITIES:
        near = f"capability:{near}"
    hint = f"did you mean `{near}`?" if near else f"the names are {', '.join(shown)}"
    return f"`{written}` is the name of no weakening", hint


RULES = (rule(unnamed_weakenings, "security.allow", "security.profile"), rule(unknown_names))
