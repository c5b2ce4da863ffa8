"""Images that the engine builds from a directory: once for each content, and nothing is left of one that fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandboxctl.errors import ConflictError, FailedError, InvalidError
from sandboxctl.spec import BUILD_REPOSITORY
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

IMAGE = {"image": {"build": {"context": "./context", "args": {"SAID": "hello"}}}}


@pytest.fixture(autouse=True)
def _built_images(engine: EngineUnderTest, name: str) -> Iterator[None]:
    """What the test has the engine build is gone afterwards."""
    before = engine.image_names(BUILD_REPOSITORY)
    yield
    engine.client("rm", "--force", *(each for each in engine.containers() if each.startswith(name)), check=False)
    for image in engine.image_names(BUILD_REPOSITORY) - before:
        engine.client("rmi", image, check=False)


def write(bench: Workbench, *steps: str, name: str) -> None:
    """A context that no other test has: a file has the test's name in it."""
    context = bench.directory / "context"
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text("\n".join([f"FROM {bench.image}", *steps, ""]))
    (context / "data").write_text(name)


def test_an_image_is_built_once_for_each_content(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    steps = ("ARG SAID=nothing", "COPY data /opt/data", "RUN echo $SAID > /opt/said", "ENV FROM_IMAGE=yes")
    write(bench, *steps, name=name)
    spec = bench.spec(name, IMAGE)
    assert bench.applied(spec) == "created"
    assert bench.sh(name, "cat /opt/said /opt/data; echo $FROM_IMAGE") == f"hello\n{name}yes"
    assert bench.plan(spec).pending == ()
    assert bench.applied(bench.spec(f"{name}-b", IMAGE)) == "created"
    built = [event.message for event in bench.events if event.step == "build"]
    assert len([message for message in built if message.startswith("image from ")]) == 1
    write(bench, *steps, name=f"{name} anew")
    (action,) = bench.plan(spec := bench.spec(name, IMAGE)).actions
    assert [".".join(change.key) for change in action.changes] == ["image"]
    assert bench.applied(spec) == "replaced"
    assert bench.sh(name, "cat /opt/data") == f"{name} anew"
    assert bench.plan(spec).pending == ()


def test_one_stage_of_several_by_another_dockerfile(bench: Workbench, name: str) -> None:
    write(bench, name=name)
    stages = f"FROM {bench.image} AS first\nRUN echo first > /which\nFROM first AS second\nRUN echo second > /which\n"
    (bench.directory / "context" / "other").mkdir()
    (bench.directory / "context" / "other" / "Built").write_text(f"# {name}\n{stages}")
    build = {"context": "./context", "dockerfile": "other/Built", "target": "first"}
    bench.applied(bench.spec(name, {"image": {"build": build}}))
    assert bench.sh(name, "cat /which") == "first"


def test_a_step_that_fails_shows_its_last_lines_and_leaves_nothing(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    write(bench, "RUN echo the reason; exit 3", name=name)
    images = engine.image_names(BUILD_REPOSITORY)
    with pytest.raises(FailedError) as failed:
        bench.apply(bench.spec(name, IMAGE))
    assert str(failed.value).startswith("image.build: ")
    assert "\n  the reason" in str(failed.value)
    assert (engine.image_names(BUILD_REPOSITORY), name in engine.containers()) == (images, False)


def test_a_dockerfile_that_is_none_is_the_engines_word(bench: Workbench, name: str) -> None:
    write(bench, "NONSENSE", name=name)
    with pytest.raises(FailedError, match=r"(?i)unknown instruction"):
        bench.apply(bench.spec(name, IMAGE))


def test_a_context_that_changes_after_it_was_read_is_not_built(bench: Workbench, name: str) -> None:
    write(bench, name=name)
    plan = bench.plan(bench.spec(name, IMAGE))
    (bench.directory / "context" / "data").write_text("changed")
    with pytest.raises(ConflictError, match="has changed since the spec was read"):
        bench.carry_out(plan)


def test_what_is_ignored_neither_counts_nor_is_sent(bench: Workbench, name: str) -> None:
    write(bench, "COPY . /opt/", name=name)
    (bench.directory / "context" / ".dockerignore").write_text("secret\n")
    (bench.directory / "context" / "secret").write_text("swordfish")
    spec = bench.spec(name, IMAGE)
    bench.applied(spec)
    assert bench.sh(name, "ls /opt") == "Dockerfile\ndata"
    (bench.directory / "context" / "secret").write_text("another")
    assert bench.plan(bench.spec(name, IMAGE)).pending == ()


def test_never_pulled_means_never_built(bench: Workbench, name: str) -> None:
    write(bench, name=name)
    with pytest.raises(InvalidError, match="image-not-found"):
        bench.apply(bench.spec(name, {"image": {**IMAGE["image"], "pull": "never"}}))
