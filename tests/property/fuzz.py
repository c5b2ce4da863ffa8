"""`make fuzz`: thousands of inputs, the same ones every time, none of which may end in an exception.

What a spec, a unit, an image reference or an env file may be: every text, and texts near to right ones, since those get
further. Wrong ones have to come back as problems (or a ValueError with words, for a unit) at a place of the file.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from sandboxctl import envfile, quantity
from sandboxctl.image_reference import ImageReference, ReferenceFault, parse
from sandboxctl.load import load

ROOT = Path(__file__).parents[2]
SPECS = sorted((ROOT / "tests" / "specs").glob("*/*.yaml"))
PIECES = [
    *"[]{},:-?|>*&!%@#'\"\\ \n\t\r\0\x1b\x7f", "\ufeff", "\u202e", "\u200b", "🎉", "é", "\x85", "\u2028", ": ", "\n- ",
    "\n  ", "&x ", "*x", "<<: ", "${A}", "${", "$${", "---\n", "...\n", "!!python/name:os", "no", "0777", "1_0", ".nan",
    "null", "~", "-1", "0", "99999999999999999999", "1e3", "0x10", "22:22", "2024-01-01", "ALL", "root", "/", "..", "/../",
    "/proc", "a" * 300, "@sha256:", "512m", "1Gi", "-", "--", "=", "KEY=", "export ", "\\",
]  # fmt: skip
INPUTS = 10_000
SEED = 20_240_229


@st.composite
def near_specs(draw: st.DrawFn) -> bytes:
    """A spec of the tests with a few pieces put in, taken out or doubled."""
    data = draw(st.sampled_from(SPECS)).read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        piece = draw(st.sampled_from(PIECES) | st.text(max_size=4)).encode("utf-8", "surrogatepass")
        taken = draw(st.integers(0, 12))
        data = data[:at] + piece + data[at + taken :]
    return data


TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=12).map("".join)
NUMBERS = st.from_regex(r"[-+]?[0-9]{0,22}(\.[0-9]{0,12})?\s?[a-zA-Zµ]{0,4}", fullmatch=True)


def a_spec(data: bytes) -> None:
    """Through text, schema, decode and rules."""
    Path("spec.yaml").write_bytes(data)
    for problem in load(["spec.yaml"]).problems:
        assert problem.code
        assert problem.message
        assert problem.range is not None


def a_unit(text: str) -> None:
    """Every reader of a quantity says a number or why not."""
    for read in (quantity.parse_bytes, quantity.parse_cpu, quantity.parse_duration, quantity.parse_seconds):
        with suppress(ValueError):
            assert read(text) >= 0


def a_reference(text: str) -> None:
    """What is read can be read again, and is the same; a fault shows no password."""
    match parse(text):
        case ImageReference() as found:
            assert parse(str(found)) == ImageReference(
                domain=found.domain, path=found.path, tag=found.tag, digest=found.digest, tagged=found.tag is not None
            )
        case ReferenceFault(message=message):
            assert message


def an_env_file(text: str) -> None:
    """Variables, or what is wrong with a line."""
    values, problems = envfile.parse(text, filename="f.env")
    assert all(name and "\0" not in value for name, value in values.items())
    assert all(problem.range is not None for problem in problems)


CASES: dict[str, tuple[Callable[[Any], None], st.SearchStrategy[Any]]] = {
    "specs": (a_spec, near_specs() | st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass"))),
    "units": (a_unit, NUMBERS | TEXTS),
    "references": (a_reference, st.from_regex(r"[a-zA-Z0-9./:@_\-\[\]]{0,60}", fullmatch=True) | TEXTS),
    "env files": (an_env_file, TEXTS),
}  # fmt: skip


def run(inputs: int) -> None:
    """Each case on `inputs` inputs; an exception ends it, with the smallest input that causes it."""
    fuzzing = settings(
        max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=True
    )
    for name, (check, inputs_of) in CASES.items():
        began = time.monotonic()
        seed(SEED)(fuzzing(given(inputs_of)(check)))()
        print(f"{name}: {inputs:,} inputs in {time.monotonic() - began:.0f} s, no exception")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        run(INPUTS)
