"""`sandboxctl version`."""

from __future__ import annotations

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("version")
@options.session()
def command(session: Session) -> int:
    """Print our version, and Python's."""
    import json
    import platform

    from sandboxctl import __version__
    from sandboxctl.spec import API_VERSION

    found = {"version": __version__, "api_version": API_VERSION, "python": platform.python_version()}
    if session.json:
        session.result(json.dumps(found, sort_keys=True) + "\n")
    else:
        session.result(f"sandboxctl {found['version']} ({API_VERSION}, Python {found['python']})\n")
    return 0
