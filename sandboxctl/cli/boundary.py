"""Where the command begins and ends: whatever happens inside becomes an exit code and a line. No verb's logic here."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from sandboxctl import errors
from sandboxctl.cli import signals
from sandboxctl.cli.program import NAME, program
from sandboxctl.cli.session import wants_colour

if TYPE_CHECKING:
    from sandboxctl.cli.session import Connect
    from sandboxctl.report.cells import Style

_COMPLETE = "_SANDBOXCTL_COMPLETE"  # click's name for it: a shell asks for completions


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
        _forget_standard_output()
        return 141
    except Exception as bug:  # noqa: BLE001  (the one place: no traceback of ours reaches a user unasked)
        return _bug(bug, words)


def _run(words: list[str], connect: Connect | None) -> int:
    if _COMPLETE in os.environ:
        from click.shell_completion import shell_complete

        return shell_complete(program, {}, NAME, _COMPLETE, os.environ[_COMPLETE])
    try:
        with program.make_context(NAME, [*words], obj=connect) as context:  # click empties the list
            return int(program.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as nothing:
        sys.stderr.write(nothing.format_message() + "\n")
        return errors.ExitCode.USAGE
    except click.ClickException as mistake:
        return _tell(_usage_error(mistake), words)
    except errors.SandboxctlError as error:
        return _tell(error, words)


def _usage_error(mistake: click.ClickException) -> errors.UsageError:
    """click's words in our form: one line, and what was probably meant."""
    context = getattr(mistake, "ctx", None)
    help_hint = f"see `{context.command_path if context else NAME} --help`"
    if isinstance(mistake, click.NoSuchOption):
        near = _meant(mistake.option_name, context.command if context else program)
        hint = f"did you mean `{near}`?" if near else help_hint
        return errors.UsageError(f"there is no option `{mistake.option_name}`", hint=hint)
    message = mistake.format_message().strip().rstrip(".")
    return errors.UsageError(message[:1].lower() + message[1:], hint=help_hint)


def _meant(word: str, command: click.Command) -> str | None:
    """The option that `word` begins, or the one that is nearest without the dashes, which all of them have."""
    from sandboxctl.problems import suggestion

    known = {name.lstrip("-"): name for each in command.params for name in each.opts}
    bare = word.lstrip("-")
    begun = [name for short, name in known.items() if len(bare) > 1 and short.startswith(bare)]
    return begun[0] if len(begun) == 1 else known.get(suggestion(bare, known) or "")


def _tell(error: errors.SandboxctlError, words: list[str]) -> int:
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
    return errors.ExitCode.ERROR


def _prepare_streams() -> None:
    """What a terminal's encoding lacks is escaped; a stream that was closed by the caller swallows all."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  (it lives as long as we do)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _forget_standard_output() -> None:
    """Nobody reads any more: the interpreter's last flush must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
