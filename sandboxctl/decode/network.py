"""`spec.network`: its shorthand, ports, names and addresses. What contradicts what is for `rules`."""

from __future__ import annotations

import re
from typing import Literal

from sandboxctl.decode.value import Value
from sandboxctl.problems import dotted
from sandboxctl.spec import Dns, EgressRule, Network, Port

Mode = Literal["none", "bridge", "host", "named"]
_MODES: tuple[Literal["none", "bridge", "host"], ...] = ("none", "bridge", "host")
_RESERVED = ("public", "isolated")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_PORT = re.compile(
    r"(?:(?P<address>\[[^\]]*\]|[^:\[\]]*):)?(?P<host>[0-9]{1,9}):(?P<container>[0-9]{1,9})(?:/(?P<protocol>.*))?"
)
_PROTOCOLS: tuple[Literal["tcp", "udp", "sctp"], ...] = ("tcp", "udp", "sctp")
_EGRESS_PORT = re.compile(r"([0-9]{1,5})/(?:tcp|udp|sctp)")
_HIGHEST_PORT = 65_535
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?")
_WORD = re.compile(r"[!-~]+")


def network(value: Value, *, default: Literal["none", "bridge"], hostname: str | None) -> Network:
    """A mode, the name of a network, or a mapping. The hostname is the sandbox's name unless it is the host's."""
    mode, name = _mode(value, default)
    egress = value.at("egress").at("allow")
    written = value.at("hostname").optional()
    return Network(
        mode=mode,
        name=name,
        create=value.at("create").flag(False),
        internal=value.at("internal").flag(False),
        ports=tuple(_port(child) for child in value.at("ports").each()),
        dns=_dns(value.at("dns")),
        hosts=_hosts(value.at("hosts")),
        hostname=written or (None if mode == "host" else hostname),
        egress=tuple(_egress(child) for child in egress.each()) if egress.written else None,
    )


def _mode(value: Value, default: Literal["none", "bridge"]) -> tuple[Mode, str | None]:
    """A bare word, or `mode` and `name` of a mapping."""
    if isinstance(value.raw, str):
        return _named(value)
    name = value.at("name")
    if not name.written:
        return _named(value.at("mode")) if value.at("mode").written else (default, None)
    mode = value.at("mode").text("bridge")
    if mode not in ("bridge", "named"):
        value.at("mode").error(
            "network-mode",
            f"network.mode `{mode}` excludes network.name",
            hint="remove mode: a name alone means that network",
        )
    return "named", network_name(name)


def _named(value: Value) -> tuple[Mode, str | None]:
    plain = next((mode for mode in _MODES if mode == value.raw), None)
    return ("named", network_name(value)) if plain is None else (plain, None)


def network_name(value: Value) -> str:
    """The name of a network that is to be there; never another container's, nor an option."""
    text = value.text()
    where = dotted(value.path)
    if text in _RESERVED:
        value.error(
            "reserved-network",
            f"{where}: `{text}` is a reserved word that means nothing yet",
            hint="use none, bridge, host or the name of a network",
        )
    elif text.lower() in (*_MODES, "default") or not _NAME.fullmatch(text):
        value.error(
            "network-name",
            f"{where}: `{text}` cannot be the name of a network",
            hint=f"did you mean `{text.lower()}`?"
            if text.lower() in _MODES and text not in _MODES
            else "use none, bridge, host or the name of an existing network",
        )
    return text


def _port(value: Value) -> Port:
    if isinstance(value.raw, dict):
        container = value.at("container")
        return Port(
            container=_number(container, lowest=1),
            host=_number(value.at("host"), lowest=0),
            address=_address(value.at("address"), default="127.0.0.1"),
            protocol=value.at("protocol").word(_PROTOCOLS, "tcp"),
        )
    return value.parsed(parse_port, Port(container=1, host=0), code="port")


