"""`plan --out` and `apply --plan`: what was looked at is what is done, or nothing is."""

from __future__ import annotations

import stat

from tests.cli.conftest import SPEC, Cli
from tests.memory_backend import BUSYBOX


def saved(cli: Cli, text: str = SPEC) -> None:
    cli.write(text)
    ran = cli("plan", "--out", "plan.json")
    assert ran.code == 0, ran


def refused(cli: Cli, words: str) -> None:
    """Exit 5, these words, and no write."""
    cli.engine.calls.clear()
    ran = cli("apply", "--plan", "plan.json", "--yes")
    assert ran.code == 5, ran
    assert words in ran.err
    assert not {"create", "start", "stop", "rename", "delete", "update"} & set(cli.engine.calls)


def test_a_saved_plan_is_done(cli: Cli) -> None:
    saved(cli)
    assert cli.engine.all == {}
    ran = cli("apply", "--plan", "plan.json")
    assert (ran.code, cli.engine.named("py").status.state) == (0, "running")


def test_only_its_owner_may_read_it_and_it_has_no_secret(cli: Cli) -> None:
    cli.monkeypatch.setenv("TOKEN", "hunter2")
    saved(cli, SPEC.replace("  image:", "  env: {TOKEN: {fromEnv: TOKEN}}\n  image:"))
    file = cli.directory / "plan.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "hunter2" not in file.read_text()


def test_a_spec_that_changed_since_is_refused(cli: Cli) -> None:
    saved(cli)
    cli.replace("64Mi", "128Mi")
    refused(cli, "docker/py has another spec")


def test_a_secret_that_changed_since_is_refused(cli: Cli) -> None:
    cli.monkeypatch.setenv("TOKEN", "hunter2")
    saved(cli, SPEC.replace("  image:", "  env: {TOKEN: {fromEnv: TOKEN}}\n  image:"))
    cli.monkeypatch.setenv("TOKEN", "swordfish")
    refused(cli, "another secret")


def test_a_tag_that_moved_since_is_refused(cli: Cli) -> None:
    saved(cli)
    cli.engine.local[BUSYBOX] = "sha256:" + "e" * 64
    refused(cli, "image that was moved")


def test_an_object_that_changed_since_is_refused(cli: Cli) -> None:
    cli.applied()
    saved(cli, SPEC.replace("64Mi", "128Mi"))
    cli.engine.named("py").fields[("resources", "pids")] = 4096
    refused(cli, "docker/py differs in other fields now")


def test_one_that_is_done_already_is_refused(cli: Cli) -> None:
    saved(cli)
    assert cli("apply", "--plan", "plan.json").code == 0
    refused(cli, "docker/py")


def test_what_is_no_saved_plan_is_refused(cli: Cli) -> None:
    for text in ("", "{}", "[1]", '{"format": "sandboxctl.dev/saved-plan/v1"}', "\x00"):
        (cli.directory / "plan.json").write_text(text)
        ran = cli("apply", "--plan", "plan.json")
        assert (ran.code, "is no saved plan" in ran.err) == (3, True), (text, ran)


def test_a_plan_file_and_specs_exclude_each_other(cli: Cli) -> None:
    saved(cli)
    assert cli("apply", "sandbox.yaml", "--plan", "plan.json").code == 64


def test_a_plan_of_standard_input_cannot_be_saved(cli: Cli) -> None:
    assert cli("plan", "-", "--out", "plan.json", stdin=SPEC).code == 64
