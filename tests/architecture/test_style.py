"""The rules of architecture.md that no linter checks: sizes, docstrings, names, and where errors are caught.

An exception has its reason beside it; the list is the budget.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "sandboxctl"
MODULES = sorted(PACKAGE.rglob("*.py"))

LONGEST_MODULE = 350
LONGEST_FUNCTION = 40
LONGER_MODULES = {
    "spec.py": "the whole model on one page: declarations, no code",
    "backends/base.py": "the whole of what an engine is to the rest, on one page: declarations, no code",
    "codes.py": "one entry for each code of a problem: a table, no code",
}
MEANINGLESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "data", "info", "obj"}
CATCHES_EVERYTHING = {"cli/boundary.py"}
"""The one place where a bug becomes one line for the user."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def named(module: Path) -> str:
    return str(module.relative_to(PACKAGE))


def tree(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Classes, their methods, and functions that others may use."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def catches(handler: ast.ExceptHandler) -> set[str]:
    """The names that a handler catches; a bare one catches BaseException."""
    if handler.type is None:
        return {"BaseException"}
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(kind) for kind in kinds}


def reraises(handler: ast.ExceptHandler) -> bool:
    """Whether what was caught goes on at the end, so that it is a clean-up and nothing else."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise)


def test_no_module_is_longer_than_it_may_be() -> None:
    lengths = {named(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {name for name, length in lengths.items() if length > LONGEST_MODULE} <= set(LONGER_MODULES)


def test_no_function_is_longer_than_it_may_be() -> None:
    longer = [
        f"{named(module)}:{each.lineno} {each.name}"
        for module in MODULES
        for each in functions(module)
        if (each.end_lineno or each.lineno) - each.lineno + 1 > LONGEST_FUNCTION
    ]
    assert longer == []


def test_each_module_says_its_job() -> None:
    assert [named(module) for module in MODULES if not ast.get_docstring(tree(module))] == []


def test_each_public_function_and_class_says_what_it_is() -> None:
    silent = [
        f"{named(module)}: {name}"
        for module in MODULES
        for name, node in public(tree(module).body)
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_module_or_package_has_a_name_that_says_nothing() -> None:
    parts = {part.removesuffix(".py") for module in MODULES for part in module.relative_to(PACKAGE).parts}
    assert parts & MEANINGLESS == set()


def test_only_the_boundary_catches_every_exception() -> None:
    found = {
        named(module)
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler) and "Exception" in catches(node)
    }
    assert found == CATCHES_EVERYTHING


def test_what_catches_even_interrupts_lets_them_go_on() -> None:
    stopped = [
        f"{named(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler) and "BaseException" in catches(node) and not reraises(node)
    ]
    assert stopped == []


def test_no_error_is_swallowed_without_a_word() -> None:
    silent = [
        f"{named(module)}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
    ]
    assert silent == []


BACKENDS = {"docker", "podman", "kubernetes"}


def branches(module: Path) -> list[str]:
    """Comparisons of something with a backend's name."""
    return [
        f"{named(module)}:{node.lineno}"
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if isinstance(side, ast.Constant) and side.value in BACKENDS
    ]


@pytest.mark.parametrize("stage", ["apply", "plan.py", "diff.py", "observe.py", "report", "verify", "live.py", "rules"])
def test_no_stage_branches_on_a_backends_name(stage: str) -> None:
    modules = [module for module in MODULES if named(module) == stage or named(module).startswith(f"{stage}/")]
    assert modules
    assert [place for module in modules for place in branches(module)] == []
