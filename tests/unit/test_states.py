"""The state of a sandbox in the user's words."""

from __future__ import annotations

import pytest

from sandboxctl.backends.base import Status
from sandboxctl.dataclass import replace
from sandboxctl.spec import Image, Sandbox
from sandboxctl.states import sandbox_state

SANDBOX = Sandbox(name="s", image=Image(ref="busybox"))
ENDED = Status(state="exited", exit_code=0, created=100.5)


# An engine's clock is HTTP's Date: 105 stands for all of 105.0 to 105.999.
@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        ("exited", 104, "stopped"),
        ("exited", 105, "expired"),
        ("exited", 106, "expired"),
        ("running", 105, "running"),
        ("running", 106, "expired"),
    ],
)
def test_one_that_has_just_ended_by_its_ttl_is_expired_at_once(state: str, now: int, expected: str) -> None:
    assert sandbox_state(SANDBOX, replace(ENDED, state=state), ttl=5, now=now) == expected
