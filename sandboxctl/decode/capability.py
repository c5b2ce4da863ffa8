"""`spec.security.capabilities`: any spelling in, `NET_BIND_SERVICE` out."""

from __future__ import annotations

from sandboxctl.decode.value import Value
from sandboxctl.linux import ALL, CAPABILITIES, capability_name
from sandboxctl.problems import dotted, suggestion
from sandboxctl.spec import Capabilities


def capabilities(value: Value, *, drop: tuple[str, ...]) -> Capabilities:
    """Both lists, sorted, each name once; `drop` is the profile's where none is written."""
    dropped = _names(value.at("drop")) if value.at("drop").written else drop
    return Capabilities(drop=(ALL,) if ALL in dropped else dropped, add=_names(value.at("add")))


def _names(value: Value) -> tuple[str, ...]:
    names = set()
    for child in value.each():
        name = capability_name(child.text())
        if name == ALL or name in CAPABILITIES:
            names.add(name)
            continue
        near = suggestion(name, CAPABILITIES)
        child.error(
            "unknown-capability",
            f"{dotted(child.path)}: `{child.text()}` is no capability of Linux",
            hint=f"did you mean `{near}`?" if near else "see capabilities(7) for their names",
        )
    return tuple(sorted(names))
