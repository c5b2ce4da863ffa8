"""`sandboxctl list`: every sandbox, and whether it is as its spec says."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("list")
@options.paths
@click.option("--project", metavar="NAME", help="Only those of this project.")
@options.session(specs=True, engines=True)
def command(session: Session, paths: tuple[str, ...], project: str | None) -> int:
    """Show what runs, where, and until when.

    Each is compared with its spec in PATHS or sandbox.yaml, else with the one that was applied.
    """
    from sandboxctl.cli.run import list as listing

    return listing.run(session, paths, project=project)
