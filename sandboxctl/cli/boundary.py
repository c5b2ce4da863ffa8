"""Where the command begins and ends: whatever happens inside becomes an exit code and a line. No verb's logic here."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, TextIO

from sandboxctl import errors
from sandboxctl.cli import first_words, front, signals
from sandboxctl.cli.first_words import NAME
from sandboxctl.cli.session import wants_colour

if TYPE_CHECKING:
    from sandboxctl.cli.session import Connect
    from sandboxctl.report.cells import Style

_NOT_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""How a write to a stream of the caller's fails: a file is named by its error, and an engine's errors have words."""


def main(arguments: Sequence[str] | None = None, *, connect: Connect | None = None) -> int:
    """Runs one command line and returns its exit code. `connect` stands in for the built-in engines."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _prepare_streams()
    try:
        with signals.raised():
            code = _run(words, connect)
            sys.stdout.flush()
            return code
    except signals.Interrupted as interruption:
        return interruption.exit_code
    except BrokenPipeError:
        _forget(sys.stdout)
        return 141
    except OSError as failure:
        return (
            _unwritten(failure, words)
            if failure.errno in _NOT_WRITTEN and not failure.filename
            else _bug(failure, words)
        )
    except Exception as bug:  # noqa: BLE001  (the one place: no traceback of ours reaches a user unasked)
        return _bug(bug, words)


def _run(words: list[str], connect: Connect | None) -> int:
    """The short way where every word is understood there, else the ordinary one."""
    known = first_words.answer(words)
    if known is not None:
        sys.stdout.write(known)
        return errors.ExitCode.DONE
    if first_words.COMPLETE in os.environ:
        from sandboxctl.cli import parsing

        return parsing.complete(first_words.COMPLETE)
    work = front.understood(words, connect)
    if work is None:
        from sandboxctl.cli import parsing

        return parsing.run(words, connect, tell)
    try:
        return work()
    except errors.SandboxctlError as error:
        return tell(error, words)


def tell(error: errors.SandboxctlError, words: list[str]) -> int:
    """Prints an error in the form that was asked for. Problems of a spec speak for themselves."""
    from sandboxctl.cli.refusal import RefusedError
    from sandboxctl.report import failure, problems

    found = error.problems if isinstance(error, RefusedError) else ()
    if _given(words, "--output") == "json":
        sys.stdout.write(failure.to_json(error, found))
    else:
        sys.stderr.write(problems.to_text(found, _style(words)) or failure.to_text(error, _style(words)))
    return int(error.exit_code)


def _style(words: list[str]) -> Style:
    from sandboxctl.report.cells import Style

    return Style(colour=wants_colour(_given(words, "--color") or "auto", sys.stderr))


def _given(words: list[str], option: str) -> str | None:
    """An option's value from the words themselves: the error may be that they could not be understood."""
    own = _own(words)
    values = [value for name, value in pairwise(own) if name == option]
    return next(iter(values), None) or next(
        (each[len(option) + 1 :] for each in own if each.startswith(f"{option}=")), None
    )


def _own(words: list[str]) -> list[str]:
    """Without what follows `--`, which is meant for a sandbox."""
    return words[: words.index("--")] if "--" in words else words


def _bug(bug: Exception, words: list[str]) -> int:
    """One line about a mistake of ours; a failing command's exit code is still ours to give."""
    from sandboxctl.report import cells, failure

    what = cells.safe(f"bug: {type(bug).__name__}: {bug}")
    if _given(words, "--output") == "json":
        sys.stdout.write(
            failure.to_json(errors.SandboxctlError(what, hint="please report it, with -v for the traceback"))
        )
    sys.stderr.write(f"{NAME}: {what}; please report it, with -v for the traceback\n")
    if {"-v", "--verbose"} & set(_own(words)):
        import traceback

        traceback.print_exception(bug)
    return _code_of_ours(words)


def _prepare_streams() -> None:
    """What a terminal's encoding lacks is escaped; a stream that was closed by the caller swallows all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (it lives as long as we do)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _unwritten(failure: OSError, words: list[str]) -> int:
    """What was asked for could not be told; whether the words about that can be, is another question."""
    with suppress(OSError):
        sys.stderr.write(f"error: cannot write the output: {failure.strerror}\n")
        sys.stderr.flush()
    _forget(sys.stdout)
    _forget(sys.stderr)
    return _code_of_ours(words)


def _code_of_ours(words: list[str]) -> int:
    """Of a failure that has none: where a command in a sandbox has codes of its own, one that is not taken for them."""
    verb = next((word for word in _own(words) if word in first_words.VERBS), "")
    return errors.ExitCode.EXEC_FAILED if verb in ("exec", "shell") else errors.ExitCode.ERROR


def _forget(stream: TextIO) -> None:
    """Nobody reads any more: the interpreter's last flush must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
