"""`sandboxctl plan`: what apply would do. It writes nothing."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("plan")
@options.paths
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 where something would change.")
@click.option("--out", metavar="FILE", help="Also write the plan to a file, for `apply --plan FILE`.")
@click.option("--prune", is_flag=True, help="Also delete what --project has and these specs have not.")
@click.option("--project", metavar="NAME", help="The project for --prune.")
@options.session(specs=True, engines=True, policy=True)
def command(
    session: Session,
    paths: tuple[str, ...],
    *,
    detailed_exitcode: bool,
    out: str | None,
    prune: bool,
    project: str | None,
) -> int:
    """Show what apply would do. Nothing is written."""
    from sandboxctl.cli.run import plan

    return plan.run(session, paths, detailed_exitcode=detailed_exitcode, out=out, prune=prune, project=project)
