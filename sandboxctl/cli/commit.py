"""`sandboxctl commit`: makes an image of a sandbox's writable layer."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("commit")
@click.argument("name")
@click.option("--image", metavar="REPO:TAG", help="The new image's name, instead of the spec's commit.image.")
@options.session(engines=True)
def command(session: Session, name: str, image: str | None) -> int:
    """Make an image of what a sandbox wrote.

    Volumes, bind mounts and everything in memory are left out of it.
    """
    import json

    from sandboxctl.apply.layer import commit_by_hand
    from sandboxctl.cli import carrying_out, engines

    with engines.holding(session, name) as backend:
        reference, made = commit_by_hand(name, image, backend, emit=lambda event: carrying_out.emit(session, event))
    if session.json:
        session.result(json.dumps({"name": name, "image": reference, "id": made}, sort_keys=True) + "\n")
    else:
        session.result(f"{reference}  {made}\n")
    return 0
