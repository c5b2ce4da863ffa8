"""What the end of the contract suite says about itself is true of the tests and of the table."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandboxctl.capabilities.table import cell_of, exact_cell
from sandboxctl.spec import BACKENDS
from tests.contract.coverage import NOT_SEEN, NOWHERE_SEEN, PROVED_BY, missing, promised, summary
from tests.contract.field_cases import CASES

CONTRACT = Path(__file__).parents[1] / "contract"


@pytest.mark.parametrize("beginning", PROVED_BY)
def test_what_is_said_to_prove_a_field_is_a_test(beginning: str) -> None:
    file, _, function = beginning.partition("::")
    names = {node.name for node in ast.parse((CONTRACT / file).read_text()).body if isinstance(node, ast.FunctionDef)}
    assert not function or any(name.startswith(function.partition("[")[0]) for name in names)


def test_what_is_proved_is_a_field_of_the_table() -> None:
    said = {field for fields in PROVED_BY.values() for field in fields} | {case.field for case in CASES}
    for field in said:
        name, _, variant = field.partition("/")
        assert exact_cell(tuple(name.split(".")), "docker", variant or None) or cell_of(
            tuple(name.split(".")), "docker"
        )


def test_every_promise_has_a_test_that_sees_its_effect_or_a_reason() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.coverage"], cwd=CONTRACT.parents[1], capture_output=True, text=True,
        env={**os.environ, "SANDBOXCTL_TEST_ENGINES": " ".join(BACKENDS)},
    )  # fmt: skip
    claims = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("claims ")).partition(" ")[2])
    for backend in BACKENDS:
        unseen = missing(backend, {field for field, where in claims if where == backend})
        said = {name for name in (*NOWHERE_SEEN, *NOT_SEEN[backend]) if name in promised(backend)}
        assert (backend, unseen - said, said - unseen) == (backend, frozenset(), set())


def test_the_end_of_a_run_counts_by_backend() -> None:
    proved = {("image", "docker"), ("run", "docker"), ("image", "podman")}
    assert list(summary(proved)) == ["docker: 2: image run", "podman: 1: image", "3 effects proved"]


def test_a_whole_run_says_which_promises_it_has_not_seen() -> None:
    left_out = {"resources.cpu", "lifecycle.ttl/idle"}
    seen = {(name, "docker") for name in promised("docker") - left_out}
    whole, unseen, total = summary(seen)
    assert unseen == "docker: 2 promised and not seen in this run: lifecycle.ttl/idle resources.cpu"
    assert total == f"{len(seen)} effects proved"
    assert whole.startswith(f"docker: {len(seen)}: ")


def test_a_part_of_a_field_shows_the_field() -> None:
    rest = {(name, "docker") for name in promised("docker") - {"lifecycle.restart", "lifecycle.restart.max"}}
    lines = list(summary(rest | {("lifecycle.restart.max", "docker")}))
    assert lines[1] == "docker: 0 promised and not seen in this run: "
