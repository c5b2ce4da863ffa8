"""What this host lacks for Kubernetes: nothing but a cluster that answers."""

from __future__ import annotations

from sandboxctl.advice import Advice
from sandboxctl.backends.base import Engine
from sandboxctl.errors import UnreachableError


def diagnose(failure: UnreachableError | None, engine: Engine | None) -> tuple[Advice, ...]:
    """`failure` is why it does not answer."""
    if failure is None:
        return ()
    return (
        Advice(what=failure.brief, fix=failure.hint or "name a cluster with --kubeconfig or --context", fatal=True),
    )
