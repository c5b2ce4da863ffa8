"""What each example is on each backend, held against `tests/golden/<example>.<backend>.yaml`, as units `.quadlet`.

A file holds what `render` prints, or, where the backend refuses the spec, each refusal as a comment. After a change
that is meant, `UPDATE_GOLDEN=1 pytest tests/golden` writes them anew; the difference is then for a reader to judge.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from sandboxctl.capabilities import refusals
from sandboxctl.load import load
from sandboxctl.problems import Problem
from sandboxctl.render import render, to_text
from sandboxctl.spec import BACKENDS, FORMS, Loaded

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
WRITTEN_ONLY_FOR = {
    "kubernetes-job": "kubernetes",
    "kubernetes-placement": "kubernetes",
    "kubernetes-probed": "kubernetes",
    "kubernetes-settings": "kubernetes",
    "kubernetes-volume": "kubernetes",
    "pod": "podman",
    "rootless": "podman",
}
"""Examples that are not for Docker: every other one must be."""


def sandboxes(name: str) -> tuple[Loaded, ...]:
    result = load([str(EXAMPLES / f"{name}.yaml")])
    assert result.problems == ()
    return result.loaded


def shown(problem: Problem) -> str:
    assert problem.range is not None
    place = f"{problem.range.start.line}:{problem.range.start.column}"
    return f"# {place} {problem.code}: {problem.message}\n#   {problem.hint}\n"


def text(name: str, backend: str) -> str:
    """The golden text; paths of this checkout are written as `EXAMPLES`."""
    loaded = sandboxes(name)
    refused = [problem for each in loaded for problem in refusals(each, backend)]
    if refused:
        return f"# Refused on {backend}\n" + "".join(shown(problem) for problem in refused)
    payloads = [render(each.sandbox, backend) for each in loaded]
    return to_text(payloads, output="yaml", show_secrets=False).replace(str(EXAMPLES), "EXAMPLES")


def golden_of(name: str, form: str) -> Path:
    return HERE / (f"{name}.{form}.yaml" if form in BACKENDS else f"{name}.{form}")


@pytest.mark.parametrize("backend", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_what_it_was(name: str, backend: str) -> None:
    golden = golden_of(name, backend)
    current = text(name, backend)
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(current, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == current


@pytest.mark.parametrize("name", NAMES)
def test_what_an_example_prints_reads_back_as_what_is_sent(name: str) -> None:
    for backend in BACKENDS:
        if any(refusals(each, backend) for each in sandboxes(name)):
            continue
        payloads = [render(each.sandbox, backend) for each in sandboxes(name)]
        sent = [document for payload in payloads for document in payload.documents]
        assert list(yaml.safe_load_all(to_text(payloads, output="yaml", show_secrets=True))) == sent


def test_every_example_can_be_had_on_docker_unless_it_is_for_another_backend() -> None:
    refused = {name for name in NAMES if any(refusals(each, "docker") for each in sandboxes(name))}
    assert refused - set(WRITTEN_ONLY_FOR) == set()


@pytest.mark.parametrize(("name", "backend"), WRITTEN_ONLY_FOR.items())
def test_an_example_for_one_backend_says_so_itself(name: str, backend: str) -> None:
    assert {each.sandbox.backend for each in sandboxes(name)} == {backend}


@pytest.mark.parametrize(("name", "backend"), WRITTEN_ONLY_FOR.items())
def test_an_example_for_one_backend_can_be_had_there(name: str, backend: str) -> None:
    assert {refusals(each, backend) for each in sandboxes(name)} == {()}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_begins_by_saying_what_it_is_for(name: str) -> None:
    assert (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8").startswith("# ")


def test_no_golden_is_left_of_an_example_that_is_gone() -> None:
    kept = {path for path in HERE.iterdir() if path.suffix in (".yaml", ".quadlet")}
    assert kept == {golden_of(name, form) for name in NAMES for form in FORMS}


def test_there_is_an_example_for_each_of_at_least_eight_uses() -> None:
    assert len(NAMES) >= 8
