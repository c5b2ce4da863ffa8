"""Which paths of the host give a sandbox power over it: system directories, engines' data, engines' sockets. Pure."""

from __future__ import annotations

from functools import lru_cache

_SYSTEM = ("/etc", "/root", "/proc", "/sys", "/dev", "/boot")
_DATA = ("/var/lib/docker", "/var/lib/containers", "/var/lib/containerd", "/var/lib/kubelet", "/run/containers")
_SOCKETS = (
    "/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock",
    "/run/crio/crio.sock", "/run/buildkit/buildkitd.sock", "/run/user/*/docker.sock", "/run/user/*/podman/podman.sock",
    "/run/user/*/containerd/containerd.sock",
)  # fmt: skip


def reaches_system(path: str, data: tuple[str, ...] = ()) -> bool:
    """Whether a bind of this real path shows system files or an engine's data; `data` are more of its directories."""
    if path == "/" or any(_holds(directory, path) for directory in _SYSTEM):
        return True
    return any(_holds(directory, path) or _holds(path, directory) for directory in (*_DATA, *data))


def reaches_socket(path: str, sockets: tuple[str, ...] = ()) -> bool:
    """Whether a bind of this real path shows an engine's socket; `sockets` are more of them."""
    return any(_holds(path, socket) for socket in (*_SOCKETS, *sockets))


def _holds(directory: str, path: str) -> bool:
    """Whether `path` is `directory` or lies below it; a part that is `*` is any name, on either side."""
    outer, inner = _parts(directory), _parts(path)
    return len(outer) <= len(inner) and all(
        one == other or "*" in (one, other) for one, other in zip(outer, inner, strict=False)
    )


@lru_cache(maxsize=256)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)
