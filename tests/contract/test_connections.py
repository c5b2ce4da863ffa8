"""An engine reached in other ways than by its own socket: by ssh, by TLS. The same commands, the same answers."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.contract.engines import EngineUnderTest
from tests.contract.workbench import yaml_text
from tests.engines.fixtures import LocalImages
from tests.engines.private_docker import PrivateDocker, private_docker

SCRIPTS = Path(__file__).parents[1] / "engines"
ROOT = Path(__file__).parents[2]
FLAGS = {"docker": "--docker-host", "podman": "--podman-uri"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.1)
    pytest.fail(f"nobody listens on {port}: {log.read_text()[-2000:]}")


def sandboxctl(
    directory: Path,
    *words: str,
    code: int = 0,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
) -> subprocess.CompletedProcess[bytes]:
    """A command as its user would give it."""
    done = subprocess.run(
        [*within, sys.executable, "-m", "sandboxctl", *words], cwd=directory, input=stdin, capture_output=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
    )  # fmt: skip
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done


def write(directory: Path, name: str, image: str, memory: str = "64Mi") -> None:
    document = {
        "apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": {"name": name},
        "spec": {"image": image, "resources": {"memory": memory},
                 "lifecycle": {"stopGrace": "1s", "ready": {"minSeconds": 0}}},
    }  # fmt: skip
    (directory / "sandbox.yaml").write_text(yaml_text(document))


def whole_life(
    directory: Path,
    name: str,
    image: str,
    *way: str,
    env: Mapping[str, str] | None = None,
    within: Sequence[str] = (),
) -> None:
    """From nothing to nothing, by way of these options: every kind of request that there is."""

    def run(*words: str, code: int = 0, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return sandboxctl(directory, *way, *words, code=code, stdin=stdin, env=env, within=within)

    write(directory, name, image)
    run("apply")
    run("plan", "--detailed-exitcode")
    verified = json.loads(run("verify", "--output", "json").stdout)
    assert [each["ok"] for each in verified["sandboxes"]] == [True]
    content = bytes(range(256)) * 4096
    echoed = run("exec", "-i", name, "--", "cat", stdin=content)
    assert (echoed.stdout, echoed.stderr) == (content, b"")
    run("exec", name, "--", "sh", "-c", "exit 7", code=7)
    (directory / "f").write_bytes(content)
    run("cp", "f", f"{name}:/workspace/f")
    run("cp", f"{name}:/workspace/f", "g")
    assert (directory / "g").read_bytes() == content
    write(directory, name, image, "96Mi")
    run("apply", "--yes")
    run("delete", "--yes", name)
    run("status", name, code=9)


# ssh


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A real server on the loopback, for this user by key alone: its port, and the directory of keys."""
    script = subprocess.run([str(SCRIPTS / "sshd.sh"), "path"], stdout=subprocess.PIPE, text=True, check=True)
    home = tmp_path_factory.mktemp("ssh")
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / key)], check=True)
    shutil.copy(home / "user.pub", home / "authorized")
    port, log = free_port(), home / "log"
    (home / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/authorized\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        "StrictModes no\nPidFile none\n"
    )
    server = subprocess.Popen([script.stdout.strip(), "-D", "-E", str(log), "-f", str(home / "sshd_config")])
    wait_for(port, server, log)
    yield port, home
    server.terminate()
    server.wait(timeout=30)


