"""Signals: the step in flight is finished or rolled back, nothing new begins, and the second one leaves at once."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.cases import APPLY, CASES, LONG, NOT_IN_SHORT, begins, first, is_step, on_each
from tests.faults.lab import Lab
from tests.faults.proxy import Delay, Hang


def until_it_begins(lab: Lab) -> None:
    """Until the engine is asked for what lets a new sandbox run."""
    while not any(is_step(begins(lab.engine.backend), request, lab) for request in lab.proxy.requests):
        time.sleep(0.01)


@NOT_IN_SHORT
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_between_two_sandboxes_ends_after_the_first(lab: Lab, number: signal.Signals, code: int) -> None:
    lab.write(count=8)
    lab.proxy.expect(lambda request: Delay(0.1) if request.writes else None)
    process = lab.start(*APPLY)
    until_it_begins(lab)
    process.send_signal(number)
    ran = lab.end(process)
    assert ran.code == code, ran
    assert "skipped" in ran.out
    assert all(name in ran.out for name in lab.names(8))
    lab.proxy.expect()
    assert {each for each in lab.objects() if "." in each} == set()
    lab.done(*APPLY)
    lab.is_right(8)


@NOT_IN_SHORT
def test_a_second_signal_leaves_at_once(lab: Lab) -> None:
    CASES["replace"].before(lab)
    lab.proxy.expect(lambda request: Hang() if is_step(begins(lab.engine.backend), request, lab) else None)
    process = lab.start(*APPLY)
    until_it_begins(lab)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    ran = lab.end(process)
    assert (ran.code, time.monotonic() - began < 1) == (130, True), ran
    lab.proxy.expect()
    lab.done(*APPLY)
    lab.is_right()


INTERRUPTS = {"docker": 5, "podman": 5, "kubernetes": 6}
"""Rounds in which every write of every case is interrupted: over a hundred."""


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("engine", "case"), on_each(CASES if LONG else ["replace"], sample=[]), indirect=["engine"])
def test_an_interrupt_after_any_write(lab: Lab, case: str) -> None:
    for _ in range(INTERRUPTS[lab.engine.backend] if LONG else 1):
        lab.clear()
        CASES[case].before(lab)
        writes = [each.number for each in lab.requests(*CASES[case].words) if each.writes]
        for number in writes if LONG else writes[::3]:
            lab.clear()
            CASES[case].before(lab)
            ran = lab.killed_after(number, *CASES[case].words, with_signal=signal.SIGINT)
            assert ran is None or ran.code == 130, ran
            assert {each for each in lab.objects() if "." in each} == set(), ran
            lab.done(*APPLY)
            lab.is_right()


@NOT_IN_SHORT
def test_an_interrupt_while_it_is_waited_for_rolls_back(lab: Lab) -> None:
    """A sandbox that would be ready in a minute: nobody waits for that."""
    CASES["replace"].before(lab)
    old = lab.engine.id(lab.name)
    lab.write({"env": {"A": "2"}, "lifecycle": {"ready": {"minSeconds": "60s", "timeout": "90s"}}})
    lab.proxy.expect()
    process = lab.start(*APPLY)
    until_it_begins(lab)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    ran = lab.end(process, within=20)
    assert (ran.code, lab.objects()) == (130, [lab.name]), ran
    assert (lab.engine.id(lab.name) == old) == lab.engine.starts_again  # where nothing is, it is made again
    assert "rolled back" in ran.out
    lab.write(first(lab))
    lab.is_right()
