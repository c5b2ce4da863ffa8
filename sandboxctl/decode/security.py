"""`spec.security`: the profile's defaults, over them what is written. Which weakenings that makes is for `rules`."""

from __future__ import annotations

import json
import re
from typing import Literal

from sandboxctl.decode.capability import capabilities
from sandboxctl.decode.process import absolute
from sandboxctl.decode.value import Files, Value
from sandboxctl.problems import dotted
from sandboxctl.profiles import PROFILES, ProfileName
from sandboxctl.spec import Device, Seccomp, Security, Selinux

_RUNTIME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,252}")
_PROFILE = re.compile(r"[A-Za-z0-9_./@{}+*^][A-Za-z0-9_./@{}+*^-]{0,252}")
_LABEL_PART = re.compile(r"[a-z][a-z0-9_.]{0,127}")
_LEVEL = re.compile(r"s[0-9]{1,2}(-s[0-9]{1,2})?(:c[0-9]{1,4}([.,]c[0-9]{1,4})*)?")
_NAMES: tuple[ProfileName, ...] = ("restricted", "baseline", "privileged")
_USER_NAMESPACES: tuple[Literal["host", "auto", "keep-id", "private"], ...] = ("host", "auto", "keep-id", "private")


def profile_name(spec: Value) -> ProfileName:
    """The profile that gives the defaults."""
    return spec.at("security").at("profile").word(_NAMES, "restricted")


def security(value: Value, name: ProfileName, files: Files) -> Security:
    """Group follows user, fsGroup follows group, where they are not written."""
    profile = PROFILES[name]
    user = value.at("user").integer(profile.user)
    group = value.at("group").integer(user)
    return Security(
        profile=name,
        user=user,
        group=group,
        groups=tuple(sorted({child.integer(0) for child in value.at("groups").each()})),
        fs_group=value.at("fsGroup").integer(group),
        read_only_root=value.at("readOnlyRoot").flag(profile.read_only_root),
        capabilities=capabilities(value.at("capabilities"), drop=profile.drop),
        no_new_privileges=value.at("noNewPrivileges").flag(profile.no_new_privileges),
        seccomp=_seccomp(value.at("seccomp"), files),
        apparmor=_name(value.at("apparmor"), _PROFILE),
        selinux=_selinux(value.at("selinux")),
        user_namespace=value.at("userNamespace").word(_USER_NAMESPACES, None),
        runtime=_name(value.at("runtime"), _RUNTIME) or "default",
        privileged=value.at("privileged").flag(False),
        devices=tuple(_device(child) for child in value.at("devices").each()),
        sysctls=_sysctls(value.at("sysctls")),
        allow=tuple(dict.fromkeys(value.at("allow").texts())),
    )


def _name(value: Value, form: re.Pattern[str]) -> str | None:
    """A name that an engine takes as it is: never an option or an assignment."""
    name = value.optional()
    if name is not None and not form.fullmatch(name):
        value.error("bad-value", f"{dotted(value.path)}: `{name}` is no name", hint="write the name alone")
    return name


def _seccomp(value: Value, files: Files) -> Seccomp:
    if not isinstance(value.raw, dict):
        return Seccomp(kind=value.word(("default", "unconfined"), "default"))
    file = value.at("file")
    if not file.written:
        return Seccomp(kind="localhost", path=_localhost(value.at("localhost")))
    text = files.text(file)
    profile = None if text is None else _seccomp_profile(file, text)
    return Seccomp(kind="file", path=files.look(file.text()).real, profile=profile)


def _localhost(value: Value) -> str:
    """A file below the node's own directory of profiles."""
    path = value.text()
    parts = path.split("/")
    if not path.isprintable() or any(part in ("", ".", "..") for part in parts):
        value.error("path", f"{dotted(value.path)}: `{path}` is no path below the node's directory of profiles",
                    hint="as in profiles/mine.json")  # fmt: skip
    return path


def _seccomp_profile(value: Value, text: str) -> str | None:
    """The profile as one line of JSON with sorted keys: what it says, however it is laid out."""
    name = f"{dotted(value.path)}: `{value.text()}`"
    try:
        profile = json.loads(text)
    except (ValueError, RecursionError) as fault:
        place = f" (line {fault.lineno}, column {fault.colno})" if isinstance(fault, json.JSONDecodeError) else ""
        value.error("seccomp-profile", f"{name} is not JSON{place}")
        return None
    if not isinstance(profile, dict) or not isinstance(profile.get("defaultAction"), str):
        value.error("seccomp-profile", f"{name} is not a seccomp profile: it has no defaultAction")
        return None
    return json.dumps(profile, sort_keys=True, separators=(",", ":"))


def _selinux(value: Value) -> Selinux | None:
    if not value.written:
        return None
    return Selinux(
        user=_name(value.at("user"), _LABEL_PART),
        role=_name(value.at("role"), _LABEL_PART),
        type=_name(value.at("type"), _LABEL_PART),
        level=_name(value.at("level"), _LEVEL),
        disable=value.at("disable").flag(False),
    )


def _device(value: Value) -> Device:
    source = absolute(value.at("source"))
    target = absolute(value.at("target")) if value.at("target").written else source
    permissions = value.at("permissions").text("rw")
    if not permissions or len(set(permissions)) != len(permissions) or not set(permissions) <= set("rwm"):
        value.at("permissions").error(
            "device-permissions", f"{dotted(value.path)}.permissions must be made of r, w and m, each once"
        )
    return Device(source=source, target=target, permissions="".join(flag for flag in "rwm" if flag in permissions))


def _sysctls(value: Value) -> dict[str, str]:
    """With dots: the kernel's slashes are another spelling of the same variable."""
    spelled: dict[str, str] = {}
    values: dict[str, str] = {}
    for written, child in value.entries():
        name = written.replace("/", ".")
        if name in spelled:
            child.error(
                "sysctl-twice",
                f"security.sysctls: `{written}` and `{spelled[name]}` mean one variable",
                hint="remove one of them",
                key=True,
            )
        spelled[name] = written
        values[name] = str(child.raw)
    return values
