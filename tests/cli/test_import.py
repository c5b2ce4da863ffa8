"""import: a spec from what is live, on the engine in memory. Round trips on real engines: tests/contract/test_import.py."""

from __future__ import annotations

from sandboxctl.yaml_text import dump
from tests.cli.conftest import SPEC, Cli


def test_what_was_applied_comes_back_as_short_as_it_was_written(cli: Cli) -> None:
    cli.applied(SPEC.replace("  lifecycle:\n    ready: {minSeconds: 0}\n", "  env: {A: b}\n  tty: true\n"))
    ran = cli("import", "py")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == dump(
        {
            "apiVersion": "sandboxctl.dev/v1",
            "kind": "Sandbox",
            "metadata": {"name": "py"},
            "spec": {
                "image": "docker.io/library/busybox:1",
                "tty": True,
                "env": {"A": "b"},
                "resources": {"memory": "64Mi"},
            },
        }
    )


def test_a_plan_of_what_was_imported_is_empty(cli: Cli) -> None:
    cli.applied()
    cli.write(cli("import", "py").out, "again.yaml")
    assert cli("plan", "again.yaml", "--detailed-exitcode").code == 0


def test_drift_is_imported_as_it_is(cli: Cli) -> None:
    engine = cli.applied()
    (live,) = engine.all.values()
    live.fields["resources", "memory"] = 128 * 2**20
    assert 'memory: "128Mi"' in cli("import", "py").out
    assert engine.calls == [call for call in engine.calls if call in ("observe", "image_config")]


def test_what_no_spec_can_say_is_told(cli: Cli) -> None:
    engine = cli.applied()
    (live,) = engine.all.values()
    live.fields["docker", "PidMode"] = "host"
    ran = cli("import", "py")
    assert (ran.code, ran.err) == (
        0,
        "note: the spec cannot say what is live, so a plan would change docker.PidMode: host → (not set)\n",
    )
    found = cli("import", "py", "--output", "json").json
    assert found["differences"] == [{"path": ["docker", "PidMode"], "before": "host", "after": None}]


def test_a_file_that_cannot_be_had_is_told_with_the_command_that_brings_it(cli: Cli) -> None:
    (live,) = cli.applied().all.values()
    for part, value in {"type": "file", "content": "sha256:" + "0" * 64, "mode": "0444"}.items():
        live.fields["mounts", "/etc/app.conf", part] = value
    ran = cli("import", "py")
    assert (ran.code, ran.err) == (
        0,
        "note: ./app.conf has to be there first, with what is in /etc/app.conf: `sandboxctl cp py:/etc/app.conf ./app.conf`\n",
    )
    found = cli("import", "py", "--output", "json").json
    assert (found["files"], found["differences"]) == ([{"source": "./app.conf", "target": "/etc/app.conf"}], [])


def test_a_weakening_is_named_and_a_secret_is_left_to_the_environment(cli: Cli) -> None:
    engine = cli.applied()
    (live,) = engine.all.values()
    live.fields["security", "readOnlyRoot"] = False
    live.fields["env", "API_TOKEN"] = "hush-hush"
    spec = cli("import", "py", "--output", "json").json["spec"]["spec"]
    assert spec["security"] == {"readOnlyRoot": False, "allow": ["writable-root"]}
    assert spec["env"] == {"API_TOKEN": {"fromEnv": "API_TOKEN"}}


def test_what_is_not_there_cannot_be_imported(cli: Cli) -> None:
    ran = cli("import", "py")
    assert (ran.code, ran.err) == (9, "error: there is no py on docker\nhint: say where it is with --backend\n")
