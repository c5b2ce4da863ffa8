"""The security profiles of spec.md as data: what each sets by default, and which weakenings it names by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sandboxctl.dataclass import dataclass

ProfileName = Literal["restricted", "baseline", "privileged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The defaults of one profile; `user` None is the image's. `implied` need not stand in `security.allow`."""

    user: int | None
    read_only_root: bool
    drop: tuple[str, ...]
    no_new_privileges: bool
    network: Literal["none", "bridge"]
    implied: frozenset[str]


PROFILES: Mapping[ProfileName, Profile] = {
    "restricted": Profile(
        user=10001,
        read_only_root=True,
        drop=("ALL",),
        no_new_privileges=True,
        network="none",
        implied=frozenset(),
    ),
    "baseline": Profile(
        user=None,
        read_only_root=False,
        drop=(),
        no_new_privileges=True,
        network="bridge",
        implied=frozenset({"root-user", "writable-root", "default-capabilities"}),
    ),
    "privileged": Profile(
        user=None,
        read_only_root=False,
        drop=(),
        no_new_privileges=False,
        network="bridge",
        implied=frozenset(),
    ),
}
