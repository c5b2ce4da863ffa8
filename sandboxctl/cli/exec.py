"""`sandboxctl exec`: runs a command in a sandbox; its exit code is ours."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import UsageError


class _WithWords(click.Command):
    """Knows the one mistake that everybody makes here."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)  # click empties the list
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as mistake:
            first = next((index for index, word in enumerate(words) if word.startswith(mistake.option_name)), 0)
            if "--" not in words and any(not word.startswith("-") for word in words[:first]):
                hint = "put `--` before the command, as in `sandboxctl exec NAME -- ls -l`"
                raise UsageError(f"there is no option `{mistake.option_name}`", hint=hint) from None
            raise


@click.command("exec", cls=_WithWords)
@click.argument("name")
@click.option("-i", "--interactive", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", is_flag=True, help="Give the command a terminal.")
@click.option("--user", metavar="UID[:GID]", help="As this user, instead of the sandbox's own.")
@click.option("--workdir", metavar="PATH", help="In this directory.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="-- CMD...", required=True)
@options.session(engines=True, policy=True)
def command(
    session: Session,
    name: str,
    words: tuple[str, ...],
    user: str | None,
    workdir: str | None,
    *,
    interactive: bool,
    tty: bool,
) -> int:
    """Run a command in a sandbox.

    Put `--` before it. Its exit code is returned; a failure of our own is 125.
    """
    from sandboxctl.cli.run import exec as execution

    return execution.run(session, name, words, user=user, workdir=workdir, interactive=interactive, tty=tty)
