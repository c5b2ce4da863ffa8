"""Several commands at one time on one sandbox: each ends well, and what is left is what one of them wanted."""

from __future__ import annotations

import time

import pytest

from tests.faults.cases import APPLY, LONG, NOT_IN_SHORT, changed, first, on_each
from tests.faults.lab import Lab
from tests.faults.proxy import Delay, Request

RUNS = {"docker": 100, "podman": 100, "kubernetes": 20}
"""How often each kind of commands meet."""


def rounds(lab: Lab, *, meetings: int = 1) -> range:
    """Of the form that is run; in each they meet so often."""
    return range(RUNS[lab.engine.backend] // meetings if LONG else 1)


def slowly(request: Request) -> Delay | None:
    """So that they really meet."""
    return Delay(0.05) if request.writes else None


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("engine", "number"), on_each([2, 8], sample=[2]), indirect=["engine"])
def test_applies_of_one_spec(lab: Lab, number: int) -> None:
    for _ in rounds(lab, meetings=2):
        lab.write(first(lab), count=2)
        lab.proxy.expect(slowly)
        ran = [lab.end(each) for each in [lab.start(*APPLY) for _ in range(number)]]
        assert [each.code for each in ran] == [0] * number, ran
        lab.write(first(lab), changed(lab), count=2)
        ran = [lab.end(each) for each in [lab.start(*APPLY) for _ in range(number)]]
        assert [each.code for each in ran] == [0] * number, ran
        assert sum("replaced" in each.out and "2 replaced" in each.out for each in ran) == 1
        lab.is_right(2)
        lab.clear()


@NOT_IN_SHORT
@pytest.mark.timeout(3600)
def test_applies_of_two_specs_with_one_name(lab: Lab) -> None:
    for _ in rounds(lab):
        lab.write(first(lab), filename="a.yaml")
        lab.write(first(lab), changed(lab), filename="b.yaml")
        lab.proxy.expect(slowly)
        processes = [lab.start("apply", name, "--yes") for name in ("a.yaml", "b.yaml")]
        ran = [lab.end(each) for each in processes]
        assert {each.code for each in ran} <= {0, 5}, ran
        assert lab.objects() == [lab.name]
        plans = [lab.run("plan", name, "--detailed-exitcode").code for name in ("a.yaml", "b.yaml")]
        assert sorted(plans) == [0, 2]
        lab.clear()


@NOT_IN_SHORT
@pytest.mark.timeout(3600)
def test_an_apply_against_a_delete(lab: Lab) -> None:
    commands = [APPLY, ("delete", lab.name, "--yes")]
    for words in (commands, commands[::-1]) * len(rounds(lab, meetings=2)):
        lab.write(first(lab))
        lab.proxy.expect(slowly)
        ran = [lab.end(each) for each in [lab.start(*each) for each in words]]
        assert {each.code for each in ran} == {0}, ran
        assert lab.objects() in ([], [lab.name])
        lab.done(*APPLY)
        lab.is_right()
        lab.clear()


@NOT_IN_SHORT
def test_a_lock_that_is_not_given_up_is_exit_5_and_says_whose_it_is(lab: Lab) -> None:
    lab.write(first(lab))
    lab.proxy.expect(lambda request: Delay(1.0) if request.writes else None)
    holder = lab.start(*APPLY)
    while not any(request.writes for request in lab.proxy.requests):
        time.sleep(0.02)
    late = lab.end(lab.start(*APPLY, "--lock-timeout", "0.2s"))
    assert (late.code, f"is held by process {holder.pid}" in late.err) == (5, True), late
    while sum(request.writes for request in lab.proxy.requests) < 2:  # the first one has been answered: its mark stands
        time.sleep(0.02)
    assert lab.end(lab.start("plan")).code == 5
    assert lab.end(holder).code == 0
    lab.proxy.expect()
    lab.is_right()
