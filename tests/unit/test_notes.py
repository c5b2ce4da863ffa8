"""Notes in the state directory: advice that may be lost, and never an error to read."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sandboxctl import notes
from sandboxctl.errors import LocalFileError
from sandboxctl.spec import Image, Sandbox

BOX = Sandbox(name="box", image=Image(ref="docker.io/library/busybox:1.36"))


@pytest.fixture(autouse=True)
def state(clean_home: Path) -> Path:
    """Where the notes of the test are."""
    return clean_home / ".local/state/sandboxctl"


def test_a_note_is_read_again() -> None:
    notes.write("ref", BOX, b"salt")
    found = notes.read("ref")
    assert found is not None
    assert (found.sandbox, found.salt) == (BOX, b"salt")


def test_a_note_is_its_owners_alone_and_nothing_half_written_is_left(state: Path) -> None:
    notes.write("ref", BOX, b"salt")
    notes.write("ref", BOX, b"more")
    (file,) = (state / "applied").iterdir()
    assert (file.name, stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (
        "ref",
        0o600,
        0o700,
    )


def test_what_is_no_note_is_none(state: Path) -> None:
    (state / "applied").mkdir(parents=True)
    (state / "applied" / "ref").write_bytes(b"\xff\x00")
    (state / "applied" / "directory").mkdir()
    assert [notes.read(ref) for ref in ("ref", "directory", "absent")] == [None, None, None]


def test_forgetting_twice_is_forgetting_once() -> None:
    notes.write("ref", BOX, b"salt")
    notes.forget("ref")
    notes.forget("ref")
    assert notes.read("ref") is None


def test_where_nothing_can_be_written_is_told(state: Path) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text("a file where a directory should be")
    with pytest.raises(LocalFileError, match="cannot note the change"):
        notes.write("ref", BOX, b"salt")
    assert notes.read("ref") is None
    notes.forget("ref")


def test_without_a_home_there_are_no_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/nonexistent/home")
    assert notes.read("ref") is None
