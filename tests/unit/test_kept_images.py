"""An image's own say is asked for once, by its id; a name may mean another image tomorrow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandboxctl.backends.base import ImageConfig
from sandboxctl.backends.kept_images import config

ID = "sha256:" + "ab" * 32
FOUND = ImageConfig(
    id=ID,
    user="1:2",
    entrypoint=("a",),
    command=("b", "c"),
    workdir="/w",
    env={"A": "1"},
    volumes=("/v",),
    labels={"l": ""},
)


class Engine:
    def __init__(self, found: ImageConfig | None) -> None:
        self.found = found
        self.asked: list[str] = []

    def __call__(self, image: str) -> ImageConfig | None:
        self.asked.append(image)
        return self.found


def test_an_id_is_asked_for_once(clean_home: Path) -> None:
    engine = Engine(FOUND)
    assert [config(ID, engine), config(ID, engine)] == [FOUND, FOUND]
    assert engine.asked == [ID]


def test_a_name_is_asked_for_each_time(clean_home: Path) -> None:
    engine = Engine(FOUND)
    assert [config("busybox:1", engine), config("busybox:1", engine)] == [FOUND, FOUND]
    assert engine.asked == ["busybox:1", "busybox:1"]


def test_what_is_not_there_is_not_kept(clean_home: Path) -> None:
    assert config(ID, Engine(None)) is None
    assert config(ID, Engine(FOUND)) == FOUND


@pytest.mark.parametrize("change", [{"user": 7}, {"env": {"A": 1}}, {"id": "sha256:" + "cd" * 32}, {"more": ""}])
def test_an_entry_of_another_form_is_asked_for_again(clean_home: Path, change: dict[str, object]) -> None:
    from sandboxctl import cache

    config(ID, Engine(FOUND))
    (path,) = (clean_home / ".cache" / "sandboxctl").iterdir()
    entry = json.loads(path.read_bytes().partition(b"\n")[2])
    cache.write(path.name, entry | change, lambda _: None)
    engine = Engine(FOUND)
    assert config(ID, engine) == FOUND
    assert engine.asked == [ID]
