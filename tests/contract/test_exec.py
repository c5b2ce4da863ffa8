"""Commands in a running sandbox: their codes, their streams, to the byte."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from sandboxctl import live
from sandboxctl.cli import passing
from sandboxctl.errors import ConflictError, ExecError, NotFoundError
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

TEN_MEGABYTES = 10 * 2**20


@contextmanager
def file_of(content: bytes) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


@contextmanager
def pipe_of(content: bytes) -> Iterator[IO[bytes]]:
    """A pipe that holds this and then ends; at most what a pipe holds."""
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        yield file


CODES = {
    "true": (("true",), 0),
    "false": (("false",), 1),
    "its own": (("sh", "-c", "exit 42"), 42),
    "a directory": (("/workspace",), 126),
    "not executable": (("/etc/hostname",), 126),
    "not there": (("no-such-command",), 127),
    "not there by path": (("/no/such/command",), 127),
    "killed": (("sh", "-c", "kill -9 $$"), 137),
    "126 of its own": (("sh", "-c", "exit 126"), 126),
    "127 of its own": (("sh", "-c", "exit 127"), 127),
    "255": (("sh", "-c", "exit 255"), 255),
}


def test_exit_codes(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    found = {title: bench.exec(name, *command).code for title, (command, _) in CODES.items()}
    assert found == {title: code for title, (_, code) in CODES.items()}


def test_standard_output_and_error_are_kept_apart(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    result = bench.exec(name, "sh", "-c", "printf 'a\\000\\377\\n'; printf e >&2; printf b")
    assert (result.code, result.stdout, result.stderr) == (0, b"a\x00\xff\nb", b"e")


def test_ten_megabytes_come_out_exactly(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    script = f"head -c {TEN_MEGABYTES} /dev/urandom | tee /workspace/x; sha256sum </workspace/x >&2"
    result = bench.exec(name, "sh", "-c", script)
    assert len(result.stdout) == TEN_MEGABYTES
    assert result.stderr.split()[0].decode() == hashlib.sha256(result.stdout).hexdigest()


def test_ten_megabytes_go_through_both_ways_at_once(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    content = os.urandom(TEN_MEGABYTES)
    with file_of(content) as stdin:
        result = bench.exec(name, "cat", stdin=stdin)
    assert (result.code, result.stdout == content) == (0, True)


def test_much_more_may_come_out_than_goes_in(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    with file_of(b"\n" * 2**20) as stdin:
        result = bench.exec(name, "sed", "s/^/0123456789abcdef/", stdin=stdin)
    assert (result.code, result.stdout == b"0123456789abcdef\n" * 2**20) == (0, True)


def test_standard_input_ends(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    with pipe_of(b"one\ntwo") as stdin:
        result = bench.exec(name, "sh", "-c", "cat; echo ended", stdin=stdin)
    assert result.stdout == b"one\ntwoended\n"


def test_without_standard_input_there_is_nothing_to_read(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    assert bench.exec(name, "sh", "-c", "cat; echo ended").stdout == b"ended\n"


def test_a_command_that_does_not_read_all_of_its_input(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    with file_of(b"x" * TEN_MEGABYTES) as stdin:
        result = bench.exec(name, "head", "-c", "3", stdin=stdin)
    assert (result.code, result.stdout) == (0, b"xxx")


def test_output_comes_while_the_command_runs(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    arrivals: list[tuple[bytes, float]] = []
    began = time.monotonic()
    bench.backend.runner.exec(
        bench.observed(name).ref,
        ("sh", "-c", "echo first; sleep 1; echo second"),
        stdout=lambda chunk: arrivals.append((chunk, time.monotonic() - began)),
    )
    assert [chunk for chunk, _ in arrivals] == [b"first\n", b"second\n"]
    assert arrivals[1][1] - arrivals[0][1] > 0.8


def test_where_it_runs_and_with_what(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"env": {"WORD": "of the spec"}}))
    result = bench.backend.runner.exec(
        bench.observed(name).ref,
        ("sh", "-c", 'echo $(id -u):$(id -g) $PWD "$WORD" "$MORE"'),
        workdir="/bin",
        env={"MORE": "more"},
    )
    assert result.stdout == b"10001:10001 /bin of the spec more\n"


def test_who_runs_it_where_and_with_what(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"env": {"WORD": "of the spec"}}))
    result = bench.backend.runner.exec(
        bench.observed(name).ref,
        ("sh", "-c", 'echo $(id -u):$(id -g) $PWD "$WORD" "$MORE"'),
        user="7:8",
        workdir="/bin",
        env={"MORE": "more"},
    )
    assert result.stdout == b"7:8 /bin of the spec more\n"


def test_a_command_has_no_more_rights_than_the_sandbox(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    script = "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status"
    result = bench.exec(name, "sh", "-c", script, user="0:0" if engine.users else None)
    assert result.stdout.split() == [
        b"CapEff:", b"0" * 16, b"CapBnd:", b"0" * 16, b"NoNewPrivs:", b"1", b"Seccomp:", b"2",
    ]  # fmt: skip


def test_a_sandbox_that_is_not_running(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    ref = bench.observed(name).ref
    engine.stop(name)
    with pytest.raises(ExecError, match="is not running: it is stopped") as caught:
        live.exec_in(name, ("true",), bench.backend, write=passing.streams())
    assert caught.value.exit_code == 125
    with pytest.raises(ExecError):
        bench.backend.runner.exec(ref, ("true",))


def test_a_sandbox_that_is_not_there(bench: Workbench, name: str) -> None:
    with pytest.raises(NotFoundError, match=f"there is no sandbox {name}") as caught:
        live.exec_in(name, ("true",), bench.backend, write=passing.streams())
    assert caught.value.exit_code == 9
    with pytest.raises(NotFoundError):
        bench.backend.runner.exec("0" * 64, ("true",))


def test_a_strangers_container(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.run_stranger(name, engine.images.busybox, "sleep", "1000")
    with pytest.raises(ConflictError, match="was not made by sandboxctl"):
        live.exec_in(name, ("true",), bench.backend, write=passing.streams())


def test_through_the_callers_own_streams(
    bench: Workbench, name: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.applied(bench.spec(name))
    with pipe_of(b"given") as stdin:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stdin))
        code = live.exec_in(
            name, ("sh", "-c", "cat; echo e >&2; exit 5"), bench.backend, stdin=True, write=passing.streams()
        )
    assert (code, *capfdbinary.readouterr()) == (5, b"given", b"e\n")
