"""Where the command is started wrongly, or in a poor place: one clear line, a code of the contract, no traceback."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

SPEC = "apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata: {name: box}\nspec: {image: busybox:1.36}\n"
BEGINNING = "a document that starts with `apiVersion: sandboxctl.dev/v1` and `kind: Sandbox`"
SECONDS, BYTES = 2, 200 * 2**20  # of the processor, the start of Python included


def run(*words: str, cwd: Path, env: dict[str, str] | None = None, **streams: object) -> subprocess.CompletedProcess[str]:  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    streams.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(
        [sys.executable, "-m", "sandboxctl", *words], cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": os.defpath, "HOME": str(cwd), **(env or {})}, errors="backslashreplace",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES)), **streams,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < SECONDS
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    (tmp_path / "sandbox.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def test_a_fifo_is_no_spec_and_is_not_waited_for(lab: Path) -> None:
    os.mkfifo(lab / "pipe.yaml")
    done = run("validate", "pipe.yaml", cwd=lab)
    assert (done.returncode, done.stderr) == (1, "error: pipe.yaml: not a regular file\nhint: write `-` to read a pipe on standard input\n")  # fmt: skip


def test_a_directory_without_specs_says_so(lab: Path) -> None:
    (lab / "empty").mkdir()
    done = run("validate", "./empty", cwd=lab)
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error: ./empty: no *.yaml or *.yml in this directory")


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_says_so(lab: Path) -> None:
    (lab / "sandbox.yaml").chmod(0)
    assert run("validate", cwd=lab).stderr == "error: sandbox.yaml: permission denied\n"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_empty_standard_input_is_an_empty_spec(lab: Path, text: str) -> None:
    done = subprocess.run([sys.executable, "-m", "sandboxctl", "validate", "-"], input=text, text=True, capture_output=True, cwd=lab, timeout=60, check=False)  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        3,
        f"<stdin>:1:1: error: the file is empty: expected {BEGINNING} [empty-document]",
    )


@pytest.mark.parametrize(("words", "option"), [
    (("plan", "--timeout", "-1"), "--timeout"),
    (("apply", "--wait-timeout", "-5s"), "--wait-timeout"),
    (("logs", "--tail", "-1", "box"), "--tail"),
    (("plan", "--timeout", "1e9"), "--timeout"),
    (("plan", "--timeout", ""), "--timeout"),
])  # fmt: skip
def test_a_negative_or_odd_number_is_a_wrong_command_line(lab: Path, words: tuple[str, ...], option: str) -> None:
    done = run(*words, cwd=lab)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith(f"error: invalid value for '{option}'")


@pytest.mark.parametrize(
    "words",
    [
        ("--help",), ("plan", "--help"), ("version",), ("--version",), ("validate",), ("validate", "--output", "json"),
        ("render", "--backend", "docker"), ("schema",), ("completion", "bash"), ("explain",), ("doctor",),
        ("list", "--output", "json", "--docker-host", "unix:///no/socket", "--backend", "docker"), ("-x", "--output", "json"),
    ],
)  # fmt: skip
def test_no_room_for_the_output_is_said_in_one_line(lab: Path, words: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sandboxctl", *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=lab,
            timeout=60, check=False, env={"PATH": os.defpath, "HOME": str(lab)},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "error: cannot write the output: No space left on device\n")


def test_no_room_for_anything_is_an_error_all_the_same(lab: Path) -> None:
    with open("/dev/full", "w") as full:
        for words in (["validate"], ["validate", "absent.yaml"], ["--frobnicate"]):
            done = subprocess.run(
                [sys.executable, "-m", "sandboxctl", *words], stdout=full, stderr=full, cwd=lab, timeout=60, check=False
            )
            assert done.returncode == 1


@pytest.mark.parametrize("words", [("--frobnicate",), ("plan", "--frobnicate"), ("validate", "-z"), ("frobnicate",)])
def test_unknown_words_are_a_wrong_command_line(lab: Path, words: tuple[str, ...]) -> None:
    assert run(*words, cwd=lab).returncode == 64


def test_a_closed_standard_output_is_no_error_of_the_spec(lab: Path) -> None:
    shell = f"{sys.executable} -m sandboxctl validate >&-"
    done = subprocess.run(["sh", "-c", shell], cwd=lab, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_goes_away_ends_it_silently(lab: Path) -> None:
    shell = f"{{ {sys.executable} -m sandboxctl schema; echo $? >&2; }} | true"
    done = subprocess.run(["sh", "-c", shell], cwd=lab, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() in ("141", "0")


def test_without_a_home_and_in_a_plain_locale_it_works_as_ever(lab: Path) -> None:
    (lab / "sandbox.yaml").write_text(SPEC.replace("image", "imagé"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "sandboxctl", "validate"], cwd=lab, capture_output=True, timeout=60, check=False,
                          env={"PATH": os.defpath, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})  # fmt: skip
    assert done.returncode == 3
    assert done.stdout.isascii()
    assert b"`spec` has no key `imag\\xe9`" in done.stdout


@pytest.mark.parametrize("name", ["a\nb.yaml", "\x1b[31m.yaml", "\u202e.yaml"])
def test_the_name_of_a_file_cannot_drive_a_terminal(lab: Path, name: str) -> None:
    (lab / name).write_text("x", encoding="utf-8")
    done = run("validate", f"./{name}", cwd=lab)
    assert done.returncode == 3
    assert not set(done.stdout) & set("\x1b\u202e")
    assert done.stdout.splitlines()[0].endswith("[wrong-type]")


def test_a_name_that_is_not_unicode_is_a_file_like_any_other(lab: Path) -> None:
    (lab / os.fsdecode(b"\xff.yaml")).write_text(SPEC, encoding="utf-8")
    done = run("validate", ".", cwd=lab)
    assert done.returncode == 3
    assert "a sandbox named `box` is in" in done.stdout


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"spec: " + b"x" * 50 * 2**20, "too-large"),
        (b"[" * 1_000, "too-deep"),
        (b"[" * 100_000, "too-deep"),
        (b"a: " * 1_000, "yaml-syntax"),
        (b"x: &a [1]\n" + b"".join(b"y%d: &b%d [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" % (i, i) for i in range(9)), "missing-key"),
        (b"a: &a [*a]\n", "recursive-alias"),
        (b"n: " + b"9" * 5_000 + b"\n", "unsupported-number"),
        ("a: b\n".encode("utf-16"), "not-utf8"),
        (b"a: \xed\xa0\x80\n", "not-utf8"),
        (b"a: \xe9\n", "not-utf8"),
        (b"a: b\0c\n", "nul-character"),
        (b"a: !!python/object/apply:os.system [id]\n", "custom-tag"),
        (b"a: 2024-13-45\n", "missing-key"),
        (SPEC.encode() + b"".join(b"  k%d: 1\n" % i for i in range(5_000)), "yaml-syntax"),
        (SPEC.replace("spec: {image: busybox:1.36}", "spec:\n  image: busybox:1.36").encode() + b"".join(b"  k%d: 1\n" % i for i in range(5_000)), "unknown-key"),
    ],
    ids=["50 MB", "1,000 levels", "100,000 levels", "colons", "aliases", "self-alias", "5,000 digits", "UTF-16", "surrogate", "Latin-1", "NUL", "python", "date", "braces", "5,000 errors"],
)  # fmt: skip
def test_a_monster_of_a_file_is_refused_in_little_time_and_memory(lab: Path, data: bytes, code: str) -> None:
    (lab / "sandbox.yaml").write_bytes(data)
    done = run("validate", cwd=lab)
    assert done.returncode == 3
    assert f"[{code}]" in done.stdout
    assert sorted(os.listdir(lab)) == ["sandbox.yaml"]


def test_a_bad_env_file_names_the_line_and_never_its_value(lab: Path) -> None:
    (lab / "sandbox.yaml").write_text(SPEC.replace("busybox:1.36}", "busybox:1.36, envFiles: [bad.env]}"), encoding="utf-8")  # fmt: skip
    (lab / "bad.env").write_text("GOOD=1\nTOKEN = hunter2\n'hunter3\nA=\"hunter4\n", encoding="utf-8")
    done = run("validate", cwd=lab)
    assert done.returncode == 3
    assert "hunter" not in done.stdout + done.stderr
    assert [line.split(":")[1] for line in done.stdout.splitlines() if line.startswith("bad.env:")] == ["2", "3", "4"]


def test_a_directory_that_may_not_be_written_is_told(lab: Path) -> None:
    done = run("init", "/proc/sandbox.yaml", cwd=lab)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) <= 2
