"""What an engine may do to a request besides doing it: nothing half-made stays, and no answer is needed twice."""

from __future__ import annotations

import time

import pytest

from tests.faults.cases import APPLY, CASES, LONG, NOT_IN_SHORT, begins, changed, first, is_step, moments, on_each
from tests.faults.lab import Lab, Ran
from tests.faults.proxy import Cut, Fault, Hang, Request, Rule, Say, status

TIMEOUT = 2.0
_HTML = b"<html><body>It works!</body></html>"
ANSWERS: dict[str, Fault] = {
    "409": status(409),
    "500": status(500),
    "503": status(503),
    "garbage": Say(b"\x00\xff\x13SSH-2.0\r\n"),
    "HTML": Say(b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: %d\r\n\r\n%s" % (len(_HTML), _HTML)),
    "truncated JSON": Say(b'HTTP/1.1 200 OK\r\nServer: Docker/20.10.24 (linux)\r\nContent-Length: 9\r\n\r\n{"Id": "a'),
    "nothing": Say(b""),
    "half an answer": Cut(after=20),
}
_STEPS = ("around", "create", "start", "commit", "stop", "remove")


def at(step: str, fault: Fault, lab: Lab) -> Rule:
    """The first request of this step meets the fault; those after it do not."""
    met: list[Request] = []

    def rule(request: Request) -> Fault | None:
        if met or not is_step(step, request, lab):
            return None
        met.append(request)
        return fault

    return rule


def told(ran: Ran) -> None:
    """One line for the error, one for the hint, and an exit code that has a meaning."""
    assert ran.code in (3, 4, 5, 6, 7), ran
    assert len([line for line in (ran.out + ran.err).splitlines() if line.startswith("error:")]) <= 1, ran


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(("engine", "step"), on_each(_STEPS if LONG else ["create"], sample=[]), indirect=["engine"])
def test_an_answer_that_is_none_leaves_the_old_sandbox_or_the_new_one(lab: Lab, step: str, answer: str) -> None:
    CASES["replace"].before(lab)
    ran = lab.run(*APPLY, rule=at(step, ANSWERS[answer], lab))
    if ran.code != 0:
        told(ran)
        assert set(lab.objects()) & {lab.name, f"{lab.name}.new", f"{lab.name}.old"}, ran
    lab.done(*APPLY)
    lab.is_right()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("engine", "step"), on_each(_STEPS, sample=["create"]), indirect=["engine"])
def test_a_lost_reply_is_made_good_by_looking(lab: Lab, step: str) -> None:
    """The engine did it, and the connection broke: apply goes on, and there are never two, and never none."""
    CASES["replace"].before(lab)
    ran = lab.run(*APPLY, rule=at(step, Cut(), lab))
    assert ran.code == 0, ran
    lab.is_right()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("engine", "case"), on_each(CASES if LONG else ["replace"], sample=[]), indirect=["engine"])
def test_an_engine_that_falls_silent_is_exit_4_in_time(lab: Lab, case: str) -> None:
    """From any request on; in the short form from a few of them."""
    CASES[case].before(lab)
    requests = lab.requests(*CASES[case].words)
    numbers = moments(requests)
    for number in numbers if LONG else numbers[:: max(1, len(numbers) // 5)]:
        lab.clear()
        CASES[case].before(lab)
        silence: list[tuple[float, Request]] = []
        ran = lab.run(*CASES[case].words, "--timeout", f"{TIMEOUT:g}s", rule=silent_from(number, silence))
        if not silence:  # it was ready sooner this time
            assert ran.code == 0, ran
            continue
        since, request = silence[0]
        grace = 1.0 if is_step("stop", request, lab) else 0.0
        assert (ran.code, time.monotonic() - since < TIMEOUT + grace + 2) == (4, True), (request, ran)
        lab.done(*APPLY)
        lab.is_right()


def silent_from(number: int, silence: list[tuple[float, Request]]) -> Rule:
    """Nothing is answered from this request on, nor done; `silence` says which that was, and since when."""

    def rule(request: Request) -> Fault | None:
        if request.number < number:
            return None
        silence.append((time.monotonic(), request))
        return Hang()

    return rule


@NOT_IN_SHORT
def test_a_new_sandbox_that_the_engine_refuses_leaves_the_old_one_running(lab: Lab) -> None:
    lab.write(first(lab))
    lab.done(*APPLY)
    old = lab.engine.id(lab.name)
    lab.write(first(lab), changed(lab))
    ran = lab.run(*APPLY, rule=at(begins(lab.engine.backend), status(500), lab))
    assert (ran.code, lab.objects()) == (6, [lab.name])
    assert "rolled back" in ran.out
    assert (lab.engine.id(lab.name) == old) == lab.engine.starts_again  # where nothing is, it is made again
    lab.write(first(lab))
    lab.is_right()


@NOT_IN_SHORT
def test_an_engine_that_falls_silent_during_an_exec_is_exit_4(lab: Lab) -> None:
    """The command itself may be silent for as long as it likes."""
    lab.write()
    lab.done(*APPLY)
    slow = lab.run("exec", lab.name, "--timeout", "3s", "--", "sleep", "8")
    assert (slow.code, slow.seconds > 8) == (0, True), slow
    started: list[Request] = []
    silence: list[float] = []

    def rule(request: Request) -> Fault | None:
        if started:
            silence.append(time.monotonic())
            return Hang()
        started.extend([request] if is_step("exec", request, lab) else [])
        return None

    ran = lab.run("exec", lab.name, "--timeout", "3s", "--", "sleep", "60", rule=rule)
    assert (ran.code, time.monotonic() - silence[0] < 3 + 2) == (4, True), ran
