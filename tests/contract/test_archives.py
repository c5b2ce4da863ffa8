"""Images from local archives, and references that move."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl.errors import InvalidError
from sandboxctl.spec import ARCHIVE_REPOSITORY
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


@pytest.fixture
def loaded_images(engine: EngineUnderTest, name: str) -> Iterator[None]:
    """What the test has the engine load is gone afterwards."""
    before = loaded(engine, name)
    yield
    engine.client("rm", "--force", *(each for each in engine.containers() if each.startswith(name)), check=False)
    for image in loaded(engine, name) - before:
        engine.client("rmi", image, check=False)


def loaded(engine: EngineUnderTest, name: str) -> frozenset[str]:
    """What only these tests make: out of an archive, under our name for it or the one that it holds, and a tag."""
    names = (ARCHIVE_REPOSITORY, engine.images.archived, f"localhost/{name}")
    return frozenset().union(*(engine.image_names(each) for each in names))


@pytest.fixture(params=["busybox_rootfs", "busybox_archive"])
def archive(request: pytest.FixtureRequest, engine: EngineUnderTest, bench: Workbench, name: str) -> Path:
    """An archive that no other test has loaded: one byte of padding makes its digest its own."""
    copy = bench.directory / "image.tar"
    shutil.copy(getattr(engine.images, request.param), copy)
    with copy.open("ab") as file:
        file.write(name.encode())
    return copy


@pytest.mark.usefixtures("loaded_images")
def test_an_archive_is_loaded_once(engine: EngineUnderTest, bench: Workbench, name: str, archive: Path) -> None:
    image = {"image": {"archive": "./image.tar"}}
    spec = bench.spec(name, image)
    assert bench.applied(spec) == "created"
    assert [event.step for event in bench.events].count("load") == 1
    assert bench.sh(name, "echo works") == "works"
    assert bench.plan(spec).pending == ()
    assert bench.applied(bench.spec(name, image, {"env": {"A": "1"}})) == "replaced"
    assert bench.applied(bench.spec(f"{name}-b", image)) == "created"
    assert [event.step for event in bench.events].count("load") == 1


@pytest.mark.usefixtures("loaded_images")
def test_an_archive_that_changes_is_another_image(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    copy = bench.directory / "image.tar"
    shutil.copy(engine.images.busybox_rootfs, copy)
    image = {"image": {"archive": "./image.tar"}}
    bench.applied(bench.spec(name, image))
    with copy.open("ab") as file:
        file.write(name.encode())
    (action,) = bench.plan(spec := bench.spec(name, image)).actions
    assert [".".join(change.key) for change in action.changes] == ["image"]
    assert bench.applied(spec) == "replaced"


def test_what_is_no_archive_is_refused(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    (bench.directory / "image.tar").write_text("no archive at all")
    with pytest.raises(InvalidError, match="is not an archive of an image"):
        bench.apply(bench.spec(name, {"image": {"archive": "./image.tar"}}))
    assert name not in engine.containers()


@pytest.mark.usefixtures("loaded_images")
def test_a_reference_that_now_names_another_image_is_a_replace(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    reference = f"localhost/{name}:1"
    engine.client("tag", engine.images.busybox, reference)
    spec = bench.spec(name, {"image": reference})
    bench.applied(spec)
    before = engine.setting(name, "image-id")
    engine.client("tag", engine.images.python, reference)
    (action,) = bench.plan(spec).actions
    assert (action.reason, [str(change.cause) for change in action.changes]) == (
        "replace_because_image_moved",
        ["image_moved"],
    )
    assert bench.applied(spec) == "replaced"
    assert engine.setting(name, "image-id") != before
    assert bench.plan(spec).pending == ()
