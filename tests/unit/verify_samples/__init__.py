"""Texts as the kernel gave them, one file per way of looking; ids of containers and paths of hosts are made up.

`docker-*-v1`: Docker 20.10, runc 1.1, cgroup v1 hybrid, the default sandbox. `podman-kernel-v2`: the same with Podman's
init, user ids from 524288 on, a bridge, half a CPU, on cgroup v2. `gvisor-*`: runsc, from outside, from inside,
and from inside a pod, whose first process is another's.
"""

from __future__ import annotations

from pathlib import Path

from sandboxctl.verify.facts import Facts, facts
from sandboxctl.verify.script import parse_script

HERE = Path(__file__).parent


def texts(name: str) -> dict[str, str]:
    """One file as texts; NUL is written as U+2400."""
    content = (HERE / f"{name}.txt").read_text().replace("\u2400", "\0")
    found = parse_script(f"\n{content}\n@ end\n".encode(), "@")
    assert found is not None
    return found


def sample(name: str, **changed: str) -> Facts:
    """One file as facts; `changed` replaces texts, with `__` for `/`."""
    return facts(texts(name) | {key.replace("__", "/"): text for key, text in changed.items()})
