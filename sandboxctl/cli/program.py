"""The command itself: its verbs, found by name and imported only when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource

from sandboxctl import __version__, errors
from sandboxctl.cli import options

VERBS = {
    "init": "Write a commented spec to begin with.",
    "validate": "Say everything that is wrong with specs.",
    "explain": "Say what each backend makes of each field.",
    "render": "Print what apply would send to the engine.",
    "plan": "Show what apply would do. Nothing is written.",
    "apply": "Make the live sandboxes what their specs say.",
    "delete": "Remove sandboxes; one that is not there is no error.",
    "list": "Show what runs, where, and until when.",
    "status": "Show all that is known of one sandbox.",
    "drift": "Show what changed behind the specs' back. Nothing is written.",
    "prune": "Take away what is past its time, or left half-made.",
    "verify": "Prove every control on live sandboxes.",
    "exec": "Run a command in a sandbox.",
    "shell": "Open a shell in a sandbox.",
    "logs": "Print what a sandbox wrote.",
    "cp": "Copy a file or directory in or out.",
    "commit": "Make an image of what a sandbox wrote.",
    "import": "Write a spec of what is live.",
    "doctor": "Show which engines answer, and what would mend the others.",
    "schema": "Print the JSON schema of specs.",
    "completion": "Print the completion script of a shell.",
    "version": "Print our version, and Python's.",
}
"""Each with the first line of its own help (a test holds them together): `--help` then imports none of them."""

_ALIASES = {"diff": "plan"}
NAME = "sandboxctl"
SETTINGS = {"help_option_names": ["-h", "--help"]}


class _Verbs(click.Group):
    """Looks a verb up in its own module."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return list(VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's own parameters)
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  (likewise)
        name = _ALIASES.get(cmd_name, cmd_name)
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
        from sandboxctl.problems import suggestion

        near = suggestion(verb, (*VERBS, *_ALIASES))
        hint = f"did you mean `{near}`?" if near else f"see `{NAME} --help`"
        raise errors.UsageError(f"there is no command `{verb}`", hint=hint)


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
    context.default_map = dict.fromkeys((*VERBS, *_ALIASES), given)
