"""Rules about the network: what contradicts what. Host network and public ports as weakenings are in `weakening`."""

from __future__ import annotations

import re

from sandboxctl.problems import Path, dotted
from sandboxctl.rules.case import Case, rule
from sandboxctl.rules.weakening import is_loopback
from sandboxctl.spec import Network, Port

_NETWORK: Path = ("spec", "network")
_HOSTNAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ANY = ("0.0.0.0", "::")  # noqa: S104  (what a user may have written)


def ports_need_a_network(case: Case) -> None:
    """A port that nobody could reach is refused, not ignored."""
    reason = _unreachable(case.sandbox.network)
    if case.sandbox.network.ports and reason is not None:
        said, hint = reason
        case.findings.error("ports-without-network", (*_NETWORK, "ports"), f"network.ports: {said}", hint=hint)


def _unreachable(network: Network) -> tuple[str, str] | None:
    """Why no port of this network can be published, and what to do."""
    if network.mode == "none":
        return "without a network (mode none) nothing can reach a port", "set network.mode: bridge, or remove the ports"
    if network.mode == "host":
        return "with the host's network every port is the host's already", "remove the ports"
    if network.internal:
        return "an internal network has no way in from the host", "remove the ports, or internal: true"
    return None


def ports_twice(case: Case) -> None:
    """One port of the host leads to one place."""
    taken: dict[tuple[int, str], list[tuple[int, Port]]] = {}
    for index, port in enumerate(case.sandbox.network.ports):
        path: Path = (*_NETWORK, "ports", index)
        if not case.sound(path):
            continue
        before = taken.setdefault((port.host, port.protocol), [])
        earlier = next((place for place, other in before if _clash(port, other)), None)
        if earlier is None:
            before.append((index, port))
            continue
        message = f"{dotted(path)}: {port.host}/{port.protocol} of the host is taken by ports[{earlier}] already"
        case.findings.error("port-twice", path, message)


def _clash(one: Port, other: Port) -> bool:
    if (one.host, one.protocol) != (other.host, other.protocol):
        return False
    if one.host == 0:  # any free one: only the same again says nothing new
        return one == other
    return one.address == other.address or one.address in _ANY or other.address in _ANY


def public_ports(case: Case) -> None:
    """A published address that is not loopback is worth a look."""
    for index, port in enumerate(case.sandbox.network.ports):
        if "public-port" in case.sandbox.security.allow and not is_loopback(port.address):
            path: Path = (*_NETWORK, "ports", index)
            message = f"{dotted(path)}: port {port.host} can be reached from other machines ({port.address})"
            case.findings.warning("public-port", path, message, hint="leave the address out for 127.0.0.1")


def hostnames(case: Case) -> None:
    """A hostname is one DNS label, and the host's own is not ours to set."""
    network = case.sandbox.network
    path: Path = (*_NETWORK, "hostname")
    if not case.source.written(path) or network.hostname is None:
        return
    if network.mode == "host":
        message = "network.hostname: with the host's network the hostname is the host's"
        case.findings.error("hostname-of-host", path, message, hint="remove hostname")
    if not _HOSTNAME.fullmatch(network.hostname):
        message = "network.hostname must be one DNS label: letters, digits and `-`, at most 63"
        case.findings.error("hostname", path, message)


def own_networks(case: Case) -> None:
    """`create` and `internal` are about a network with a name."""
    network = case.sandbox.network
    for key, said in (("create", network.create), ("internal", network.internal)):
        path: Path = (*_NETWORK, key)
        if said and network.mode != "named":
            message = f"network.{key} needs network.name: {network.mode} is not a network of its own"
            case.findings.error("network-name-missing", path, message)
    if network.internal and network.mode == "named" and not network.create:
        message = "network.internal: an existing network is as it is"
        hint = "add create: true for one of our own, or remove internal"
        case.findings.error("network-internal", (*_NETWORK, "internal"), message, hint=hint)


def egress_needs_a_network(case: Case) -> None:
    """Rules for a way out need a way out that is the sandbox's own."""
    network = case.sandbox.network
    if network.egress is None or network.mode not in ("none", "host"):
        return
    what = "there is no way out" if network.mode == "none" else "the way out is the host's"
    message = f"network.egress: with network {network.mode} {what}"
    case.findings.error("egress-without-network", (*_NETWORK, "egress"), message, hint="set network.mode: bridge")


RULES = (
    rule(ports_need_a_network, "network.mode", "network.name", "security.profile"),
    rule(ports_twice),
    rule(public_ports),
    rule(hostnames, "network.mode", "network.name", "network.hostname"),
    rule(own_networks, "network.mode", "network.name", "security.profile"),
    rule(egress_needs_a_network, "network.mode", "network.name", "security.profile"),
)
