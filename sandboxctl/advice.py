"""What a host lacks, with the command that mends it. Nothing is changed; which engine lacks it is not known here."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sandboxctl.dataclass import dataclass

_MANAGERS: Mapping[str, str] = {
    "apt-get": "apt-get install -y",
    "dnf": "dnf install -y",
    "zypper": "zypper install -y",
    "pacman": "pacman -S --noconfirm",
    "apk": "apk add",
    "brew": "brew install",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """`fix` is a command, or what to do in words; `fatal`: without it the engine cannot be used at all."""

    what: str
    fix: str
    fatal: bool = False


def install(*packages: str) -> str:
    """The command by which this host's packages are installed, under the names that Debian has for them."""
    import shutil

    found = next((command for program, command in _MANAGERS.items() if shutil.which(program)), "install")
    words = f"{found} {' '.join(packages)}"
    return words if found.startswith("brew") else as_root(words)


def as_root(command: str) -> str:
    """With sudo, where we are not root."""
    return command if os.geteuid() == 0 else f"sudo {command}"
