"""The table of codes holds each code that there is, and what it says of each is so."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandboxctl import codes
from sandboxctl.load import load
from sandboxctl.report import codes as report

ROOT = Path(__file__).parents[2]
_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TAKES_A_CODE_FIRST = {"error", "warning", "refuse", "_problem", "_report", "_Mistake"}
_RETURNS_WORDS = ("expectation.py",)
_NEEDS_MORE_THAN_A_SPEC = {  # an engine, a policy, several files, or bytes that no text can hold
    "not-utf8", "too-large", "too-many-nodes", "no-sandbox", "same-identity", "env-syntax", "bad-value", "config-backends", "config-form", "overlay-form", "overlay-remove", "overlay-unused", "overlay-weakens", "set-path",
    "set-syntax", "left-to-do",
    *(code.name for title, group in codes.SECTIONS for code in group if title in ("What an engine has not", "Policies")),
}  # fmt: skip


def _texts(node: ast.expr) -> Iterator[str]:
    """The codes that an expression may be."""
    match node:
        case ast.Constant(value=str() as text) if _WORD.fullmatch(text):
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_texts(body), *_texts(orelse))


def _of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield from _texts(keyword.value)
    if name in _TAKES_A_CODE_FIRST:
        words = (list(_texts(argument)) for argument in call.args[:3])
        yield from next((word for word in words if word), ())
    if name == "get" and len(call.args) == 2 and list(_texts(call.args[0])) == ["x-code"]:
        yield from _texts(call.args[1])


def _of_module(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call():
                yield from _of_call(node)
            case ast.Return(value=ast.Tuple(elts=[first, *_])) if path.name in _RETURNS_WORDS:
                yield from _texts(first)
            case ast.FunctionDef(args=ast.arguments(kwonlyargs=names, kw_defaults=defaults)):
                for name, default in zip(names, defaults, strict=True):
                    if name.arg == "code" and default is not None:
                        yield from _texts(default)
            case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as default):
                yield from _texts(default)


def _of_schemas() -> Iterator[str]:
    for path in (ROOT / "schemas").glob("*.json"):
        yield from re.findall(r'"x-code": "([^"]+)"', path.read_text(encoding="utf-8"))


def _of_specs() -> Iterator[str]:
    for path in (ROOT / "tests" / "specs").glob("*/*.yaml"):
        yield from re.findall(r"(?m)^# (?:expect|warn): ([a-z0-9-]+)", path.read_bytes().decode("utf-8", "replace"))


def test_the_table_holds_every_code_once_and_no_other() -> None:
    used = {code for path in (ROOT / "sandboxctl").rglob("*.py") for code in _of_module(path)}
    used |= {*_of_schemas(), *_of_specs()}
    names = [code.name for code in codes.TABLE]
    assert len(set(names)) == len(names)
    assert sorted(used - set(names)) == [], "not in the table of sandboxctl/codes.py"
    assert sorted(set(names) - used) == [], "used nowhere"


def document(example: str) -> str:
    """A whole spec around lines of its `spec`, of its metadata, or of its head."""
    lines = {
        "apiVersion": "apiVersion: sandboxctl.dev/v1",
        "kind": "kind: Sandbox",
        "metadata": "metadata: {name: box}",
    }
    first = example.partition(":")[0]
    if example.startswith(("---", "apiVersion: sandboxctl.dev/v1\n")):
        return example
    if first in lines:
        lines[first] = example
        example = "image: busybox:1.36"
    elif not re.search(r"(?m)^image:", example):
        example = f"image: busybox:1.36\n{example}"
    return "\n".join([*lines.values(), "spec:", *(f"  {line}" for line in example.splitlines())]) + "\n"


@pytest.mark.parametrize("code", [code for code in codes.TABLE if code.name not in _NEEDS_MORE_THAN_A_SPEC], ids=lambda code: code.name)  # fmt: skip
def test_an_example_has_its_code_and_its_fix_has_no_error(
    code: codes.Code, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "lab"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("notes.txt").write_text("no profile\n", encoding="utf-8")
    Path("Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    found = {}
    for name, example in (("wrong", code.wrong), ("right", code.right)):
        Path(f"{name}.yaml").write_text(document(example), encoding="utf-8")
        found[name] = {problem.code for problem in load([f"{name}.yaml"]).problems}
    assert code.name in found["wrong"]
    assert found["right"] <= {"commit-nothing", "allow-unused", "public-port"} - {code.name}


@pytest.mark.parametrize("code", codes.TABLE, ids=lambda code: code.name)
def test_what_is_shown_as_wrong_is_not_shown_as_right(code: codes.Code) -> None:
    wrong, _, right = report.to_text(code).partition("wrong:\n")[2].partition("right:\n")
    assert wrong != right


def test_a_code_is_found_by_its_name_and_by_what_was_meant() -> None:
    assert codes.find("unknown-key") == next(code for code in codes.TABLE if code.name == "unknown-key")
    assert codes.find("unknown") is None
    assert codes.nearest("unkown-key") == "unknown-key"


def test_every_code_has_a_meaning_in_one_or_two_sentences() -> None:
    assert [code.name for code in codes.TABLE if not code.about.endswith(".") or len(code.about) > 130] == []


def test_the_table_is_data_that_json_can_hold() -> None:
    json.dumps([(code.name, code.about, code.wrong, code.right) for code in codes.TABLE])
