"""`sandboxctl logs`: what a sandbox has written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Literal, TextIO

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("logs")
@click.argument("name")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on.")
@click.option("--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines.")
@options.session(engines=True)
def command(session: Session, name: str, tail: int | None, *, follow: bool) -> int:
    """Print what a sandbox wrote.

    Its standard output goes to ours, its standard error to ours.
    """
    from sandboxctl import live
    from sandboxctl.cli import engines

    writers = {1: _writer(sys.stdout), 2: _writer(sys.stderr)}

    def write(stream: Literal[1, 2], chunk: bytes) -> None:
        writers[stream](chunk)

    with engines.holding(session, name) as backend:
        live.logs(name, backend, tail=tail, follow=follow, write=write)
    return 0


def _writer(stream: TextIO) -> Callable[[bytes], None]:
    """The bytes as they are; on a terminal nothing that it would obey."""
    if not stream.isatty():
        return _raw(stream)
    import codecs

    from sandboxctl.report.cells import safe

    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def write(chunk: bytes) -> None:
        stream.write(safe(decoder.decode(chunk).replace("\r\n", "\n"), keep="\n\t"))
        stream.flush()

    return write


def _raw(stream: TextIO) -> Callable[[bytes], None]:
    def write(chunk: bytes) -> None:
        stream.buffer.write(chunk)
        stream.flush()

    return write
