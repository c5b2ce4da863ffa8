"""What a sandbox writes, on its way to whoever called us: the bytes as they are, but for a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TextIO


def streams(*, raw: bool = False) -> Callable[[Literal[1, 2], bytes], None]:
    """Standard output (1) and standard error (2), each to our own."""
    import sys

    writers = {1: writer(sys.stdout, raw=raw), 2: writer(sys.stderr, raw=raw)}

    def write(stream: Literal[1, 2], chunk: bytes) -> None:
        writers[stream](chunk)

    return write


def writer(stream: TextIO, *, raw: bool = False) -> Callable[[bytes], None]:
    """Writes chunks to `stream`; on a terminal nothing that it would obey, unless `raw` asks for that."""
    if raw or not stream.isatty():
        return _raw(stream)
    import codecs

    from sandboxctl.report.cells import safe

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held = ""  # a carriage return may be half of a line's end

    def write(chunk: bytes) -> None:
        nonlocal held
        text = (held + decoder.decode(chunk)).replace("\r\n", "\n")
        held = "\r" if text.endswith("\r") else ""
        stream.write(safe(text.removesuffix("\r"), keep="\n\t"))
        stream.flush()

    return write


def _raw(stream: TextIO) -> Callable[[bytes], None]:
    def write(chunk: bytes) -> None:
        stream.buffer.write(chunk)
        stream.flush()

    return write
