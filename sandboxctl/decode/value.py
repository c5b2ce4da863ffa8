"""One value of a document with its path, and what decoding asks of it. The schema has checked the shapes before.

What the schema could not say is noted in `findings`, and a default stands in, so that one look finds everything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TypeVar

from sandboxctl.dataclass import dataclass
from sandboxctl.facts import HostFacts, PathFacts, Unreadable
from sandboxctl.findings import Findings
from sandboxctl.problems import Path, dotted

T = TypeVar("T")
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value somewhere below the root; `raw` None is: not written (the document format has no null)."""

    raw: object
    path: Path
    findings: Findings

    @property
    def written(self) -> bool:
        """Whether the spec says it."""
        return self.raw is not None

    def at(self, key: str) -> Value:
        """The entry of a mapping, written or not."""
        found = self.raw.get(key) if isinstance(self.raw, dict) else None
        return Value(raw=found, path=(*self.path, key), findings=self.findings)

    def each(self) -> tuple[Value, ...]:
        """The items of a list; none where it is not written."""
        items = self.raw if isinstance(self.raw, list) else []
        return tuple(
            Value(raw=item, path=(*self.path, index), findings=self.findings) for index, item in enumerate(items)
        )

    def entries(self) -> Iterator[tuple[str, Value]]:
        """The entries of a mapping, in the order of the file."""
        for key in self.raw if isinstance(self.raw, dict) else ():
            yield key, self.at(key)

    def optional(self) -> str | None:
        """A string, or None where it is not written."""
        return self.raw if isinstance(self.raw, str) else None

    def text(self, default: str = "") -> str:
        """A string."""
        return self.raw if isinstance(self.raw, str) else default

    def flag(self, default: bool) -> bool:
        """A boolean."""
        return self.raw if isinstance(self.raw, bool) else default

    def integer(self, default: T) -> int | T:
        """A whole number."""
        return self.raw if isinstance(self.raw, int) and not isinstance(self.raw, bool) else default

    def word(self, words: tuple[Word, ...], default: T) -> Word | T:
        """One of a few words."""
        return next((word for word in words if word == self.raw), default)

    def texts(self) -> tuple[str, ...]:
        """A list of strings."""
        return tuple(child.text() for child in self.each())

    def table(self) -> dict[str, str]:
        """A mapping of strings; a whole number is taken as it is written."""
        return {key: plain(child.raw) for key, child in self.entries()}

    def parsed(self, parse: Callable[[str], T], default: T, *, code: str = "quantity") -> T:
        """What `parse` makes of the text; its ValueError is noted here."""
        if self.raw is None:
            return default
        try:
            return parse(plain(self.raw))
        except ValueError as fault:
            brief, _, hint = str(fault).partition(": ")
            self.error(code, f"{dotted(self.path)}: {brief}", hint=hint or None)
            return default

    def error(self, code: str, message: str, *, hint: str | None = None, key: bool = False) -> None:
        """Notes an error at this value, or at its key."""
        self.findings.error(code, self.path, message, hint=hint, key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The host's facts, asked by paths as a spec writes them: relative to the directory that `base` names."""

    facts: HostFacts
    base: str

    def path(self, written: str) -> str:
        """A written path as one from the working directory."""
        return os.path.normpath(os.path.join(self.base, written))

    def look(self, written: str) -> PathFacts:
        """What is there."""
        return self.facts.look(self.path(written))

    def text(self, value: Value) -> str | None:
        """The text of the file that `value` names; None once the reason is noted."""
        return self._content(value, self.facts.text)

    def digest(self, value: Value) -> str | None:
        """The sha256 of the file that `value` names; None once the reason is noted."""
        return self._content(value, self.facts.digest)

    def build_context(self, value: Value, dockerfile: str) -> str | None:
        """The digest of the context that `value` names; None once the reason is noted."""
        answer = self.facts.build_context(self.path(value.text()), dockerfile)
        if isinstance(answer, Unreadable):
            value.error("build-context", f"{dotted(value.path)}: `{value.text()}` {answer.reason}")
            return None
        return answer

    def _content(self, value: Value, ask: Callable[[str], str | Unreadable]) -> str | None:
        answer = ask(self.path(value.text()))
        if isinstance(answer, Unreadable):
            value.error(
                "file-unreadable",
                f"{dotted(value.path)}: the file `{value.text()}` {answer.reason}",
                hint="relative paths are relative to the spec's directory",
            )
            return None
        return answer


def plain(raw: object) -> str:
    """A scalar as the file writes it; a decimal number exactly."""
    return format(raw, "f") if isinstance(raw, Decimal) else str(raw)


def jsonable(value: Value) -> object:
    """A value as plain JSON. A fraction is noted: no engine's request has one that a string could not say."""
    match value.raw:
        case dict():
            return {key: jsonable(child) for key, child in value.entries()}
        case list():
            return [jsonable(child) for child in value.each()]
        case Decimal():
            value.error("fraction", f"{dotted(value.path)} is a fraction", hint=f'quote it: "{plain(value.raw)}"')
            return None
        case _:
            return value.raw
