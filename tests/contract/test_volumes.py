"""Named volumes: made once for the sandbox's user, and taken away only where they are ours and were asked to go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

pytestmark = pytest.mark.usefixtures("room")


def mounts(engine: EngineUnderTest, name: str, **options: Any) -> dict[str, Any]:
    volume = {"type": "volume", "source": f"{name}-data", "target": "/data"}
    return {"mounts": [{**volume, **engine.new_volume, **options}]}


def owner(engine: EngineUnderTest, volume: str) -> tuple[int, int, int]:
    found = engine.volume_path(volume).stat()
    return (found.st_uid, found.st_gid, found.st_mode & 0o7777)


def test_a_new_one_is_the_users_own(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    spec = bench.spec(name, mounts(engine, name), {"security": {"user": 12345, "group": 54321}})
    bench.applied(spec)
    assert owner(engine, f"{name}-data") == (12345, 54321, 0o700)
    assert bench.sh(name, "echo kept >/data/file; stat -c '%u:%g %a' /data") == "12345:54321 700"
    assert bench.plan(spec).pending == ()


def test_one_that_is_there_is_left_as_it_is(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.create_volume(f"{name}-data")
    path = engine.volume_path(f"{name}-data")
    path.chmod(0o777)
    (path / "file").write_text("theirs")
    before = owner(engine, f"{name}-data")
    bench.applied(bench.spec(name, mounts(engine, name)))
    assert bench.sh(name, "cat /data/file") == "theirs"
    assert owner(engine, f"{name}-data") == before


def test_it_is_not_filled_from_the_image(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    volume = {"type": "volume", "source": f"{name}-data", "target": "/usr/share", **engine.new_volume}
    bench.applied(bench.spec(name, {"image": engine.images.python, "mounts": [volume]}))
    assert bench.sh(name, "ls /usr/share") == ""


def test_it_outlives_replace_and_delete(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, mounts(engine, name)))
    bench.sh(name, "echo kept >/data/file")
    assert bench.applied(bench.spec(name, mounts(engine, name), {"env": {"A": "1"}})) == "replaced"
    assert bench.sh(name, "cat /data/file") == "kept"
    bench.delete(name)
    assert f"{name}-data" in engine.volumes()
    bench.applied(bench.spec(name, mounts(engine, name)))
    assert bench.sh(name, "cat /data/file") == "kept"


def test_one_that_is_not_kept_goes_with_the_sandbox(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, mounts(engine, name, keep=False)))
    bench.applied(bench.spec(name, mounts(engine, name, keep=False), {"env": {"A": "1"}}))
    assert f"{name}-data" in engine.volumes()
    bench.delete(name)
    assert f"{name}-data" not in engine.volumes()


def test_one_that_is_somebody_elses_stays_even_then(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    engine.create_volume(f"{name}-data")
    engine.volume_path(f"{name}-data").chmod(0o777)
    bench.applied(bench.spec(name, mounts(engine, name, keep=False)))
    bench.delete(name)
    assert f"{name}-data" in engine.volumes()


def test_one_of_another_sandbox_of_ours_stays(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    specs = [bench.spec(f"{name}-{letter}", mounts(engine, name, keep=False)) for letter in "ab"]
    bench.applied(specs[0])
    bench.applied(specs[1])
    bench.delete(f"{name}-b")
    assert f"{name}-data" in engine.volumes()
    assert bench.sh(f"{name}-a", "touch /data/x && echo written") == "written"


def test_whether_it_is_kept_is_what_the_last_spec_said(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, mounts(engine, name, keep=False)))
    assert bench.plan(bench.spec(name, mounts(engine, name))).pending == ()
    bench.applied(bench.spec(name, mounts(engine, name), {"env": {"A": "1"}}))
    bench.delete(name)
    assert f"{name}-data" in engine.volumes()


def test_of_a_create_that_fails_only_the_new_one_goes(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(f"{name}-good", mounts(engine, name)))
    both = [
        {"type": "volume", "source": f"{name}-data", "target": "/data", **engine.new_volume},
        {"type": "volume", "source": f"{name}-new", "target": "/new", **engine.new_volume},
    ]
    fragment = {"mounts": both, "command": ["false"], "lifecycle": {"ready": {"minSeconds": 5}}}
    (result,) = bench.apply(bench.spec(name, fragment))
    assert result.outcome == "failed"
    assert {each for each in engine.volumes() if each.startswith(name)} == {f"{name}-data"}
