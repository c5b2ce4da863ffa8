"""`sandboxctl init`: a commented spec to begin with."""

from __future__ import annotations

import os
import re

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session
from sandboxctl.errors import LocalFileError

TEMPLATES = ("python", "node", "shell", "hardened")


@click.command("init")
@click.argument("path", default="sandbox.yaml")
@click.option("--template", type=click.Choice(TEMPLATES), default="python", show_default=True, help="What it is for.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@options.session()
def command(session: Session, path: str, template: str, *, force: bool) -> int:
    """Write a commented spec to begin with.

    The sandbox is named after the directory of the file.
    """
    target = os.path.join(path, "sandbox.yaml") if os.path.isdir(path) else path
    _write(target, _text(template, sandbox_name(target)), force=force)
    session.note(
        f"wrote {target}: look at it, then `sandboxctl plan{'' if path == 'sandbox.yaml' else ' ' + target}`\n"
    )
    return 0


def sandbox_name(path: str) -> str:
    """The name of the directory that the file is in, as a DNS label of 2 to 63 characters."""
    directory = os.path.basename(os.path.dirname(os.path.abspath(path)))
    name = re.sub(r"[^a-z0-9]+", "-", directory.lower()).strip("-")[:63].strip("-")
    return name if len(name) >= 2 else "sandbox"


def _text(template: str, name: str) -> str:
    from sandboxctl import resources, yaml_text

    text = (resources.templates() / "init" / f"{template}.yaml").read_text(encoding="utf-8")
    return text.replace("name: NAME", f"name: {yaml_text.scalar(name)}", 1)


def _write(path: str, text: str, *, force: bool) -> None:
    try:
        with open(path, "w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise LocalFileError(f"{path} exists", hint="--force replaces it") from None
    except OSError as error:
        raise LocalFileError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from error
