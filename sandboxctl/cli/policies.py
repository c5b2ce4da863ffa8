"""The owner's policies before a command does anything: read here, judged in `policy`, told as the errors they are."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sandboxctl.cli.refusal import RefusedError
from sandboxctl.cli.session import Session
from sandboxctl.host import Host
from sandboxctl.policy import Policy, files
from sandboxctl.problems import Problem, errors
from sandboxctl.spec import Loaded


def refusals(session: Session, loaded: Sequence[Loaded]) -> tuple[Problem, ...]:
    """What the policies do not allow of specs. Raises RefusedError for a policy that is wrong, LocalFileError too."""
    beside = [os.path.dirname(each.source.filename) or "." for each in loaded]
    policies = _all(session, beside)
    if not policies:
        return ()
    from sandboxctl.policy import judge

    return judge.check(policies, loaded, facts=Host())


def check_user(session: Session, user: str | None) -> None:
    """Raises InvalidError where a command in a sandbox may not run as `user`."""
    if user is not None:
        from sandboxctl.policy import judge

        judge.check_user(_all(session, ()), user)


def _all(session: Session, beside: Sequence[str]) -> tuple[Policy, ...]:
    home = files.home_directory(os.environ.get("XDG_CONFIG_HOME"), os.environ.get("HOME"))
    found = files.load(session.policy, beside=dict.fromkeys((".", *beside)), facts=Host(), home=home)
    if errors(found.problems):
        raise RefusedError(found.problems)
    return found.policies