@pytest.fixture
def ssh_client(sshd: tuple[int, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's `ssh`, with a configuration of the test's; ssh looks for a user's own in no place that could be set.

    Returns the file of known hosts, which knows the server."""
    port, home = sshd
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {(home / 'host.pub').read_text()}")
    (tmp_path / "ssh_config").write_text(
        f"Host *\n  IdentityFile {home}/user\n  IdentitiesOnly yes\n  UserKnownHostsFile {known}\n"
        "  GlobalKnownHostsFile none\n"
    )
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {tmp_path}/ssh_config "$@"\n')
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as short:  # a socket's path is
        monkeypatch.setenv("TMPDIR", short)
        yield known


def test_the_whole_life_of_a_sandbox_by_ssh(
    engine: EngineUnderTest, sshd: tuple[int, Path], ssh_client: Path, clean_home: Path, tmp_path: Path, name: str
) -> None:
    url = f"ssh://127.0.0.1:{sshd[0]}{engine.socket}"
    whole_life(tmp_path, name, engine.images.busybox, "--backend", engine.backend, FLAGS[engine.backend], url)
    assert list(Path(os.environ["TMPDIR"]).iterdir()) == []


def test_a_long_way_to_temporary_files_is_no_way_for_a_socket(
    engine: EngineUnderTest, sshd: tuple[int, Path], ssh_client: Path, clean_home: Path, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    url = f"ssh://127.0.0.1:{sshd[0]}{engine.socket}"
    before = set(Path("/tmp").glob("sandboxctl-ssh-*"))
    sandboxctl(tmp_path, "--backend", engine.backend, FLAGS[engine.backend], url, "list", env={"TMPDIR": str(long)})
    assert list(long.iterdir()) == []
    assert set(Path("/tmp").glob("sandboxctl-ssh-*")) - before == set()


def test_a_host_whose_key_nobody_knows_is_not_asked_for_anything(
    engine: EngineUnderTest, sshd: tuple[int, Path], ssh_client: Path, clean_home: Path, tmp_path: Path
) -> None:
    ssh_client.write_text("")
    url = f"ssh://127.0.0.1:{sshd[0]}{engine.socket}"
    refused = sandboxctl(tmp_path, "--backend", engine.backend, FLAGS[engine.backend], url, "list", code=4)
    assert refused.stderr.decode().splitlines() == [
        "error: ssh to 127.0.0.1 failed: Host key verification failed.",
        "hint: does `ssh 127.0.0.1` work, without a question?",
    ]


def test_a_bind_is_refused_before_any_change_where_the_engine_is_behind_ssh(
    engine: EngineUnderTest, sshd: tuple[int, Path], ssh_client: Path, clean_home: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "sandbox.yaml").write_text(yaml_text({
        "apiVersion": "sandboxctl.dev/v1", "kind": "Sandbox", "metadata": {"name": name},
        "spec": {"image": engine.images.busybox,
                 "mounts": [{"type": "bind", "source": "./data", "target": "/data", "readOnly": True}]},
    }))  # fmt: skip
    url = f"ssh://127.0.0.1:{sshd[0]}{engine.socket}"
    refused = sandboxctl(tmp_path, "--backend", engine.backend, FLAGS[engine.backend], url, "apply", code=3)
    assert "[remote-bind]" in refused.stderr.decode()
    assert name not in engine.containers()


def test_the_tunnel_ends_with_a_command_that_is_killed(
    engine: EngineUnderTest, sshd: tuple[int, Path], ssh_client: Path, clean_home: Path, tmp_path: Path, name: str
) -> None:
    url = f"ssh://127.0.0.1:{sshd[0]}{engine.socket}"
    way = ("--backend", engine.backend, FLAGS[engine.backend], url)
    write(tmp_path, name, engine.images.busybox)
    sandboxctl(tmp_path, *way, "apply")
    follower = subprocess.Popen(
        [sys.executable, "-m", "sandboxctl", *way, "exec", name, "--", "sh", "-c", "echo up; sleep 5"],
        cwd=tmp_path, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert follower.stdout is not None
    assert follower.stdout.readline() == b"up\n"
    assert len(tunnels(sshd[0])) == 1
    follower.kill()
    follower.wait()
    follower.stdout.close()
    until = time.monotonic() + 20  # the command in the sandbox goes on to its end, as it does without ssh
    while tunnels(sshd[0]) and time.monotonic() < until:
        time.sleep(0.1)
    assert tunnels(sshd[0]) == []


def tunnels(port: int) -> list[str]:
    """The command lines of the ssh clients that lead to this port."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdecimal() else []
        except OSError:
            continue
        if words and words[0].endswith(b"ssh") and str(port).encode() in words:
            found.append(b" ".join(words).decode())
    return found


# TLS (Docker alone: podman-py has none)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ca.pem, cert.pem and key.pem of the client, server-cert.pem and server-key.pem for 127.0.0.1."""
    subprocess.run([str(SCRIPTS / "sshd.sh"), "path"], stdout=subprocess.DEVNULL, check=True)  # openssl comes along
    home = tmp_path_factory.mktemp("tls")
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=home, check=True, capture_output=True)

    openssl("req", "-x509", *new_key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=test authority")
    for prefix, usage in (("server-", "serverAuth"), ("", "clientAuth")):
        openssl(
            "req", "-x509", *new_key, "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-keyout", f"{prefix}key.pem",
            "-out", f"{prefix}cert.pem", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
            "-addext", f"extendedKeyUsage={usage}", "-addext", "basicConstraints=critical,CA:FALSE",
        )  # fmt: skip
    return home


@pytest.fixture(scope="module")
def tls_engine(docker_images: LocalImages, certificates: Path) -> Iterator[PrivateDocker]:
    """Reached by TLS alone, both sides checked, and only from within its network namespace."""
    certified = [
        f"--tls{name}={certificates / file}"
        for name, file in (("cacert", "ca.pem"), ("cert", "server-cert.pem"), ("key", "server-key.pem"))
    ]
    options = ("--tlsverify", *certified, "--bridge=none", "--iptables=false")
    with private_docker(*options, tls=certificates) as engine:
        engine.client("import", str(docker_images.busybox_rootfs), docker_images.busybox)
        yield engine


@pytest.mark.docker
def test_the_whole_life_of_a_sandbox_by_tls(
    tls_engine: PrivateDocker, certificates: Path, docker_images: LocalImages, clean_home: Path, tmp_path: Path
) -> None:
    env = tls_engine.client_env
    whole_life(tmp_path, "c-tls", docker_images.busybox, "--backend", "docker", env=env, within=tls_engine.within)


@pytest.mark.docker
def test_variables_that_name_other_authorities_change_nothing(
    tls_engine: PrivateDocker, certificates: Path, docker_images: LocalImages, clean_home: Path, tmp_path: Path
) -> None:
    env = tls_engine.client_env | {"REQUESTS_CA_BUNDLE": "/nonexistent", "CURL_CA_BUNDLE": "/nonexistent"}
    write(tmp_path, "c-tls-variables", docker_images.busybox)
    sandboxctl(tmp_path, "--backend", "docker", "apply", env=env, within=tls_engine.within)
    sandboxctl(tmp_path, "--backend", "docker", "delete", "--yes", "c-tls-variables", env=env, within=tls_engine.within)


@pytest.mark.docker
@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("cert.pem", "key.pem"), "cannot be reached by TLS: its certificate is not to be trusted: "),
        (("ca.pem",), "cannot be reached by TLS: "),
        (("ca.pem", "cert.pem"), "has no key.pem"),
    ],
    ids=["server unknown", "client unknown", "no key"],
)
def test_neither_side_takes_the_other_without_its_certificate(
    tls_engine: PrivateDocker, certificates: Path, clean_home: Path, tmp_path: Path, files: tuple[str, ...], words: str
) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for file in files:
        shutil.copy(certificates / file, some)
    refused = sandboxctl(
        tmp_path,
        "--backend",
        "docker",
        "list",
        code=4,
        env=tls_engine.client_env | {"DOCKER_CERT_PATH": str(some)},
        within=tls_engine.within,
    )
    lines = refused.stderr.decode().splitlines()
    assert [lines[0].startswith("error: "), words in lines[0], len(lines)] == [True, True, 2], lines
