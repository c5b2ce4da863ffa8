"""Who is at work on an unfinished object, as far as that can be known."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxctl import holder

US = holder.this_process()


def test_the_text_comes_back() -> None:
    assert holder.parse(str(US)) == US


@pytest.mark.parametrize("text", ["", "a/b/c", "a/b/c/d", "a/b/1/2/3"])
def test_anything_else_is_nobodys_text(text: str) -> None:
    assert holder.parse(text) is None


def test_we_ourselves_are_never_meant() -> None:
    assert holder.at_work(str(US), age=0) is None


def test_a_process_of_this_host_that_lives_is_at_work_however_long_it_takes() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
        theirs = replace(US, pid=child.pid, start=start)
        assert holder.at_work(str(theirs), age=10**6) == f"process {child.pid} on this host"
        child.communicate(b"\n")
    assert holder.at_work(str(theirs), age=0) is None


def test_a_number_that_was_used_again_is_another_process() -> None:
    assert holder.at_work(str(replace(US, pid=os.getppid(), start="1")), age=0) is None


@pytest.mark.parametrize(
    ("age", "who"), [(899.0, f"process {US.pid} on elsewhere"), (900.0, None)], ids=["at work", "gone"]
)
def test_of_another_host_only_the_age_is_known(age: float, who: str | None) -> None:
    assert holder.at_work(str(replace(US, host="elsewhere", host_id="0")), age=age) == who


def test_what_does_not_say_who_made_it_may_be_anybodys() -> None:
    assert holder.at_work("", age=0) == "somebody who does not say who"
    assert holder.at_work("", age=900) is None
