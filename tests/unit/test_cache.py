"""What is kept between runs is believed only where it is whole and ours; whatever else lies there does no harm."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sandboxctl import cache

KEY = "ab" * 32
VALUE = {"a": [1, "ä", None, True]}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept; one value is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    kept()
    return tmp_path / "cache" / "sandboxctl"


def kept(key: str = KEY) -> list[str]:
    told: list[str] = []
    cache.write(key, VALUE, told.append)
    return told


def found() -> tuple[object, list[str]]:
    told: list[str] = []
    return cache.read(KEY, told.append), told


def test_what_was_kept_comes_back(place: Path) -> None:
    assert found() == (VALUE, [])


def test_nobody_else_can_read_it(place: Path) -> None:
    modes = [path.stat().st_mode & 0o777 for path in (place.parent, place, place / KEY)]
    assert modes == [0o700, 0o700, 0o600]
    assert os.listdir(place) == [KEY]


def test_where_nothing_was_kept_there_is_nothing_and_nothing_is_said(place: Path) -> None:
    (place / KEY).unlink()
    assert found() == (None, [])
    place.rmdir()
    assert found() == (None, [])


def cut(place: Path) -> None:
    content = (place / KEY).read_bytes()
    (place / KEY).write_bytes(content[:-1])


def flip(place: Path) -> None:
    content = (place / KEY).read_bytes()
    (place / KEY).write_bytes(content.replace(b"1", b"2"))


def empty(place: Path) -> None:
    (place / KEY).write_bytes(b"")


def another_form(place: Path) -> None:
    content = (place / KEY).read_bytes()
    (place / KEY).write_bytes(content.replace(b"cache 1", b"cache 2"))


def writable_by_others(place: Path) -> None:
    (place / KEY).chmod(0o666)


def open_to_others(place: Path) -> None:
    place.chmod(0o755)


def behind_a_link(place: Path) -> None:
    place.rename(place.with_name("elsewhere"))
    place.symlink_to("elsewhere")


def linked(place: Path) -> None:
    (place / KEY).rename(place / "other")
    (place / KEY).symlink_to("other")


def a_fifo(place: Path) -> None:
    (place / KEY).unlink()
    os.mkfifo(place / KEY, 0o600)


def a_directory(place: Path) -> None:
    (place / KEY).unlink()
    (place / KEY).mkdir()


def anothers_file(place: Path) -> None:
    os.chown(place / KEY, 12345, 12345)


def anothers_directory(place: Path) -> None:
    os.chown(place, 12345, 12345)


BROKEN = [
    cut,
    flip,
    empty,
    another_form,
    writable_by_others,
    open_to_others,
    behind_a_link,
    linked,
    a_fifo,
    a_directory,
]
AS_ROOT = [anothers_file, anothers_directory]


@pytest.mark.parametrize("spoil", [*BROKEN, *AS_ROOT])
def test_what_is_not_whole_or_not_ours_is_ignored_and_somebody_who_asks_is_told(
    place: Path, spoil: Callable[[Path], None]
) -> None:
    if spoil in AS_ROOT and os.geteuid() != 0:
        pytest.skip("only root may give a file away")
    spoil(place)
    value, told = found()
    assert value is None
    assert len(told) == 1
    assert told[0].startswith(f"the cache in {place} is not used: ")


@pytest.mark.parametrize("spoil", [cut, flip, empty, another_form, writable_by_others, linked, a_fifo])
def test_a_bad_entry_is_replaced_by_the_next_good_one(place: Path, spoil: Callable[[Path], None]) -> None:
    spoil(place)
    assert kept() == []
    assert found() == (VALUE, [])


@pytest.mark.parametrize("spoil", [open_to_others, behind_a_link, a_directory])
def test_nothing_is_kept_where_others_could_write(place: Path, spoil: Callable[[Path], None]) -> None:
    spoil(place)
    told = kept()
    assert len(told) == 1
    assert told[0].startswith(f"nothing is kept in {place}: ")


def test_root_leaves_nothing_in_the_home_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may give a directory away")
    os.chown(tmp_path, 12345, 12345)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kept() == [f"nothing is kept in {tmp_path}/.cache/sandboxctl: it belongs to another user"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("home", [None, "", "relative", "/proc/none"])
def test_without_a_home_nothing_is_kept_and_nothing_fails(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    kept()
    assert found()[0] is None


def test_old_entries_make_room(place: Path) -> None:
    for number in range(256):
        kept(f"{number:064x}")
        os.utime(place / f"{number:064x}", (number, number))
    assert len(os.listdir(place)) < 257
    assert f"{255:064x}" in os.listdir(place)
    assert f"{0:064x}" not in os.listdir(place)
