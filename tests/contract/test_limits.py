"""The limits bind: what goes beyond one is stopped by the kernel, and what is not given cannot be taken."""

from __future__ import annotations

import pytest

from tests.contract.conftest import honoured
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Workbench


def test_memory(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"image": engine.images.python, "resources": {"memory": "64Mi", "scratch": "1Mi"}}))
    assert bench.exec(name, "python", "-c", "bytearray(16 << 20)").code == 0
    assert bench.exec(name, "python", "-c", "bytearray(256 << 20)").code == 137
    assert engine.state(name) == "running"


def test_processes(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"resources": {"pids": 20}}))
    result = bench.exec(name, "sh", "-c", "for i in $(seq 40); do sleep 3 & done")
    assert result.code != 0
    assert b"can't fork: Resource temporarily unavailable" in result.stderr


@pytest.mark.parametrize("target", ["/scratch", "/workspace", "/tmp", "/dev/shm"])
def test_memory_file_systems(bench: Workbench, name: str, target: str) -> None:
    spec = {
        "resources": {"scratch": "1Mi", "shm": "1Mi"},
        "mounts": [{"type": "tmpfs", "target": "/scratch", "size": "1Mi"}],
    }
    bench.applied(bench.spec(name, spec))
    size = 64 if target == "/tmp" else 1
    result = bench.exec(name, "dd", "if=/dev/zero", f"of={target}/x", "bs=1M", f"count={size + 1}")
    assert result.code == 1
    assert b"No space left on device" in result.stderr
    assert bench.sh(name, f"stat -c %s {target}/x") == str(size * 2**20)


def test_processor(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"resources": {"cpu": "150m"}}))
    assert engine.limits(name).cpu == 150


def test_open_files(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    limits = {"resources": {"ulimits": {"nofile": 64}}}
    bench.applied(bench.spec(name, {"image": engine.images.python}, limits))
    result = bench.exec(name, "python", "-c", "files = [open('/dev/null') for _ in range(80)]")
    assert result.code == 1
    assert b"Too many open files" in result.stderr


def test_written_files(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"resources": {"ulimits": {"fsize": 1000}}}))
    result = bench.exec(name, "dd", "if=/dev/zero", "of=/tmp/x", "bs=2000", "count=1")
    assert result.code != 0
    assert bench.sh(name, "stat -c %s /tmp/x") == "1000"


@pytest.mark.parametrize("path", ["/x", "/etc/x", "/bin/x", "/proc/sys/kernel/hostname", "/sys/x", "/dev/x"])
def test_a_read_only_root_refuses_writes_everywhere(bench: Workbench, name: str, path: str) -> None:
    bench.applied(bench.spec(name))
    assert bench.exec(name, "sh", "-c", f"echo x >{path}").code != 0


def test_without_a_network_nothing_is_reached(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    assert bench.sh(name, "ls /sys/class/net; cat /proc/net/route | wc -l") == "lo\n1"
    result = bench.exec(name, "nc", "-w", "2", "192.0.2.1", "80")
    assert b"Network is unreachable" in result.stderr


def test_the_default_sandbox_seen_from_inside(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    status = dict(
        line.split(":\t", 1) for line in bench.sh(name, "cat /proc/self/status").splitlines() if ":\t" in line
    )
    wanted = {
        "Uid": "10001\t10001\t10001\t10001",
        "Gid": "10001\t10001\t10001\t10001",
        "CapInh": "0" * 16,
        "CapPrm": "0" * 16,
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "CapAmb": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }
    assert {key: status[key] for key in wanted} == wanted
    assert set(status["Groups"].split()) <= {"10001"}  # some runtimes list the primary one too


def test_no_process_gains_privileges(bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name, {"network": "bridge"}))
    for command in ("chown 0 /tmp", "mount -t tmpfs x /tmp", "ip link set lo down", "unshare -m true", "chroot / true"):
        assert bench.exec(name, "sh", "-c", command).code != 0, command


def test_the_kernel_agrees_with_the_defaults(engine: EngineUnderTest, bench: Workbench, name: str) -> None:
    bench.applied(bench.spec(name))
    found = engine.limits(name)
    pids = 256 if honoured("resources.pids", engine.backend) else None
    assert (found.memory, found.swap, found.cpu, found.pids) == (512 * 2**20, 0, 1000, pids)
