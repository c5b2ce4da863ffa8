"""`sandboxctl completion`: the script that lets a shell complete our words."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.session()
def command(session: Session, shell: str) -> int:
    """Print the completion script of a shell.

    As in `eval "$(sandboxctl completion bash)"`.
    """
    from click.shell_completion import get_completion_class

    from sandboxctl.cli.program import NAME, program

    generator = get_completion_class(shell)
    if generator is None:
        raise AssertionError(f"click knows no {shell}")
    complete = generator(program, {}, NAME, f"_{NAME.upper()}_COMPLETE")
    session.result(complete.source_template % complete.source_vars())
    return 0
