"""The words of a command line by way of click: the ordinary path, which knows every verb and every option."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from sandboxctl import errors
from sandboxctl.cli import habits
from sandboxctl.cli.program import NAME, program

if TYPE_CHECKING:
    from sandboxctl.cli.session import Connect


def run(words: list[str], connect: Connect | None, tell: Callable[[errors.SandboxctlError, list[str]], int]) -> int:
    """Runs what the words say and returns its exit code; an error ends in `tell`."""
    try:
        with program.make_context(NAME, [*words], obj=connect) as context:  # click empties the list
            return int(program.invoke(context) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.exceptions.NoArgsIsHelpError as nothing:
        sys.stderr.write(nothing.format_message() + "\n")
        return errors.ExitCode.USAGE
    except click.ClickException as mistake:
        return tell(_usage_error(mistake), words)
    except errors.SandboxctlError as error:
        return tell(error, words)


def complete(variable: str) -> int:
    """What a shell asks for when it completes our words."""
    from click.shell_completion import shell_complete

    return shell_complete(program, {}, NAME, variable, os.environ[variable])


def _usage_error(mistake: click.ClickException) -> errors.UsageError:
    """click's words in our form: one line, and what was probably meant."""
    context = getattr(mistake, "ctx", None)
    help_hint = f"see `{context.command_path if context else NAME} --help`"
    if isinstance(mistake, click.NoSuchOption):
        near = _meant(mistake.option_name, context.command if context else program)
        likely = f"did you mean `{near}`?" if near else help_hint
        known = habits.option(mistake.option_name, (context.info_name if context else None) or "")
        return errors.UsageError(f"there is no option `{mistake.option_name}`", hint=known or likely)
    message = mistake.format_message().strip().rstrip(".")
    return errors.UsageError(message[:1].lower() + message[1:], hint=help_hint)


def _meant(word: str, command: click.Command) -> str | None:
    """The option that `word` begins, or the one that is nearest without the dashes, which all of them have."""
    from sandboxctl.problems import suggestion

    known = {name.lstrip("-"): name for each in command.params for name in each.opts}
    bare = word.lstrip("-")
    begun = [name for short, name in known.items() if len(bare) > 1 and short.startswith(bare)]
    return begun[0] if len(begun) == 1 else known.get(suggestion(bare, known) or "")
