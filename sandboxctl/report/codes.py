"""What a code means: for `explain CODE`, and as the page of all of them."""

from __future__ import annotations

import json
import re

from sandboxctl.codes import SECTIONS, Code
from sandboxctl.report.cells import PLAIN, Style, safe

_INTRODUCTION = """\
# Errors and warnings

Every problem of a spec has a code, shown in brackets behind the message and as `code` in JSON.
`sandboxctl explain CODE` prints what stands here; `make docs` makes this page from the same table. The examples are
lines of `spec`, where they are not said to be something else.
"""


def to_json(code: Code) -> str:
    """One object."""
    whole = {"code": code.name, "meaning": code.about, "wrong": code.wrong, "right": code.right}
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def to_text(code: Code, style: Style = PLAIN) -> str:
    """The meaning, the example and its fix."""
    lines = [style.paint(code.name, "bold"), f"  {code.about}", "", "wrong:", *_indented(code.wrong)]
    return "\n".join([*lines, "right:", *_indented(code.right)]) + "\n"


def to_page() -> str:
    """`docs/errors.md`."""
    parts = [_INTRODUCTION]
    for title, codes in SECTIONS:
        parts.append(f"## {title}\n")
        parts += [_entry(code) for code in codes]
    return "\n".join(parts)


def _entry(code: Code) -> str:
    example = [*_shown(code.wrong, "# wrong"), *_shown(code.right, "# right")]
    return "\n".join([f"### {code.name}", "", code.about, "", "```yaml", *example, "```", ""])


def _shown(text: str, heading: str) -> list[str]:
    return [heading, *_lines(text)]


def _indented(text: str) -> list[str]:
    return [f"  {line}" for line in _lines(text)]


def _lines(text: str) -> list[str]:
    """The lines of an example. A control character is a picture of itself: its escape may be what is right."""
    return [safe(re.sub(r"[\x00-\x1f]", _picture, line)) for line in text.split("\n")]


def _picture(control: re.Match[str]) -> str:
    return chr(0x2400 + ord(control[0]))
