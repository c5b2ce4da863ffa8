"""What Docker takes from an image or from a hand-made request without a word, looked at where it counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.engines import DockerUnderTest
from tests.contract.workbench import Workbench

OWN = (
    "ENV LANG=C.UTF-8",
    "LABEL theirs=1",
    "CMD sleep 1000",
    "HEALTHCHECK --interval=5s --timeout=5s --start-period=77s CMD true",
)
"""What the image of these tests says by itself."""


@pytest.fixture
def engine(docker_under_test: DockerUnderTest) -> DockerUnderTest:
    """In place of the suite's: Docker alone."""
    return docker_under_test


@pytest.fixture
def image(engine: DockerUnderTest, name: str) -> Iterator[str]:
    """An image that says more than most."""
    reference = f"localhost/{name}:1"
    engine.client("create", "--name", f"{name}-base", engine.images.busybox)
    engine.client("commit", *(word for each in OWN for word in ("--change", each)), f"{name}-base", reference)
    engine.client("rm", f"{name}-base")
    yield reference
    engine.clear(name)
    engine.client("rmi", "--force", reference)


def drifted(bench: Workbench, spec: Any) -> list[tuple[str, Any]]:
    """What the plan tells to have been changed by hand, and what it shows of the live value."""
    (action,) = bench.plan(spec).actions
    return [(".".join(each.key), each.before) for each in action.changes if each.cause == "drift"]


def test_a_health_check_without_a_start_period_has_none_of_the_images(
    engine: DockerUnderTest, bench: Workbench, name: str, image: str
) -> None:
    spec = bench.spec(name, {"image": image, "health": {"command": ["true"], "interval": "1s"}})
    bench.applied(spec)
    shown = engine.client("inspect", "--format", "{{.Config.Healthcheck.StartPeriod}}", name).stdout.strip()
    assert shown == "1ms"
    assert bench.plan(spec).pending == ()


@pytest.mark.parametrize(
    ("option", "seen"),
    [
        ("--env=LD_PRELOAD=/x.so", ("env.LD_PRELOAD", None)),
        ("--env=LANG=other", ("env.LANG", None)),
        ("--env=PATH=/elsewhere", ("env.PATH", None)),
        ("--label=evil=1", ("labels.evil", "1")),
        ("--label=theirs=2", ("labels.theirs", "2")),
        ("--entrypoint=/bin/sh", ("command", ["/bin/sh"])),
        ("--domainname=x.test", ("docker.Domainname", "x.test")),
    ],
)
def test_what_a_copy_has_from_neither_its_image_nor_its_spec_is_seen(
    engine: DockerUnderTest, bench: Workbench, name: str, image: str, option: str, seen: tuple[str, Any]
) -> None:
    spec = bench.spec(name, {"image": image, "run": "image"})
    bench.applied(spec)
    labels = [f"--label={key}={value}" for key, value in engine.labels(name).items()]
    engine.client("rm", "--force", name)
    engine.client("create", "--name", name, *labels, option, image)
    assert seen in drifted(bench, spec)


def test_what_a_copy_has_from_its_image_is_no_drift(
    engine: DockerUnderTest, bench: Workbench, name: str, image: str
) -> None:
    spec = bench.spec(name, {"image": image, "run": "image"})
    bench.applied(spec)
    labels = [f"--label={key}={value}" for key, value in engine.labels(name).items()]
    assert bench.plan(spec).pending == ()
    engine.client("rm", "--force", name)
    engine.client("create", "--name", name, *labels, image)
    assert not {"env", "labels", "command", "args"} & {key.partition(".")[0] for key, _ in drifted(bench, spec)}


def test_without_what_it_was_made_from_the_hash_tells_of_what_inspect_cannot_show(
    engine: DockerUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name)
    bench.applied(spec)
    labels = engine.labels(name) | {"sandboxctl.dev/applied": "unreadable"}
    for spec_hash, changed in ((labels["sandboxctl.dev/spec-hash"], False), ("v1:sha256:0", True)):
        engine.client("rm", "--force", name)
        engine.copy_of_a_default_sandbox(name, labels | {"sandboxctl.dev/spec-hash": spec_hash})
        keys = [each.key for each in bench.plan(spec).actions[0].changes]
        assert keys == ([("labels", "sandboxctl.dev/spec-hash")] if changed else [])
