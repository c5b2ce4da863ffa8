"""A value is data, byte for byte, on its whole way from the YAML to the process."""

from __future__ import annotations

import pytest

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

TEXTS = {
    "newlines": "a\nb\n\nc\n",
    "carriage_returns": "a\r\nb\rc",
    "tabs_and_spaces": "\t a  b \t",
    "quotes": "\"double\" 'single' `back`",
    "backslashes": "C:\\new\\table \\u0041 \\x41 \\\\",
    "jinja": "{{ 7 * 7 }} {% raw %} {# gone #} {{ sandbox.name }} }}",
    "shell": "$HOME $(id) `id` ; | & > < * ? ~ !",
    "format": "%s %(name)s {0} {name} %%",
    "yaml": "no: [yes, ~, null] & * # | > - ? !!str 'x",
    "numbers": "0777",
    "boolean": "no",
    "null": "null",
    "empty": "",
    "accents": "Zürich – naïve – ß",
    "emoji": "🦊👩‍💻🇨🇭",
    "other_scripts": "日本語 עברית العربية हिन्दी",
    "combining": "e\u0301 \u202eright to left\u202c",
    "line_separators": "a\u2028b\u2029c\x85d",
    "control": "\x01\x1b[31mred\x1b[0m\x7f",
    "byte_order_mark": "\ufeffx",
    "json": '{"a": [1, 2.50, "b"]}',
    "equals": "a=b=c",
    "long": "0123456789abcdef" * 6400,
}


def test_in_the_environment(bench: Workbench, name: str) -> None:
    spec = bench.spec(name, {"env": {f"T_{key.upper()}": text for key, text in TEXTS.items()}})
    bench.applied(spec)
    found = {key: bench.exec(name, "sh", "-c", f'printf %s "$T_{key.upper()}"').stdout.decode() for key in TEXTS}
    assert found == TEXTS
    assert bench.plan(spec).pending == ()


def test_in_arguments(bench: Workbench, name: str) -> None:
    script = 'for text; do printf "%s\\0" "$text"; done >/tmp/arguments; exec sleep 1000'
    spec = bench.spec(name, {"command": ["sh", "-c", script, "sh"], "args": list(TEXTS.values())})
    bench.applied(spec)
    found = bench.exec(name, "cat", "/tmp/arguments").stdout.decode().split("\0")[:-1]
    assert dict(zip(TEXTS, found, strict=True)) == TEXTS
    assert bench.plan(spec).pending == ()


@pytest.mark.parametrize("place", ["labels", "annotations"])
def test_in_labels(engine: EngineUnderTest, bench: Workbench, name: str, place: str) -> None:
    spec = bench.spec(name, metadata={place: TEXTS})
    bench.applied(spec)
    assert {key: engine.setting(name, f"{place.removesuffix('s')} {key}") for key in TEXTS} == TEXTS
    assert bench.plan(spec).pending == ()


@pytest.mark.proves(
    "metadata.labels/oddly named", "metadata.labels/of an odd value", "metadata.annotations/oddly named",
    "metadata.annotations/very large",
)  # fmt: skip
def test_in_names_of_labels(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    large = "x" * 140_000
    spec = bench.spec(name, metadata={"labels": {"a+b/é": "b+c"}, "annotations": {"c+d": "e", "large": large}})
    bench.applied(spec)
    found = [engine.setting(name, word) for word in ("label a+b/é", "annotation c+d", "annotation large")]
    assert [value == wanted for value, wanted in zip(found, ("b+c", "e", large), strict=True)] == [True] * 3
    assert bench.plan(spec).pending == ()


def test_in_an_exec(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    found = bench.exec(name, "sh", "-c", 'for text; do printf "%s\\0" "$text"; done', "sh", *TEXTS.values())
    assert dict(zip(TEXTS, found.stdout.decode().split("\0")[:-1], strict=True)) == TEXTS


def test_in_a_file_from_the_environment(bench: Workbench, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {key: text for key, text in TEXTS.items() if text}
    for key, text in texts.items():
        monkeypatch.setenv(f"SECRET_{key.upper()}", text)
    spec = bench.spec(name, {"env": {f"T_{key.upper()}": {"fromEnv": f"SECRET_{key.upper()}"} for key in texts}})
    bench.applied(spec)
    found = {key: bench.exec(name, "sh", "-c", f'printf %s "$T_{key.upper()}"').stdout.decode() for key in texts}
    assert found == texts
    assert bench.plan(spec).pending == ()
