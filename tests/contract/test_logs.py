"""What a sandbox says, from the engine's log: all of it, the end of it, or as it comes."""

from __future__ import annotations

import threading
import time
from typing import Literal

import pytest

from sandboxctl import live
from sandboxctl.errors import NotFoundError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

SPEAKS = {"command": ["sh", "-c", "for i in 1 2 3; do echo out $i; echo err $i >&2; done; exec sleep 1000"]}


class Heard:
    """Everything that came, by stream, and when."""

    def __init__(self) -> None:
        self.streams: dict[int, bytes] = {1: b"", 2: b""}
        self.times: list[float] = []

    def __call__(self, stream: Literal[1, 2], chunk: bytes) -> None:
        self.streams[stream] += chunk
        self.times.append(time.monotonic())


def logs(bench: Workbench, name: str, *, tail: int | None = None, follow: bool = False) -> Heard:
    heard = Heard()
    live.logs(name, bench.backend, tail=tail, follow=follow, write=heard)
    return heard


def test_the_two_streams_are_kept_apart(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, SPEAKS, {"lifecycle": {"ready": {"minSeconds": 0.5}}}))
    assert logs(bench, name).streams == {1: b"out 1\nout 2\nout 3\n", 2: b"err 1\nerr 2\nerr 3\n"}


def test_the_last_lines(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, SPEAKS, {"lifecycle": {"ready": {"minSeconds": 0.5}}}))
    found = logs(bench, name, tail=2).streams
    assert len((found[1] + found[2]).splitlines()) == 2
    assert logs(bench, name, tail=0).streams == {1: b"", 2: b""}


def test_with_a_terminal_there_is_one_stream(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = {"tty": True, "command": ["sh", "-c", "echo out; echo err >&2; exec sleep 1000"]}
    bench.applied(bench.spec(name, spec, {"lifecycle": {"ready": {"minSeconds": 0.5}}}))
    assert logs(bench, name).streams == {1: b"out\r\nerr\r\n".replace(b"\r\n", engine.line_end), 2: b""}


def test_following_ends_with_the_sandbox(bench: Workbench, name: str) -> None:
    spec = {"command": ["sh", "-c", "echo first; until test -e /tmp/go; do sleep 0.1; done; echo second"]}
    bench.applied(bench.spec(name, spec))
    touch = threading.Timer(1.5, bench.exec, (name, "touch", "/tmp/go"))
    touch.start()
    heard = logs(bench, name, follow=True)
    touch.join()
    assert heard.streams == {1: b"first\nsecond\n", 2: b""}
    assert heard.times[-1] - heard.times[0] > 1


def test_of_a_stopped_one_they_are_still_there(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, SPEAKS, {"lifecycle": {"ready": {"minSeconds": 0.5}}}))
    engine.stop(name)
    said = logs(bench, name, follow=True).streams[1].splitlines()
    assert [line for line in said if line.startswith(b"out")] == [b"out 1", b"out 2", b"out 3"]


def test_long_lines_and_binary_are_whole(bench: Workbench, name: str) -> None:
    spec = {"command": ["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo; exec sleep 1000"]}
    bench.applied(bench.spec(name, spec, {"lifecycle": {"ready": {"minSeconds": 0.5}}}))
    assert logs(bench, name).streams[1] == b"x" * 100000 + b"\n"


def test_of_what_is_not_there(bench: Workbench, name: str) -> None:
    with pytest.raises(NotFoundError):
        logs(bench, name)
