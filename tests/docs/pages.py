"""The pages that are made from the code, whole or in a marked part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from sandboxctl import explanation
from sandboxctl.capabilities import Status
from sandboxctl.cli.program import NAME, program
from sandboxctl.report import codes, explain
from sandboxctl.schema import load_schema
from sandboxctl.spec import FORMS

ROOT = Path(__file__).parents[2]
ERRORS = ROOT / "docs" / "errors.md"
FIELDS = ROOT / "docs" / "fields.md"
README = ROOT / "README.md"
HELP = ROOT / "sandboxctl" / "cli" / "help.txt"
BEGIN, END = "<!-- counts: make docs -->", "<!-- end of counts -->"

_HEAD = """\
# Every field on every backend

Made by `make docs` from the table that plan, validate and render obey (`sandboxctl/capabilities/`), so it cannot say
anything else than what is done. `sandboxctl explain` shows the same for your version, `sandboxctl explain sandbox.yaml`
for one spec.

- **enforced**: the engine does it. **emulated**: sandboxctl does it.
- **delegated**: a setting of the node or the daemon does it; checked, not set.
- **inapplicable**: it has no meaning there, and does no harm.
- **weaker**: a default that cannot be had there; refused where the spec itself asks for it and does not accept it.
- **refused**: a spec that says it cannot be applied there.

What a change takes: in place (nothing is interrupted), or a replace (what is outside volumes is lost).

"""


def fields() -> str:
    """`docs/fields.md`."""
    rows = explanation.rows(load_schema(), FORMS)
    return f"{_HEAD}{counts()}\n\n{explain.to_markdown(rows)}"


def counts() -> str:
    """How many fields have which status, as a table."""
    found = explanation.counts(explanation.rows(load_schema(), FORMS))
    lines = [f"| | {' | '.join(Status)} |", "| --- |" + " ---: |" * len(Status)]
    for backend, each in found.items():
        lines.append(f"| {explain.TITLES[backend]} | {' | '.join(str(number) for number in each.values())} |")
    return "\n".join(lines)


def readme() -> str:
    """The README, with the counts between its marks brought up to date."""
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"README.md has lost its mark {BEGIN}"
    assert end, f"README.md has lost its mark {END}"
    return f"{before}{BEGIN}\n{counts()}\n{END}{after}"


def help_text() -> str:
    """What `--help` prints where there is room for it, by click."""
    context = program.make_context(NAME, [], resilient_parsing=True, terminal_width=78)
    return f"{program.get_help(context)}\n"


PAGES: Mapping[Path, Callable[[], str]] = {ERRORS: codes.to_page, FIELDS: fields, README: readme, HELP: help_text}
