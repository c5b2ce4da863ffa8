"""Rules that depend on the host, and the weakenings by themselves. The other rules are tested by tests/specs."""

from __future__ import annotations

import pytest

from sandboxctl.facts import PathFacts, PathKind
from sandboxctl.rules import weakenings
from tests.unit.given import FixedFacts, judged, right, spec


def host(
    path: str, kind: PathKind, *, uid: int = 0, gid: int = 0, mode: int = 0o755, **more: tuple[str, ...]
) -> FixedFacts:
    return FixedFacts(paths={path: PathFacts(real=path, kind=kind, uid=uid, gid=gid, mode=mode)}, **more)


def bind(path: str, more: str = "", security: str = "") -> str:
    return spec(f"mounts: [{{type: bind, source: {path}, target: /data{more}}}]\n{security}")


@pytest.mark.parametrize(
    ("uid", "gid", "mode", "security"),
    [
        (10001, 0, 0o700, ""),
        (0, 10001, 0o770, ""),
        (0, 0, 0o777, ""),
        (0, 50, 0o775, "security: {groups: [50]}"),
        (0, 60, 0o775, "security: {fsGroup: 60}"),
        (0, 0, 0o700, "security: {user: 0, allow: [root-user]}"),
        (7, 7, 0o700, "security: {user: 0, capabilities: {drop: []}, allow: [root-user, default-capabilities]}"),
        (7, 7, 0o700, "security: {profile: baseline}"),
        (7, 7, 0o700, "security: {userNamespace: keep-id}"),
    ],
)
def test_a_writable_bind_is_right_where_the_user_can_write_it(uid: int, gid: int, mode: int, security: str) -> None:
    facts = host("/data", "directory", uid=uid, gid=gid, mode=mode)
    assert judged(bind("/data", ", readOnly: false", security), facts) == []


@pytest.mark.parametrize(
    ("uid", "gid", "mode", "security", "user"),
    [
        (1000, 1000, 0o755, "", 10001),
        (10001, 10001, 0o577, "", 10001),  # the owner's bits decide, not the group's
        (1000, 10001, 0o757, "", 10001),
        (1000, 1000, 0o755, "security: {user: 0, allow: [root-user]}", 0),  # root without DAC_OVERRIDE
    ],
)
def test_a_writable_bind_that_the_user_cannot_write_names_its_owner(
    uid: int, gid: int, mode: int, security: str, user: int
) -> None:
    facts = host("/data", "directory", uid=uid, gid=gid, mode=mode)
    message = (
        f"mounts[0].source: `/data` belongs to {uid}:{gid} (mode {mode:04o}), "
        f"and the sandbox's user {user} cannot write it"
    )
    assert judged(bind("/data", ", readOnly: false", security), facts) == [("bind-not-writable", message)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("directory", []),
        ("file", []),
        ("missing", ["bind-missing"]),
        ("unreadable", ["bind-missing"]),
        ("fifo", ["bind-kind"]),
        ("device", ["bind-kind"]),
        ("socket", ["weakening-not-allowed"]),
    ],
)
def test_a_bind_is_of_a_file_or_a_directory(kind: PathKind, expected: list[str]) -> None:
    assert [code for code, _ in judged(bind("/srv/x"), host("/srv/x", kind))] == expected


def test_a_socket_named_in_allow_may_be_bound() -> None:
    text = bind("/run/docker.sock", security="security: {allow: [engine-socket]}")
    assert judged(text, host("/run/docker.sock", "socket")) == []


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/", ["host-path:/", "engine-socket"]),
        ("/etc", ["host-path:/etc"]),
        ("/root/.ssh", ["host-path:/root/.ssh"]),
        ("/boot", ["host-path:/boot"]),
        ("/var", ["host-path:/var", "engine-socket"]),
        ("/var/lib/docker/volumes/x", ["host-path:/var/lib/docker/volumes/x"]),
        ("/run", ["host-path:/run", "engine-socket"]),
        ("/run/docker.sock", ["engine-socket"]),
        ("/run/podman", ["engine-socket"]),
        ("/run/user/1000", ["engine-socket"]),
        ("/run/user/1000/podman/podman.sock", ["engine-socket"]),
        ("/home/me/project", []),
        ("/etcetera", []),
        ("/var/log", []),
        ("/run/user/1000/podman-data", []),
        ("/home/me", ["host-path:/home/me"]),
        ("/srv/engine", ["engine-socket"]),
    ],
)
def test_a_bind_with_power_over_the_host_is_a_weakening(path: str, names: list[str]) -> None:
    facts = host(
        path, "directory", directories=("/home/me/.local/share/containers",), sockets=("/srv/engine/docker.sock",)
    )
    found = weakenings(right(bind(path), facts), facts=facts)
    assert found == tuple((name, ("spec", "mounts", 0, "source")) for name in names)


def test_the_default_sandbox_has_no_weakening() -> None:
    assert weakenings(right(spec())) == ()


def test_the_profile_privileged_has_the_four_weakenings_of_its_page() -> None:
    names = [name for name, _ in weakenings(right(spec("security: {profile: privileged}")))]
    assert names == ["root-user", "writable-root", "default-capabilities", "new-privileges"]


@pytest.mark.parametrize(
    ("profile", "is_weakening"),
    [
        ('{"defaultAction": "SCMP_ACT_ALLOW"}', True),
        ('{"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"action": "SCMP_ACT_ALLOW"}]}', True),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO"}]}', False),
        ('{"defaultAction": "SCMP_ACT_ERRNO"}', False),
        ('{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": 5}', True),
    ],
)
def test_a_seccomp_profile_that_refuses_nothing_is_unconfined(profile: str, is_weakening: bool) -> None:
    facts = FixedFacts(texts={"/specs/p.json": profile})
    found = weakenings(right(spec("security: {seccomp: {file: p.json}}"), facts))
    assert found == ((("seccomp-unconfined", ("spec", "security", "seccomp")),) if is_weakening else ())


@pytest.mark.parametrize(
    ("endpoint", "is_open"),
    [
        ("tcp://10.0.0.1:2375", True),
        ("http://build.example.com:2375", True),
        ("tcp://127.0.0.1:2375", False),
        ("tcp://[::1]:2375", False),
        ("https://build.example.com:2376", False),
        ("ssh://me@build.example.com", False),
        ("unix:///run/docker.sock", False),
    ],
)
def test_plain_tcp_to_another_machine_is_an_insecure_endpoint(endpoint: str, is_open: bool) -> None:
    found = weakenings(right(spec(f'docker: {{host: "{endpoint}"}}')))
    assert found == ((("insecure-endpoint", ("spec", "docker", "host")),) if is_open else ())
