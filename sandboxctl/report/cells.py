"""Text in columns: what is safe to show, how wide it is, tables, and the few colours. No domain logic here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandboxctl.dataclass import dataclass

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Colours, where the output is a terminal that wants them."""

    colour: bool = False

    def paint(self, text: str, look: str) -> str:
        """`text` in one of `bold dim red green yellow cyan`."""
        return f"\x1b[{_CODES[look]}m{text}\x1b[0m" if self.colour and text else text


PLAIN = Style()


def safe(text: str, *, keep: str = "") -> str:
    """Every character that a terminal would obey, or that hides what is there, as an escape; those in `keep` stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char in keep else _visible(char) for char in text)


def _visible(char: str) -> str:
    if char.isprintable() and char not in _BIDI:
        return char
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char) or (
        f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
    )


def width(text: str) -> int:
    """How many columns of a terminal `text` takes; it holds no escapes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def shortened(text: str, longest: int) -> str:
    """`text`, or its beginning and an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def short_id(text: str) -> str:
    """An image's id or digest, as long as engines print it: 12 letters, after `sha256:` where that is there."""
    return re.sub(r"(\b[0-9a-f]{12})[0-9a-f]{52}\b", r"\1", text)


def table(rows: Sequence[Sequence[str]], *, gap: int = 2, indent: str = "") -> list[str]:
    """Lines in aligned columns, without trailing spaces. Cells are made safe here."""
    cells = [[safe(cell) for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in cells) for column in range(len(cells[0]))] if cells else []
    lines = []
    for row in cells:
        padded = [cell + " " * (wide - width(cell) + gap) for cell, wide in zip(row, widths, strict=True)]
        lines.append(indent + "".join(padded).rstrip())
    return lines


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """`1 error`, `3 errors`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"
