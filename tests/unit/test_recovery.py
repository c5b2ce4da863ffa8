"""The steps that end what a killed command began, for each thing that it can leave."""

from __future__ import annotations

import itertools

import pytest

from sandboxctl import ownership
from sandboxctl.backends.base import Listed, Observed, Status
from sandboxctl.recovery import unfinished

SUFFIXES = ("", ".new", ".old", ".probe", ".volume", ".helper")


def listed(name: str, **labels: str) -> Listed:
    marks = {ownership.MANAGED: "true", ownership.NAME: "py", **labels}
    return Listed(ref=f"id-of-{name}", name=name, labels=marks, image_id="i", state="running")


def steps(*found: Listed, running: bool = True, working: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    by_name = {each.name: each for each in found}
    status = Status(state="running" if running else "exited")
    observed = {
        each.ref: Observed(ref=each.ref, name=each.name, labels=each.labels, image_id="i", status=status, fields={})
        for each in found
    }
    made, _ = unfinished("py", by_name, observed, marker=False, working=dict.fromkeys(working, "x"))
    return [(step.do, step.name) for step in made]


def mark(what: ownership.Unfinished, *volumes: str) -> Listed:
    return listed("py.helper", **ownership.mark_labels(what, volumes))


def test_a_start_that_was_cut_off_is_stopped_before_its_mark_goes() -> None:
    assert steps(listed("py"), mark("start")) == [("stop", "py"), ("delete", "py.helper")]
    assert steps(listed("py"), mark("start"), running=False) == [("delete", "py.helper")]


def test_volumes_that_were_being_made_go_after_what_uses_them_and_before_their_mark() -> None:
    assert steps(listed("py.new"), mark("volumes", "a", "b")) == [
        ("delete", "py.new"), ("delete volume", "a"), ("delete volume", "b"), ("delete", "py.helper"),
    ]  # fmt: skip


def test_the_volumes_of_a_removal_go_only_when_the_sandbox_is_gone() -> None:
    assert steps(mark("removal", "a")) == [("delete volume", "a"), ("delete", "py.helper")]
    assert steps(listed("py"), mark("removal", "a")) == [("delete", "py.helper")]


def test_a_probe_that_somebody_runs_just_now_is_left_alone() -> None:
    assert steps(listed("py"), listed("py.probe")) == [("delete", "py.probe")]
    assert steps(listed("py"), listed("py.probe"), working=("id-of-py.probe",)) == []


@pytest.mark.parametrize("number", range(1, len(SUFFIXES) + 1))
def test_whatever_there_is_one_object_is_left_under_the_sandboxs_name(number: int) -> None:
    """Every combination: the steps, carried out on a list of names, leave the sandbox or nothing."""
    for suffixes in itertools.combinations(SUFFIXES, number):
        names = {f"py{suffix}" for suffix in suffixes}
        found = [mark("start") if name == "py.helper" else listed(name) for name in sorted(names)]
        by_name = {each.name: each for each in found}
        made, survivor = unfinished("py", by_name, {}, marker=False, working={})
        for step in made:
            names.discard(step.name)
            if step.to is not None:
                assert step.to not in names, suffixes
                names.add(step.to)
        assert names == ({"py"} if survivor is not None else set()), suffixes
