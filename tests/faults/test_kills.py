"""Whatever the command dies of, and wherever: one more apply, and all is as it should be."""

from __future__ import annotations

import random
import signal
import time

import pytest

from tests.faults.cases import APPLY, CASES, LONG, NOT_IN_SHORT, changed, first, moments, on_each
from tests.faults.lab import Lab
from tests.faults.proxy import Request


def mended(lab: Lab) -> None:
    """One apply, and everything holds; then a delete leaves only the volume that is kept."""
    lab.done(*APPLY)
    lab.is_right()
    if "lifecycle" in first(lab):
        assert lab.done("exec", lab.name, "--", "cat", "/tmp/setup").out == "done\n"
    assert sorted(each for each in lab.engine.volumes() if each.startswith(lab.name)) == lab.volumes
    lab.done("delete", lab.name, "--yes")
    lab.is_gone()


def chosen(requests: list[Request], lab: Lab) -> list[int]:
    """Every request; in the short form some of the writes: a kill after a read is one after the write before it."""
    if LONG:
        return moments(requests)
    return [each.number for each in requests if each.writes][:: 5 if lab.engine.backend == "kubernetes" else 2]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("engine", "case"), on_each(CASES, sample=["replace"]), indirect=["engine"])
def test_a_kill_after_any_single_request(lab: Lab, case: str) -> None:
    words = CASES[case].words
    CASES[case].before(lab)
    requests = lab.requests(*words)
    wrong: list[str] = []
    for number in chosen(requests, lab):
        lab.clear()
        CASES[case].before(lab)
        ran = lab.killed_after(number, *words)
        assert ran is None or ran.code == -signal.SIGKILL, ran
        try:
            mended(lab)
        except AssertionError as error:
            wrong.append(f"after {requests[number - 1]}: {error}")
    assert wrong == []


@NOT_IN_SHORT
@pytest.mark.timeout(7200)
def test_a_kill_at_a_random_moment_of_a_replace_of_eight(lab: Lab) -> None:
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    lab.write(count=8)
    lab.done(*APPLY)
    began = time.monotonic()
    lab.write(changed(lab), count=8)
    lab.done(*APPLY)
    whole = time.monotonic() - began
    for round_ in range(ROUNDS[lab.engine.backend] if LONG else 2):
        lab.write({"env": {"ROUND": str(round_)}}, count=8)
        process = lab.start(*APPLY)
        time.sleep(moments.uniform(0, whole))
        process.kill()
        lab.end(process)
        lab.done(*APPLY)
        try:
            lab.is_right(8)
        except AssertionError as error:
            pytest.fail(f"seed {seed}, round {round_}: {error}")


ROUNDS = {"docker": 200, "podman": 100, "kubernetes": 50}
