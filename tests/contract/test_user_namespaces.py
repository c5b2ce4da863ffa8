"""Podman's user namespaces as root's engine makes them; those without root are in `test_rootless`."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandboxctl import derive
from sandboxctl.errors import InvalidError
from tests.contract.podman_engine import PodmanUnderTest
from tests.contract.workbench import Fragment, Workbench

OWN: Fragment = {"security": {"userNamespace": "private"}}


@pytest.fixture
def engine(podman_under_test: PodmanUnderTest) -> PodmanUnderTest:
    """In place of the suite's: Podman alone."""
    return podman_under_test


@pytest.mark.proves("security.userNamespace/private")
def test_private_is_a_range_of_ids_that_no_account_of_the_host_has(
    engine: PodmanUnderTest, bench: Workbench, name: str
) -> None:
    spec = bench.spec(name, OWN)
    assert bench.applied(spec) == "created"
    first, size = derive.own_ids(spec.sandbox) or (0, 0)
    assert bench.sh(name, "tr -s ' ' </proc/self/uid_map") == f" 0 {first} {size}"
    status = Path(f"/proc/{engine.inspect(name)['State']['Pid']}/status").read_text()
    assert f"Uid:\t{first + 10001}\t" in status
    assert 2**19 <= first < 2**30
    assert bench.sh(name, "id -u; touch /workspace/x && stat -c %u /workspace/x") == "10001\n10001"
    assert bench.plan(spec).pending == ()


def test_two_have_ids_of_their_own(bench: Workbench, name: str) -> None:
    ranges = {derive.own_ids(bench.spec(f"{name}-{each}", OWN).sandbox) for each in "abcdefgh"}
    assert len(ranges) == 8


def test_with_a_writable_root_the_workdir_is_the_sandboxes(bench: Workbench, name: str) -> None:
    writable = {"security": {"readOnlyRoot": False, "allow": ["writable-root"]}}
    assert bench.applied(bench.spec(name, OWN, writable)) == "created"
    assert bench.sh(name, "touch x && stat -c '%a %u:%g' . x") == "700 10001:10001\n644 10001:10001"


def test_a_file_can_be_read(bench: Workbench, name: str) -> None:
    file = {"type": "file", "target": "/etc/word", "content": "hello"}
    assert bench.applied(bench.spec(name, OWN, {"mounts": [file]})) == "created"
    assert bench.sh(name, "cat /etc/word") == "hello"


def test_a_change_of_the_kind_is_a_replace(bench: Workbench, name: str) -> None:
    assert bench.applied(bench.spec(name)) == "created"
    assert bench.applied(bench.spec(name, OWN)) == "replaced"
    assert bench.applied(bench.spec(name)) == "replaced"
    assert bench.sh(name, "awk '{print $2}' /proc/self/uid_map") == "0"


@pytest.mark.parametrize("kind", ["auto", "private"])
@pytest.mark.parametrize(
    "mount",
    [
        {"type": "volume", "source": "v", "target": "/v"},
        {"type": "file", "target": "/etc/word", "content": "hello", "mode": "0400"},
    ],
    ids=["volume", "file"],
)
def test_what_would_be_nobodys_is_refused(bench: Workbench, name: str, kind: str, mount: Fragment) -> None:
    with pytest.raises(InvalidError, match=r"refused-by-backend: `mounts\[0\]`"):
        bench.apply(bench.spec(name, {"security": {"userNamespace": kind}, "mounts": [mount]}))
