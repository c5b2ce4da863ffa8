"""The config files for one run of the command, read where something needs them. What they say is `config`'s affair."""

from __future__ import annotations

import os

from sandboxctl import config
from sandboxctl.cli.refusal import RefusedError
from sandboxctl.config import Config, Target
from sandboxctl.errors import UsageError
from sandboxctl.policy.files import home_directory
from sandboxctl.problems import errors, suggestion


def read(named: str | None) -> Config:
    """Raises RefusedError for a config that is wrong, LocalFileError for one that cannot be read."""
    found = config.load(
        named=named,
        user_directory=home_directory(os.environ.get("XDG_CONFIG_HOME"), os.environ.get("HOME")),
        working_directory=os.curdir,
    )
    if errors(found.problems):
        raise RefusedError(found.problems)
    return found.config


def target(name: str, named: str | None, backend: str | None) -> Target:
    """The target of this name. Raises UsageError where there is none, or it is on another backend than `backend`."""
    known = read(named).targets
    if name not in known:
        near = suggestion(name, known)
        listed = f"the targets are {', '.join(sorted(known))}" if known else "no config file has any"
        raise UsageError(f"there is no target `{name}`", hint=f"did you mean `{near}`?" if near else listed)
    found = known[name]
    if backend not in (None, found.backend):
        raise UsageError(f"target {name} is on {found.backend}, and --backend says {backend}", hint="give one of them")
    return found
