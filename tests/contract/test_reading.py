"""What the engine says of a sandbox that was rendered and created is what was wanted, field for field."""

from __future__ import annotations

import os

import pytest

from sandboxctl import diff, ownership
from sandboxctl.backends.base import Json, Key
from sandboxctl.capabilities import Effect
from sandboxctl.fields import OURS_ALONE, within
from sandboxctl.render import render
from sandboxctl.spec import Loaded
from tests.contract.conftest import honoured
from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import Fragment, Workbench, merged

EVERYTHING: Fragment = {
    "command": ["sh", "-c", "sleep 1000"],
    "args": ["one", "two words"],
    "workdir": "/data",
    "tty": True,
    "stdin": True,
    "env": {"A": "1", "B": "two\nlines", "EMPTY": ""},
    "resources": {
        "cpu": "333m",
        "memory": "100M",
        "swap": "50M",
        "pids": 77,
        "cpuset": "0-1",
        "shm": "8Mi",
        "scratch": "9Mi",
        "requests": {"memory": "50M", "cpu": "111m"},
        "ulimits": {"nofile": {"soft": 100, "hard": 200}, "nproc": 50, "core": 0, "memlock": {"soft": 0, "hard": 65536}},
    },
    "network": {
        "mode": "bridge",
        "hostname": "elsewhere",
        "ports": ["127.0.0.1:0:80", "127.0.0.2:0:53/udp", "0:8080"],
        "dns": {"servers": ["192.0.2.1", "2001:db8::1"], "search": ["a.test", "b.test"], "options": ["ndots:2", "rotate"]},
        "hosts": {"db": "192.0.2.9", "six": "2001:db8::9"},
    },
    "mounts": [
        {"type": "tmpfs", "target": "/data", "size": "1Mi", "exec": True, "mode": "0750"},
        {"type": "tmpfs", "target": "/data/below", "size": "1000k"},
        {"type": "bind", "source": "./bound", "target": "/bound"},
        {"type": "bind", "source": "./bound", "target": "/writable", "readOnly": False, "propagation": "rslave"},
    ],
    "security": {
        "user": 12345,
        "group": 54321,
        "groups": [7, 100],
        "fsGroup": 2000,
        "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN", "CHOWN"]},
        "noNewPrivileges": False,
        "seccomp": "unconfined",
        "devices": [{"source": "/dev/null", "target": "/dev/extra", "permissions": "r"}],
        "sysctls": {"net.core.somaxconn": "77", "kernel.msgmax": "65536"},
        "allow": ["capability:NET_ADMIN", "capability:CHOWN", "new-privileges", "seccomp-unconfined", "device:/dev/null",
                  "sysctl:net.core.somaxconn", "sysctl:kernel.msgmax"],
    },
    "lifecycle": {"stopGrace": "7s", "stopSignal": "SIGUSR1", "init": False, "restart": {"policy": "on-failure", "max": 3}},
    "health": {"command": ["test", "-e", "/x y"], "interval": "7s", "timeout": "3s", "retries": 4, "startPeriod": "2s"},
}  # fmt: skip

SPECS: dict[str, tuple[Fragment, Fragment]] = {
    "the default": ({}, {}),
    "everything": (EVERYTHING, {"labels": {"team": "ml"}, "annotations": {"owner": "a b"}}),
    "baseline": ({"security": {"profile": "baseline"}}, {}),
    "privileged": (
        {
            "security": {
                "profile": "privileged",
                "privileged": True,
                "allow": ["root-user", "writable-root", "default-capabilities", "new-privileges", "privileged"],
            }
        },
        {},
    ),
    "the host's network": ({"network": "host", "security": {"allow": ["host-network"]}}, {}),
    "a writable root": ({"security": {"readOnlyRoot": False, "allow": ["writable-root"]}}, {}),
    "the image's own": ({"run": "image"}, {}),
    "args alone": ({"args": ["sleep", "1000"]}, {}),
    "a lifetime": ({"lifecycle": {"ttl": "1h30m"}}, {}),
    "restarts": ({"command": ["sleep", "9"], "lifecycle": {"restart": "always"}}, {}),
    "removed when it ends": ({"command": ["sleep", "9"], "lifecycle": {"autoRemove": True}}, {}),
    "odd sizes": ({"resources": {"cpu": "11m", "memory": "20001k", "shm": "1000k"}}, {}),
}


@pytest.fixture
def created(engine: EngineUnderTest, bench: Workbench, name: str, title: str) -> Loaded:
    """Rendered and created, not started; whatever host the tests run on."""
    (bench.directory / "bound").mkdir()
    os.chown(bench.directory / "bound", 12345, 54321)
    fragment, metadata = SPECS[title]
    if not honoured("security.fsGroup/apart", engine.backend):
        fragment = merged(fragment, {"security": {"fsGroup": 54321}}) if title == "everything" else fragment
    spec = bench.spec(name, fragment, metadata=metadata)
    labels = ownership.labels(spec.sandbox, spec_hash="", image_id="", salt=b"", holder="")
    bench.backend.writer.create(render(spec.sandbox, bench.backend.name, labels=labels), name=name)
    return spec


def ours(fields: dict[Key, Json], wanted: set[Key]) -> dict[Key, Json]:
    """Without what the image or the engine adds where it may."""
    return {
        key: value
        for key, value in fields.items()
        if key in wanted or not any(within(key, prefix) for prefix in OURS_ALONE)
    }


@pytest.mark.parametrize("title", SPECS)
def test_what_is_read_is_what_was_wanted(
    engine: EngineUnderTest, bench: Workbench, name: str, title: str, created: Loaded
) -> None:
    wanted = bench.backend.wanted(created.sandbox)
    hidden = bench.backend.hidden
    visible = {key: value for key, value in wanted.fields.items() if not any(within(key, prefix) for prefix in hidden)}
    assert ours(dict(bench.observed(name).fields), set(visible)) == visible


@pytest.mark.parametrize("title", SPECS)
def test_nothing_differs(engine: EngineUnderTest, bench: Workbench, name: str, title: str, created: Loaded) -> None:
    wanted = bench.backend.wanted(created.sandbox)
    sides = diff.Sides(desired=wanted, live=bench.observed(name).fields, applied=wanted, hidden=bench.backend.hidden)
    assert diff.changes(sides, lambda key: Effect.REPLACE) == ()
