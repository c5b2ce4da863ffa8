"""The command itself: its verbs, found by name and imported only when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from sandboxctl import __version__, errors
from sandboxctl.cli import options
from sandboxctl.cli.first_words import ALIASES, VERBS
from sandboxctl.cli.first_words import NAME as NAME

SETTINGS = {"help_option_names": ["-h", "--help"]}


class _Verbs(click.Group):
    """Looks a verb up in its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's own parameters)
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Verbs with their own first line, so that none of them has to be imported for it."""
        verbs = [CompletionItem(name, help=said) for name, said in VERBS.items() if name.startswith(incomplete)]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (likewise)
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in VERBS:
            return None
        command: click.Command = import_module(f"sandboxctl.cli.{name}").command
        command.context_settings = {**SETTINGS, **command.context_settings}
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        verb = args[0]
        if verb.startswith("-") or self.get_command(ctx, verb) is not None:
            return super().resolve_command(ctx, args)
        from sandboxctl.cli import habits
        from sandboxctl.problems import suggestion

        near = suggestion(verb, (*VERBS, *ALIASES))
        likely = f"did you mean `{near}`?" if near else f"see `{NAME} --help`"
        raise errors.UsageError(f"there is no command `{verb}`", hint=habits.verb(args) or likely)


@click.group(cls=_Verbs, name=NAME, context_settings=SETTINGS)
@click.version_option(__version__, message=f"{NAME} %(version)s")
@options.everywhere
@click.pass_context
def program(context: click.Context, /, **_: Any) -> None:
    """One YAML spec says what a sandbox is: checked, planned, applied and proved on Docker, Podman and Kubernetes."""
    given = {
        name: value
        for name, value in context.params.items()
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    context.default_map = dict.fromkeys((*VERBS, *ALIASES), given)