def _number(value: Value, *, lowest: int) -> int:
    number = value.integer(0)
    if not lowest <= number <= _HIGHEST_PORT:
        value.error("port", f"{dotted(value.path)}: {number} is no port: it must be from {lowest} to {_HIGHEST_PORT}")
    return number


def parse_port(text: str) -> Port:
    """`[address:]host:container[/protocol]`; ValueError names the likely intention."""
    match = _PORT.fullmatch(text)
    if match is None:
        raise ValueError(_port_fault(text))
    host, container = int(match["host"]), int(match["container"])
    if container < 1 or max(host, container) > _HIGHEST_PORT:
        raise ValueError(f"`{text}` has no valid port: ports are from 1 to {_HIGHEST_PORT}, on the host also 0")
    protocol = next((known for known in _PROTOCOLS if known == (match["protocol"] or "tcp")), None)
    if protocol is None:
        raise ValueError(f"`{text}` has an unknown protocol: it is tcp, udp or sctp")
    return Port(
        container=container, host=host, address=_parsed_address(match["address"] or "127.0.0.1"), protocol=protocol
    )


def _port_fault(text: str) -> str:
    bare = text.partition("/")[0]
    if bare.isdecimal():
        return f'`{text}` does not say the host\'s port: write "{bare}:{text}", or "0:{text}" for any free one'
    if re.search(r"[0-9]-[0-9]", text):
        return f"`{text}` is a range: write each port by itself"
    if text.count(":") > 2:
        return f"`{text}` is not a port: an IPv6 address needs brackets, as in [::1]:8080:80"
    return f"`{text}` is not a port: write it as [address:]host:container[/protocol], as in 8080:80"


def _parsed_address(text: str) -> str:
    if text == "127.0.0.1":
        return text
    from ipaddress import ip_address  # 4 ms, and few specs name an address

    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(f"`{text}` is not an IP address: names are not looked up here") from None


def _address(value: Value, *, default: str) -> str:
    return value.parsed(_parsed_address, default, code="address")


def _dns(value: Value) -> Dns:
    return Dns(
        servers=tuple(_address(child, default="") for child in value.at("servers").each()),
        search=_words(value.at("search")),
        options=_words(value.at("options")),
    )


def _words(value: Value) -> tuple[str, ...]:
    """Each becomes a word of a line of resolv.conf."""
    for child in value.each():
        if not _WORD.fullmatch(child.text()):
            child.error("hostname", f"{dotted(child.path)} is no word of resolv.conf", hint="it has no blanks")
    return value.texts()


def _hosts(value: Value) -> dict[str, str]:
    hosts: dict[str, str] = {}
    for written, child in value.entries():
        name = written.lower()
        if name in hosts:
            child.error("host-twice", f"network.hosts names `{name}` twice: host names have no case", key=True)
        if not _HOST.fullmatch(name):
            message = f"{dotted(value.path)}: this can be no host name: letters, digits, `-` and `.`"
            child.error("hostname", message, key=True)
        hosts[name] = _address(child, default="")
    return hosts


def _egress(value: Value) -> EgressRule:
    cidr = value.at("cidr")
    return EgressRule(
        cidr=cidr.parsed(_parsed_cidr, None, code="address"),
        domain=value.at("domain").optional(),
        ports=tuple(child.parsed(_egress_port, "", code="port") for child in value.at("ports").each()),
    )


def _parsed_cidr(text: str) -> str | None:
    from ipaddress import ip_network  # as above

    try:
        network = ip_network(text)
    except ValueError as fault:
        if "host bits" in str(fault):
            raise ValueError(f"`{text}` has host bits set: did you mean {ip_network(text, strict=False)}?") from None
        raise ValueError(f"`{text}` is not a CIDR: write it as in 10.0.0.0/8") from None
    return str(network)


def _egress_port(text: str) -> str:
    match = _EGRESS_PORT.fullmatch(text)
    if match is None or not 0 < int(match[1]) <= _HIGHEST_PORT:
        raise ValueError(f"`{text}` is not a port: write it as in 443/tcp")
    return text
