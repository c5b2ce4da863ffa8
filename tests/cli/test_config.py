"""Config files: named targets, the backends in use, what a project may not say, and the order of what says where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sandboxctl.backends.base import Backend, Connection
from sandboxctl.cli.boundary import main
from tests.cli.conftest import SPEC, Cli

HEAD = "apiVersion: sandboxctl.dev/v1\nkind: Config\nspec:\n"
LAB = """\
  targets:
    lab: {docker: {host: unix:///lab.sock}}
    named: {docker: {context: far}}
    pods: {kubernetes: {context: c, namespace: ns}}
    boxes: {podman: {uri: unix:///p.sock}}
"""


@pytest.fixture
def user(cli: Cli, clean_home: Path) -> Path:
    """The user's file, which is not there yet."""
    path = clean_home / ".config" / "sandboxctl" / "config.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def reached(cli: Cli, *words: str) -> tuple[str, Mapping[str, object]]:
    """Which engine a command line connects to first, and as what; settings that nobody gave are left out."""
    seen: list[tuple[str, Connection]] = []

    def connect(name: str, connection: Connection) -> Backend:
        seen.append((name, connection))
        return cli.engine.connect(name, connection)

    main(words, connect=connect)
    cli.capsys.readouterr()
    name, connection = seen[0]
    names = ("docker_host", "docker_context", "podman_uri", "kubeconfig", "context", "namespace")
    return name, {each: getattr(connection, each) for each in names if getattr(connection, each) is not None}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("lab", ("docker", {"docker_host": "unix:///lab.sock"})),
        ("named", ("docker", {"docker_context": "far"})),
        ("pods", ("kubernetes", {"context": "c", "namespace": "ns"})),
        ("boxes", ("podman", {"podman_uri": "unix:///p.sock"})),
    ],
)
def test_a_target_is_an_engine_by_name(cli: Cli, user: Path, target: str, expected: object) -> None:
    user.write_text(HEAD + LAB)
    cli.write(SPEC.replace("spec:\n", "spec:\n  backend: docker\n"))
    assert reached(cli, "plan", "--target", target) == expected
    assert reached(cli, "logs", "py", "--target", target) == expected


def test_a_flag_is_over_the_target_and_the_target_over_the_spec(cli: Cli, user: Path) -> None:
    user.write_text(HEAD + LAB)
    cli.write(SPEC + "  docker: {host: unix:///spec.sock}\n  kubernetes: {namespace: s}\n")
    assert reached(cli, "plan") == ("docker", {"docker_host": "unix:///spec.sock"})
    assert reached(cli, "plan", "--target", "lab") == ("docker", {"docker_host": "unix:///lab.sock"})
    assert reached(cli, "plan", "--target", "named") == ("docker", {"docker_context": "far"})
    flag = ("--docker-host", "unix:///flag.sock")
    assert reached(cli, "plan", "--target", "named", *flag) == ("docker", {"docker_host": "unix:///flag.sock"})
    pods = ("plan", "--target", "pods", "--namespace", "f")
    assert reached(cli, *pods) == ("kubernetes", {"context": "c", "namespace": "f"})
    assert reached(cli, "plan", "--backend", "k8s", "--context", "f") == (
        "kubernetes",
        {"context": "f", "namespace": "s"},
    )


def test_the_backends_in_use_are_the_users_and_the_first_is_auto(cli: Cli, user: Path) -> None:
    user.write_text(HEAD + "  backends: [podman, docker]\n")
    cli.write()
    assert reached(cli, "plan")[0] == "podman"
    assert reached(cli, "plan", "--backend", "docker")[0] == "docker"


def test_a_project_may_have_targets_and_not_say_which_backends_are_in_use(cli: Cli) -> None:
    cli.write()
    cli.write(HEAD + LAB, ".sandboxctl.yaml")
    assert reached(cli, "plan", "--target", "lab") == ("docker", {"docker_host": "unix:///lab.sock"})
    cli.write(HEAD + "  backends: [kubernetes]\n", ".sandboxctl.yaml")
    cli.engine.calls.clear()
    ran = cli("plan")
    assert (ran.code, cli.engine.calls) == (3, [])
    assert ran.err.splitlines()[:4] == [
        ".sandboxctl.yaml:4:3: error: a project cannot say which backends are in use [config-backends]",
        "  4 |   backends: [kubernetes]",
        "    |   ^^^^^^^^",
        "  hint: write it into the user's own config.yaml, or `backend` into the spec",
    ]


def test_the_projects_file_is_found_from_below(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.write(HEAD + LAB, ".sandboxctl.yaml")
    below = cli.directory / "a" / "b"
    below.mkdir(parents=True)
    (below / "sandbox.yaml").write_text(SPEC)
    monkeypatch.chdir(below)
    assert reached(cli, "plan", "--target", "lab") == ("docker", {"docker_host": "unix:///lab.sock"})


def test_a_target_that_both_have_is_the_users(cli: Cli, user: Path) -> None:
    cli.write()
    user.write_text(HEAD + "  targets: {lab: {docker: {host: unix:///mine.sock}}}\n")
    cli.write(HEAD + LAB, ".sandboxctl.yaml")
    assert reached(cli, "plan", "--target", "lab") == ("docker", {"docker_host": "unix:///mine.sock"})
    assert reached(cli, "plan", "--target", "boxes")[0] == "podman"


def test_a_config_that_is_named_is_read_instead_of_both(cli: Cli, user: Path) -> None:
    cli.write()
    user.write_text(HEAD + LAB)
    cli.write(HEAD + "  backends: [kubernetes]\n  targets: {only: {podman: {}}}\n", "mine.yaml")
    assert reached(cli, "plan", "--config", "mine.yaml")[0] == "kubernetes"
    assert reached(cli, "plan", "--config", "mine.yaml", "--target", "only") == ("podman", {})
    ran = cli("plan", "--config", "mine.yaml", "--target", "lab")
    assert (ran.code, ran.err) == (64, "error: there is no target `lab`\nhint: the targets are only\n")


def test_a_kubeconfig_is_beside_its_config(cli: Cli, user: Path) -> None:
    cli.write()
    user.write_text(HEAD + "  targets: {a: {kubernetes: {kubeconfig: lab.conf}}}\n")
    assert reached(cli, "plan", "--target", "a") == ("kubernetes", {"kubeconfig": str(user.parent / "lab.conf")})


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--target", "lba"), "error: there is no target `lba`\nhint: did you mean `lab`?\n"),
        (
            ("--target", "lab", "--backend", "podman"),
            "error: target lab is on docker, and --backend says podman\nhint: give one of them\n",
        ),
    ],
)
def test_a_target_that_cannot_be_meant_is_a_usage_error(
    cli: Cli, user: Path, words: tuple[str, ...], error: str
) -> None:
    cli.write()
    user.write_text(HEAD + LAB)
    ran = cli("plan", *words)
    assert (ran.code, ran.err, cli.engine.calls) == (64, error, [])


def test_render_and_validate_know_a_targets_backend(cli: Cli, user: Path) -> None:
    user.write_text(HEAD + LAB)
    cli.write()
    assert cli("render", "--target", "pods").out == cli("render", "--backend", "kubernetes").out
    cli.replace("  lifecycle:", "    swap: 1Mi\n  lifecycle:")
    assert [cli("validate", "--target", each).code for each in ("lab", "pods")] == [0, 3]


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ("  targtes: {}\n", "4:3", "unknown-key"),
        ("  targets: {a: {}}\n", "4:13", "missing-key"),
        ("  targets: {a: {docker: {}, podman: {}}}\n", "4:29", "exclusive-keys"),
        ("  targets: {a: {docker: {host: x, context: y}}}\n", "4:35", "exclusive-keys"),
        ("  targets: {a: {docker: {url: x}}}\n", "4:26", "unknown-key"),
        ("  backends: docker\n", "4:13", "wrong-type"),
        ("  backends: [dcoker]\n", "4:14", "unknown-value"),
        ("  backends: []\n", "4:13", "config-backends"),
        ("  backends: [no]\n", "4:14", "ambiguous-scalar"),
        ("  targets: {}\n---\nkind: Config\n", "6:1", "missing-key"),
    ],
)
def test_a_config_is_checked_as_strictly_as_a_spec(cli: Cli, user: Path, body: str, place: str, code: str) -> None:
    cli.write()
    user.write_text(HEAD + body)
    ran = cli("plan", "--output", "json")
    assert (ran.code, cli.engine.calls) == (3, [])
    first = ran.json["diagnostics"][0]
    start = first["range"]["start"]
    assert (first["range"]["filename"], f"{start['line']}:{start['column']}", first["code"]) == (str(user), place, code)


def test_what_asks_no_engine_does_not_read_it(cli: Cli, user: Path) -> None:
    cli.write()
    user.write_text("nonsense")
    assert cli("validate").code == 0
    assert cli("render", "--backend", "docker").code == 0


def test_a_config_that_is_not_there_is_a_local_error(cli: Cli) -> None:
    cli.write()
    ran = cli("plan", "--config", "nope.yaml")
    assert (ran.code, ran.err) == (1, "error: the config file nope.yaml does not exist\n")


def test_the_schema_can_be_had(cli: Cli) -> None:
    assert cli("schema", "--kind", "config").json["title"] == "Config"
    assert cli("schema").json["title"] == "Sandbox"


def test_a_context_that_nobody_has_is_one_line_for_every_command_that_looks_for_sandboxes(
    clean_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in (["list"], ["status", "xy"], ["logs", "xy"], ["delete", "--yes", "xy"], ["plan"], ["drift"]):
        if words == ["plan"]:
            Path("sandbox.yaml").write_text(SPEC)
        code = main([*words, "--backend", "docker", "--docker-context", "nope"])
        assert (code, capsys.readouterr().err) == (
            4,
            "error: there is no Docker context nope\nhint: `docker context ls` lists them\n",
        ), words
