"""The state of a sandbox in the user's words."""

from __future__ import annotations

import pytest

from sandboxctl.backends.base import Status
from sandboxctl.dataclass import replace
from sandboxctl.spec import Image, Sandbox
from sandboxctl.states import State, remedy, sandbox_state, spoken

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


def test_a_state_is_spoken_in_the_users_words_and_running_only_of_what_runs() -> None:
    assert spoken("stopped", ENDED) == "stopped"
    assert spoken("running", Status(state="running")) == "running"
    assert spoken("running", Status(state="restarting")) == "restarting"


@pytest.mark.parametrize(
    ("state", "restarts", "verb"),
    [
        ("stopped", True, "starts"),
        ("stopped", False, "replaces"),
        ("paused", False, "starts"),
        ("failed", True, "replaces"),
        ("expired", True, "replaces"),
    ],
)
def test_the_remedy_is_what_apply_does(state: State, restarts: bool, verb: str) -> None:
    assert remedy(state, restarts=restarts) == f"`sandboxctl apply` {verb} it"


def test_no_apply_is_promised_to_start_what_is_complete() -> None:
    assert "starts" not in remedy("complete")
