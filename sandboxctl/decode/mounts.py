"""`spec.mounts`: one small class per type. How a bind's source is *written* is judged here, what it *is* in `rules`."""

from __future__ import annotations

import os
import re

from sandboxctl.decode.process import absolute, from_variable
from sandboxctl.decode.value import Files, Value
from sandboxctl.problems import dotted
from sandboxctl.quantity import parse_bytes
from sandboxctl.spec import BindMount, FileMount, Mount, ObjectMount, Secret, TmpfsMount, VolumeMount

_VOLUME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_MODE = re.compile(r"[0-7]{3,4}")
_SEPARATORS = (":", ",")
_TMPFS_SIZE = TmpfsMount(target="/").size


def mounts(value: Value, files: Files) -> tuple[Mount, ...]:
    """Every mount, in the order of the file."""
    return tuple(_mount(child, files) for child in value.each())


def _mount(value: Value, files: Files) -> Mount:
    target = _target(value.at("target"))
    match value.at("type").text():
        case "bind":
            return _bind(value, target, files)
        case "volume":
            return _volume(value, target)
        case "tmpfs":
            return _tmpfs(value, target)
        case "file":
            return _file(value, target, files)
        case "configMap":
            return ObjectMount(
                target=target, kind="configMap", name=value.at("name").text(), items=value.at("items").table()
            )
        case _:
            return ObjectMount(
                target=target, kind="secret", name=value.at("name").text(), items=value.at("items").table()
            )


def _target(value: Value) -> str:
    target = absolute(value)
    _refuse_separators(value, target)
    return target


def _refuse_separators(value: Value, path: str) -> None:
    """Engines split their mount options at these; a path that holds one would mean something else."""
    found = next((char for char in _SEPARATORS if char in path), None)
    if found is not None:
        value.error(
            "path", f"{dotted(value.path)} holds `{found}`, which engines take as a separator", hint="rename the path"
        )


def _bind(value: Value, target: str, files: Files) -> BindMount:
    return BindMount(
        target=target,
        source=_bind_source(value.at("source"), files),
        read_only=value.at("readOnly").flag(True),
        propagation=value.at("propagation").optional(),
        selinux=value.at("selinux").optional(),
    )


def _bind_source(value: Value, files: Files) -> str:
    """The real path. A relative source may not leave the spec's directory, an absolute one may not pass a link."""
    written = value.text()
    if "\0" in written:
        value.error("path", f"{dotted(value.path)} holds a zero byte")
        return "/"
    if written.startswith("~"):
        value.error("bind-home", f"{dotted(value.path)}: `~` is not expanded", hint="write the whole path")
        return "/"
    if not written:
        value.error("path", f"{dotted(value.path)} is empty", hint="the spec's own directory is `.`")
    real = files.look(written).real
    _refuse_separators(value, real)
    if written.startswith("/"):
        if real != os.path.normpath("/" + written.lstrip("/")):
            value.error(
                "bind-link",
                f"{dotted(value.path)}: a link lies on the way, the path is really `{real}`",
                hint=f"write source: {real}",
            )
        return real
    root = files.look("").real
    if real != root and not real.startswith(root.rstrip("/") + "/"):
        value.error(
            "bind-escape",
            f"{dotted(value.path)}: `{written}` leaves the spec's directory, it is really `{real}`",
            hint="write an absolute path where that is meant",
        )
    return real


def _volume(value: Value, target: str) -> VolumeMount:
    source = value.at("source")
    name = source.text()
    if not _VOLUME.fullmatch(name):
        is_path = "/" in name or name.startswith((".", "~"))
        source.error(
            "volume-name",
            f"{dotted(source.path)}: `{name}` cannot be the name of a volume",
            hint="a path of the host is type: bind" if is_path else "letters, digits, `_`, `.` and `-`",
        )
    return VolumeMount(
        target=target,
        source=name,
        read_only=value.at("readOnly").flag(False),
        sub_path=_sub_path(value.at("subPath")),
        size=value.at("size").parsed(parse_bytes, None),
        keep=value.at("keep").flag(True),
    )


def _sub_path(value: Value) -> str | None:
    path = value.optional()
    if path is not None and (not path or path.startswith("/") or ".." in path.split("/")):
        value.error("path", f"{dotted(value.path)} must be relative, and stay inside the volume")
    return path


def _tmpfs(value: Value, target: str) -> TmpfsMount:
    return TmpfsMount(
        target=target,
        size=value.at("size").parsed(parse_bytes, _TMPFS_SIZE),
        exec=value.at("exec").flag(False),
        mode=_mode(value.at("mode"), "0700", largest=0o1777),
    )


def _file(value: Value, target: str, files: Files) -> FileMount:
    sources = [key for key in ("content", "source", "fromEnv") if value.at(key).written]
    if len(sources) != 1:
        found = " and ".join(sources) or "none"
        value.error(
            "file-source", f"{dotted(value.path)} needs exactly one of content, source and fromEnv, has {found}"
        )
    return FileMount(target=target, content=_content(value, files), mode=_mode(value.at("mode"), "0444", largest=0o777))


def _content(value: Value, files: Files) -> str | Secret:
    if value.at("fromEnv").written:
        return from_variable(value.at("fromEnv"), files) or ""
    source = value.at("source")
    text = (files.text(source) if source.written else value.at("content").optional()) or ""
    if not value.at("sensitive").flag(False):
        return text
    return Secret(text, origin=f"source: {source.text()}" if source.written else "content")


def _mode(value: Value, default: str, *, largest: int) -> str:
    """Octal permissions, always four digits. Nothing of a sandbox runs as somebody else by a bit of its mode."""
    mode = value.text(default)
    if not _MODE.fullmatch(mode):
        value.error("mode", f"{dotted(value.path)}: permissions are three or four octal digits", hint='as in "0640"')
        return default
    if int(mode, 8) > largest:
        value.error("mode", f"{dotted(value.path)}: `{mode}` has more bits than permissions: they end at {largest:04o}")
    return mode.rjust(4, "0")
