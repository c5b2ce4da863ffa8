"""Looking: this host's own kernel, a tree with links, and the script in a real shell."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sandboxctl.backends.base import Helper
from sandboxctl.errors import InvalidError
from sandboxctl.runner import ExecResult
from sandboxctl.verify import evidence, script
from sandboxctl.verify.facts import facts

STRANGER = "c0ffee" * 10 + "cafe"
HELPER = Helper(image="sha256:1", container=STRANGER, command=("sh",), user=(10001, 5), labels={"of": "py"})


def test_a_process_whose_control_group_is_not_the_containers_is_not_believed() -> None:
    assert evidence.kernel(os.getpid(), STRANGER, ()) is None


def test_an_empty_id_proves_nothing() -> None:
    assert evidence.kernel(os.getpid(), "", ()) is None


def test_a_process_that_is_gone_is_not_an_error() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert evidence.kernel(gone.pid, STRANGER, ("/tmp",)) is None


def test_a_runtime_that_has_not_yet_given_way_to_the_sandboxs_program_is_waited_for() -> None:
    started = "exec -a runc bash -c 'sleep 0.3; exec -a program sleep 10' init"  # an engine calls this `running`
    with subprocess.Popen(["bash", "-c", started]) as process:
        line = Path(f"/proc/{process.pid}/cmdline")
        while not line.read_bytes().startswith(b"runc\0"):
            time.sleep(0.01)
        texts = evidence.kernel(process.pid, ":", ())
        process.kill()
    assert texts is not None
    assert texts["1/cmdline"] == "program\x0010\0"


def test_a_sandbox_that_calls_itself_a_runtime_is_looked_at_all_the_same() -> None:
    command = ["bash", "-c", "exec -a runc bash -c 'read; true' init"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        line = Path(f"/proc/{process.pid}/cmdline")
        while not line.read_bytes().startswith(b"runc\0"):
            time.sleep(0.01)
        texts = evidence.kernel(process.pid, ":", ())
        process.kill()
    assert texts is not None
    assert texts["1/cmdline"] == "runc\0-c\0read; true\0init\0"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "run/data").mkdir(parents=True)
    (root / "var").mkdir()
    (root / "var/run").symlink_to("/run")
    (root / "up").symlink_to("../../../../run")
    (root / "loop").symlink_to("loop")
    (tmp_path / "secret").write_text("the host's")
    return root


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/run/data", "/run/data"),
        ("/var/run/data", "/run/data"),
        ("/up/data", "/run/data"),
        ("/var/../run/./data", "/run/data"),
        ("/", "/"),
        ("/loop/data", None),
        ("/../secret", None),
        ("/absent", None),
    ],
)
def test_links_are_followed_inside_the_sandboxs_root_and_never_out_of_it(
    tree: Path, path: str, real: str | None
) -> None:
    found = evidence.resolve(tree, path)
    assert (found and found[0]) == real


def test_an_engines_socket_is_found_in_the_usual_places_and_below_a_mount(tree: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as two:
        (tree / "host/run").mkdir(parents=True)
        here = Path.cwd()
        os.chdir(tree)  # a socket's path is short
        try:
            one.bind("run/docker.sock")
            two.bind("host/run/docker.sock")
        finally:
            os.chdir(here)
        texts = evidence.tree_texts(tree, ("/host", "/run/data"))
    assert texts["sockets"].splitlines() == ["/host/run/docker.sock", "/run/docker.sock", "/var/run/docker.sock"]
    assert texts["token"] == ""
    assert texts["place:/run/data"].endswith("path /run/data")


def test_a_tree_that_we_may_not_enter_says_nothing(tmp_path: Path) -> None:
    assert evidence.tree_texts(tmp_path / "gone", ("/tmp",)) == {}


def in_a_shell(command: list[str]) -> ExecResult:
    done = subprocess.run(command, capture_output=True, timeout=60)
    return ExecResult(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def test_the_script_runs_in_a_plain_shell_and_its_texts_are_facts(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    texts = script.inside(lambda command: in_a_shell(list(command)), (f"{tmp_path}/a b", f"{tmp_path}/absent"))
    assert texts is not None
    found = facts(texts)
    assert found.places[f"{tmp_path}/absent"].exists is False
    assert found.places[f"{tmp_path}/a b"].user == os.getuid()
    assert found.places[f"{tmp_path}/a b"].writable is True
    assert found.interfaces is not None


def test_an_image_without_a_shell_gives_no_texts() -> None:
    assert script.inside(lambda _: ExecResult(code=127, stdout=b"", stderr=b"sh: not found"), ()) is None


def test_output_that_was_cut_off_gives_no_texts() -> None:
    assert script.parse_script(b"\n@1 hostname\npy\n", "@1") is None


def test_a_process_that_does_not_know_the_mark_cannot_add_a_text() -> None:
    output = b"\n@1 1/cmdline\nsleep\0\n@2 hostname\nforged\n\n@1 end\n"
    assert script.parse_script(output, "@1") == {"1/cmdline": "sleep\0\n@2 hostname\nforged\n", "end": ""}


def test_each_run_has_a_mark_of_its_own() -> None:
    marks: list[str] = []

    def run(helper: Helper) -> ExecResult:
        marks.append(helper.command[4])
        return ExecResult(code=0)

    for _ in range(2):
        assert script.probe(run, HELPER, ()) is None
    assert len(set(marks)) == 2


def test_the_probe_is_the_helper_with_the_script_and_nothing_else() -> None:
    helpers: list[Helper] = []

    def run(helper: Helper) -> ExecResult:
        helpers.append(helper)
        raise InvalidError("no such image")

    with pytest.raises(InvalidError):
        script.probe(run, HELPER, ("/tmp",))
    (helper,) = helpers
    assert (helper.command[:2], helper.command[-3:]) == (("sh", "-c"), ("beside", "", "/tmp"))
    assert replace(helper, command=("sh",)) == HELPER
