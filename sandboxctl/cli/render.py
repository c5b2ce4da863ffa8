"""`sandboxctl render`: what apply would send, without asking an engine."""

from __future__ import annotations

from typing import Literal

import click

from sandboxctl.cli import options
from sandboxctl.cli.session import Session


@click.command("render")
@options.paths
@click.option("--show-secrets", is_flag=True, help="Print sensitive values instead of (sensitive).")
@options.session(outputs=("yaml", "json", "text"), specs=True, backend=True, forms=True)
def command(session: Session, paths: tuple[str, ...], *, show_secrets: bool) -> int:
    """Print what apply would send to the engine."""
    from sandboxctl.capabilities import refusals
    from sandboxctl.cli import specs
    from sandboxctl.cli.refusal import RefusedError
    from sandboxctl.errors import UsageError
    from sandboxctl.problems import errors, ordered
    from sandboxctl.render import render, to_text

    loaded, warnings = specs.valid(session, specs.paths_only(paths))
    chosen = [session.backend or each.sandbox.backend for each in loaded]
    if "auto" in chosen:
        name = loaded[chosen.index("auto")].sandbox.name
        raise UsageError(f"{name} leaves the backend open, so there is nothing to render it for",
                         hint="say --backend docker, podman, kubernetes or quadlet")  # fmt: skip
    refused = [problem for each, name in zip(loaded, chosen, strict=True) for problem in refusals(each, name)]
    if errors(refused):
        raise RefusedError(ordered([*warnings, *refused]))
    specs.warn(session, warnings)
    payloads = [render(each.sandbox, name) for each, name in zip(loaded, chosen, strict=True)]
    output: Literal["yaml", "json"] = "json" if session.json else "yaml"
    session.result(to_text(payloads, output=output, show_secrets=show_secrets))
    return 0
