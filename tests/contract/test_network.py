"""Networks: what is reachable, from where, and what is not."""

from __future__ import annotations

import time
import urllib.request

import pytest

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench

SERVER = {"command": ["httpd", "-f", "-p", "8080", "-h", "/etc"], "workdir": "/workspace"}


def published(bench: Workbench, name: str) -> tuple[str, int]:
    """Where the engine published the only port."""
    (port,) = bench.observed(name).ports
    address, _, number = port.partition("->")[0].rpartition(":")
    return address, int(number)


def test_a_published_port_is_reached_on_the_loopback_and_nowhere_else(bench: Workbench, name: str) -> None:
    spec = bench.spec(name, SERVER, {"network": {"mode": "bridge", "ports": ["0:8080"]}})
    bench.applied(spec)
    address, port = published(bench, name)
    assert address == "127.0.0.1"
    deadline = time.monotonic() + 5
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/hostname", timeout=2) as answer:
                assert answer.read().decode().strip() == name
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert bench.plan(spec).pending == ()


def test_a_port_of_our_choice(bench: Workbench, name: str) -> None:
    ports = [{"container": 8080, "host": 0, "address": "127.0.0.3"}, {"container": 53, "host": 0, "protocol": "udp"}]
    spec = bench.spec(name, SERVER, {"network": {"mode": "bridge", "ports": ports}})
    bench.applied(spec)
    found = {port.rpartition("->")[2]: port.rpartition(":")[0] for port in bench.observed(name).ports}
    assert found == {"8080/tcp": "127.0.0.3", "53/udp": "127.0.0.1"}
    assert bench.plan(spec).pending == ()


def test_two_sandboxes_of_one_network_reach_each_other_by_name(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    engine.create_network(f"{name}-net")
    network = {"network": {"name": f"{name}-net"}}
    bench.applied(bench.spec(f"{name}-a", SERVER, network), bench.spec(f"{name}-b", network))
    time.sleep(0.3)
    assert bench.sh(f"{name}-b", f"wget -qO- http://{name}-a:8080/hostname") == f"{name}-a"


@pytest.mark.parametrize("network", ["none", "bridge"])
def test_the_hostname_is_the_sandboxs_name(bench: Workbench, name: str, network: str) -> None:
    bench.applied(bench.spec(name, {"network": network}))
    assert bench.sh(name, "hostname") == name


def test_a_network_that_is_there_but_named_like_none_of_the_modes(
    engine: EngineUnderTest, bench: Workbench, name: str
) -> None:
    engine.create_network(f"{name}-net")
    spec = bench.spec(name, {"network": f"{name}-net"})
    bench.applied(spec)
    assert bench.sh(name, "ls /sys/class/net | wc -l") == "2"
    assert bench.plan(spec).pending == ()


def test_after_a_replace_the_same_port_is_published_again(bench: Workbench, name: str) -> None:
    ports = {"network": {"mode": "bridge", "ports": ["0:8080"]}}
    bench.applied(bench.spec(name, SERVER, ports))
    _, port = published(bench, name)
    fixed = {"network": {"mode": "bridge", "ports": [f"{port}:8080"]}}
    assert bench.applied(bench.spec(name, SERVER, fixed)) == "replaced"
    assert bench.applied(bench.spec(name, SERVER, fixed, {"env": {"A": "1"}})) == "replaced"
    assert published(bench, name) == ("127.0.0.1", port)
