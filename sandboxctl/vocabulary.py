"""What a template may speak of: the sandbox, and what follows from it, under the names that templates use. Pure.

No engine's words: those are the templates' own. Sensitive texts come last and apart, since they are rendered twice,
shown and masked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from sandboxctl import derive, file_volumes
from sandboxctl.dataclass import dataclass
from sandboxctl.errors import InvalidError
from sandboxctl.spec import (
    BindMount,
    FileMount,
    KeyReference,
    ObjectMount,
    Port,
    Resources,
    Sandbox,
    Secret,
    SecretDigest,
    Selinux,
    TextDigest,
    TmpfsMount,
    VolumeMount,
)

PREFIX = "sandboxctl.dev/"
BINDING = (f"{PREFIX}holder", f"{PREFIX}identity")
"""What of our annotations says whose an object is, and who is at work on it."""

Show = Callable[[Secret], str]
"""How a sensitive value is given to a template: revealed, or masked."""

_NAME_IT = "name the spec file, so that the value is read again"
_RUNTIME_SHM = 64 * 2**20  # bytes of /dev/shm that every engine gives by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file mount, with the key under which a store of the engine holds it."""

    key: str
    target: str
    mode: str
    text: str


def values(
    sandbox: Sandbox, backend: str, *, user: tuple[int, int] | None, files: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Everything but labels, annotations and `texts`. `files`: where the engine has each file, by target."""
    mounts = derive.mounts(sandbox)
    has_shm_mount = any(mount.target == "/dev/shm" for mount in mounts)  # noqa: S108  (the sandbox's)
    return {
        "sandbox": sandbox,
        "resources": sandbox.resources,
        "network": sandbox.network,
        "security": sandbox.security,
        "lifecycle": sandbox.lifecycle,
        "settings": sandbox.section(backend).settings,
        "process": derive.process(sandbox),
        "hostname": sandbox.network.hostname or sandbox.name,
        "port_bindings": _port_bindings(sandbox.network.ports),
        "open_egress": sandbox.network.mode != "none" and sandbox.network.egress is None,
        "cpu_shares": cpu_shares(sandbox.resources),
        "runtime": derive.runtime_program(sandbox.security.runtime),
        "stop_signal": _signal_number(sandbox.lifecycle.stop_signal),
        "owner": user if sandbox.security.user is None else derive.owner(sandbox),
        "groups": derive.groups(sandbox),
        "selinux_options": _selinux_options(sandbox.security.selinux),
        "mounts": [(f"mount-{index}", derive.mount_type(mount), mount) for index, mount in enumerate(mounts)],
        "bind_mounts": [mount for mount in mounts if isinstance(mount, BindMount)],
        "volume_mounts": [mount for mount in mounts if isinstance(mount, VolumeMount)],
        "file_mounts": file_volumes.sources(sandbox, files),
        "object_mounts": [mount for mount in mounts if isinstance(mount, ObjectMount)],
        "tmpfs_mounts": [mount for mount in mounts if isinstance(mount, TmpfsMount)],
        "has_shm_mount": has_shm_mount,
        "workdir_beside_layer": derive.workdir_beside_layer(sandbox),
        "workdir_in_layer": derive.workdir_in_layer(sandbox),
        "own_ids": derive.own_ids(sandbox),
        "gpu_devices": derive.gpu_devices(sandbox.resources.gpus),
        "own_shm": sandbox.resources.shm != _RUNTIME_SHM and not has_shm_mount,
        "selectors": {f"{PREFIX}name": sandbox.name},
    }


def texts(sandbox: Sandbox, show: Show) -> dict[str, object]:
    """What may be sensitive, each value as `show` gives it; references stay references.

    Raises InvalidError for a value of which only the fingerprint is left.
    """
    environment = derive.environment(sandbox)
    plain = {name: value for name, value in environment.items() if isinstance(value, str)}
    sensitive = {
        name: _text(value, show) for name, value in environment.items() if isinstance(value, Secret | SecretDigest)
    }
    files = [mount for mount in derive.mounts(sandbox) if isinstance(mount, FileMount)]
    plain_files = [_file(index, mount, show) for index, mount in enumerate(files) if isinstance(mount.content, str)]
    return {
        "environment": dict(sorted({**plain, **sensitive}.items())),
        "plain_environment": plain,
        "sensitive_environment": sensitive,
        "environment_references": {
            name: value for name, value in environment.items() if isinstance(value, KeyReference)
        },
        "plain_files": plain_files,
        "sensitive_files": [
            _file(index, mount, show) for index, mount in enumerate(files) if not isinstance(mount.content, str)
        ],
        "config_name": f"{sandbox.name}-files-{_digest(plain_files)}",
    }


def secret_name(sandbox: Sandbox, salt: bytes) -> str:
    """What a store calls the sensitive values of a sandbox: by an HMAC, since a plain hash of one could be guessed.

    Without a salt, as for what is only shown, the name says nothing of them.
    """
    base = f"{sandbox.name}-secret"
    if not salt:
        return base
    shown = texts(sandbox, Secret.reveal)
    files = cast("list[File]", shown["sensitive_files"])
    whole = [shown["sensitive_environment"], [[file.key, file.text] for file in files]]
    return f"{base}-{hmac.new(salt, json.dumps(whole, sort_keys=True).encode(), 'sha256').hexdigest()[:20]}"


def secrets(sandbox: Sandbox) -> list[Secret]:
    """Every sensitive value that a payload may hold."""
    contents = [mount.content for mount in sandbox.mounts if isinstance(mount, FileMount)]
    return [value for value in (*sandbox.env.values(), *contents) if isinstance(value, Secret)]


def cpu_shares(resources: Resources) -> int | None:
    """The relative weight: as written, or 1024 per requested CPU (the kubelet's rule, at least 2)."""
    if resources.cpu_shares is not None or resources.requests.cpu is None:
        return resources.cpu_shares
    return max(2, resources.requests.cpu * 1024 // 1000)


def _port_bindings(ports: Sequence[Port]) -> Mapping[str, list[Port]]:
    """Ports by what they are inside: `{"80/tcp": […]}`."""
    bindings: dict[str, list[Port]] = {}
    for port in ports:
        bindings.setdefault(f"{port.container}/{port.protocol}", []).append(port)
    return bindings


def _signal_number(name: str) -> int:
    """`SIGTERM` → 15, `SIGRTMIN+3` → 37."""
    base, _, offset = name.partition("+")
    return signal.Signals[base].value + int(offset or 0)


def _selinux_options(selinux: Selinux | None) -> list[str]:
    """`type:container_t`, …, or `disable`: the form that Docker and Podman share."""
    if selinux is None:
        return []
    if selinux.disable:
        return ["disable"]
    parts = {"user": selinux.user, "role": selinux.role, "type": selinux.type, "level": selinux.level}
    return [f"{name}:{part}" for name, part in parts.items() if part is not None]


def _file(index: int, mount: FileMount, show: Show) -> File:
    return File(key=f"file-{index}", target=mount.target, mode=mount.mode, text=_text(mount.content, show))


def _text(value: str | Secret | SecretDigest, show: Show) -> str:
    match value:
        case TextDigest():
            raise InvalidError("the content of a file is not known any more: only its digest was kept", hint=_NAME_IT)
        case str():
            return value
        case Secret():
            return show(value)
        case SecretDigest():
            raise InvalidError(
                f"the value of {value.origin} is not known any more: only its fingerprint was kept",
                hint=_NAME_IT,
            )


def _digest(files: Sequence[File]) -> str:
    """A short name for what the files say, so that other contents get another name."""
    digest = hashlib.sha256()
    for file in files:
        for part in (file.key, file.text):
            digest.update(part.encode())
            digest.update(b"\0")
    return digest.hexdigest()[:10]
