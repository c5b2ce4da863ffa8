"""`sandboxctl schema`: the JSON schema of specs, or of what a template may say to an engine."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("schema")
@click.option("--payload", type=options.form_name, metavar="BACKEND",
              help="The payload schema of docker, podman, kubernetes or quadlet instead.")  # fmt: skip
@click.option("--kind", type=click.Choice(["Sandbox", "Policy", "Config"], case_sensitive=False), default="Sandbox",
              help="The schema of this kind of document.", show_default=True)  # fmt: skip
@options.session()
def command(session: Session, payload: str | None, kind: str) -> int:
    """Print the JSON schema of specs."""
    from sandboxctl import resources

    name = f"{kind.lower()}.v1.schema.json" if payload is None else f"payload/{payload}.schema.json"
    session.result((resources.schemas() / name).read_text(encoding="utf-8"))
    return 0
