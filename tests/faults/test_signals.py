"""Signals: the step in flight is finished or rolled back, nothing new begins, and the second one leaves at once."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.cases import APPLY, CASES, LONG
from tests.faults.lab import Lab
from tests.faults.proxy import Delay, Hang


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=str
)
def test_a_signal_between_two_sandboxes_ends_after_the_first(lab: Lab, number: signal.Signals, code: int) -> None:
    lab.write(count=8)
    lab.proxy.expect(lambda request: Delay(0.1) if request.writes else None)
    process = lab.start(*APPLY)
    while not any(request.path.endswith("/start") for request in lab.proxy.requests):
        time.sleep(0.01)
    process.send_signal(number)
    ran = lab.end(process)
    assert ran.code == code, ran
    assert "skipped" in ran.out
    assert all(name in ran.out for name in lab.names(8))
    lab.proxy.expect()
    assert {each for each in lab.objects() if "." in each} == set()
    lab.done(*APPLY)
    lab.is_right(8)


def test_a_second_signal_leaves_at_once(lab: Lab) -> None:
    CASES["replace"].before(lab)
    lab.proxy.expect(lambda request: Hang() if request.path.partition("?")[0].endswith("/start") else None)
    process = lab.start(*APPLY)
    while not any(request.path.endswith("/start") for request in lab.proxy.requests):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    ran = lab.end(process)
    assert (ran.code, time.monotonic() - began < 1) == (130, True), ran
    lab.proxy.expect()
    lab.done(*APPLY)
    lab.is_right()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", CASES if LONG else ["replace"])
def test_an_interrupt_after_any_write(lab: Lab, case: str) -> None:
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


def test_an_interrupt_while_it_is_waited_for_rolls_back(lab: Lab) -> None:
    """A sandbox that would be ready in a minute: nobody waits for that."""
    CASES["replace"].before(lab)
    old = lab.engine.id(lab.name)
    lab.write({"env": {"A": "2"}, "lifecycle": {"ready": {"minSeconds": "60s", "timeout": "90s"}}})
    lab.proxy.expect()
    process = lab.start(*APPLY)
    while sum(request.path.partition("?")[0].endswith("/start") for request in lab.proxy.requests) < 1:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    ran = lab.end(process, within=20)
    assert (ran.code, lab.objects(), lab.engine.id(lab.name)) == (130, [lab.name], old), ran
    assert lab.engine.state(lab.name) == "running"
    assert "rolled back" in ran.out
