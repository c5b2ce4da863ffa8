"""Rules about where a sandbox may reach: no rule leads to what hands out a machine's credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sandboxctl.problems import Path, dotted
from sandboxctl.rules.case import Case, rule
from sandboxctl.spec import EgressRule

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

_ONLY_THERE = ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/64", "fd20:ce::254/128", "100.100.100.200/32",
               "192.0.0.192/32", "168.63.129.16/32")  # fmt: skip
"""Link-local, and the addresses of AWS, Google, Alibaba, Oracle and Azure."""
_NAMES = ("metadata", "metadata.google.internal", "metadata.goog", "metadata.azure.internal", "instance-data",
          "instance-data.ec2.internal", "metadata.tencentyun.com", "metadata.packet.net",
          "metadata.platformequinix.com", "rancher-metadata")  # fmt: skip
_DOMAIN = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_EMBEDDED = ("::ffff:0:0/96", "64:ff9b::/96")
"""Where an IPv6 address is an IPv4 one."""
_PORT = "80/tcp"  # where all of them listen
_WHAT = "clouds hand out their machines' credentials"


def metadata(case: Case) -> None:
    """Not by address, not by name, in no spelling; a range that has them among others is worth a warning."""
    for index, allowed in enumerate(case.sandbox.network.egress or ()):
        path: Path = ("spec", "network", "egress", "allow", index)
        if allowed.cidr is not None and case.sound((*path, "cidr")):
            _judge_range(case, (*path, "cidr"), allowed.cidr, allowed)
        if allowed.domain is not None and case.sound((*path, "domain")):
            _judge_domain(case, (*path, "domain"), allowed.domain, allowed)


def _judge_range(case: Case, path: Path, cidr: str, allowed: EgressRule) -> None:
    from ipaddress import ip_network  # 4 ms, and few specs have such rules

    asked = _plain(ip_network(cidr))
    for known in map(ip_network, _ONLY_THERE):
        if known.version != asked.version or not asked.overlaps(known):
            continue
        if asked.prefixlen >= known.prefixlen:
            message = f"{dotted(path)}: `{cidr}` is where {_WHAT}"
            case.findings.error("egress-metadata", path, message, hint="leave it out")
        elif _reaches_it(allowed):
            message = (
                f"{dotted(path)}: `{cidr}` includes {known[0] if known.num_addresses == 1 else known}, where {_WHAT}"
            )
            hint = "allow narrower ranges, or only the ports that are needed, without 80/tcp"
            case.findings.warning("egress-metadata", path, message, hint=hint)
        return


def _plain(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """As the IPv4 network that it stands for, if it does."""
    from ipaddress import IPv4Network, IPv6Network

    for embedding in map(IPv6Network, _EMBEDDED):
        if isinstance(network, IPv6Network) and network.subnet_of(embedding):
            return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - embedding.prefixlen))
    return network


def _reaches_it(allowed: EgressRule) -> bool:
    return not allowed.ports or _PORT in allowed.ports


def _judge_domain(case: Case, path: Path, written: str, allowed: EgressRule) -> None:
    domain = written.lower()
    if not _DOMAIN.fullmatch(domain):
        hint = "letters, digits, `-` and `.`, and perhaps `*.` before all of it"
        case.findings.error("hostname", path, f"{dotted(path)}: `{written}` is no name of a domain", hint=hint)
        return
    domain = domain.removesuffix(".")
    if _NUMBER.fullmatch(domain.rpartition(".")[2]):
        message = f"{dotted(path)}: `{written}` is an address, and not the name of a domain"
        case.findings.error("hostname", path, message, hint="write it as a cidr: 192.0.2.1/32")
    elif domain in _NAMES:
        message = f"{dotted(path)}: `{written}` is where {_WHAT}"
        case.findings.error("egress-metadata", path, message, hint="leave it out")
    elif domain.startswith("*.") and _reaches_it(allowed):
        included = next((name for name in _NAMES if name.endswith(domain[1:])), None)
        if included is not None:
            message = f"{dotted(path)}: `{written}` includes {included}, where {_WHAT}"
            case.findings.warning("egress-metadata", path, message, hint="name the domains that are needed")


RULES = (rule(metadata),)
"""They need no other field."""
