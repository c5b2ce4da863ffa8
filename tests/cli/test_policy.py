"""Policies at the command line: what they forbid is refused before any engine is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

POLICY = "apiVersion: sandboxctl.dev/v1\nkind: Policy\nspec:\n  allow: []\n  max: {memory: 32Mi}\n"
REFUSAL = """\
sandbox.yaml:8:13: error: resources.memory is 64Mi, more than 32Mi; %s:5:17 does not allow it [policy-limit]
  8 |     memory: 64Mi
    |             ^^^^
  hint: change the spec, or ask whoever owns the policy
1 error; `sandboxctl explain policy-limit` says more
"""


@pytest.mark.parametrize("verb", ["validate", "plan", "apply"])
def test_what_a_named_policy_forbids_is_refused_before_an_engine_is_asked(cli: Cli, verb: str) -> None:
    cli.write()
    cli.write(POLICY, "own.yaml")
    ran = cli(verb, "sandbox.yaml", "--policy", "own.yaml")
    assert ran.code == 3
    assert (ran.out if verb == "validate" else ran.err) == REFUSAL % "own.yaml"
    assert cli.engine.calls == []


def test_the_projects_policy_holds_without_being_named_and_beside_one_that_is(cli: Cli) -> None:
    cli.write()
    cli.write(POLICY, ".sandboxctl-policy.yaml")
    cli.write(POLICY.replace("32Mi", "8Gi"), "wide.yaml")
    ran = cli("plan", "--policy", "wide.yaml")
    assert (ran.code, ran.err) == (3, REFUSAL % f"{cli.directory}/.sandboxctl-policy.yaml")


def test_a_specs_directory_has_its_policy_wherever_it_is_applied_from(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    cli.write()
    cli.write(POLICY, ".sandboxctl-policy.yaml")
    monkeypatch.chdir(tmp_path)
    assert cli("plan", f"{cli.directory}/sandbox.yaml").code == 3


def test_the_users_policy_is_read_from_the_configuration_directory(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    cli.write()
    (tmp_path / "xdg" / "sandboxctl").mkdir(parents=True)
    (tmp_path / "xdg" / "sandboxctl" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert cli("plan").code == 3


@pytest.mark.parametrize("verb", ["exec", "shell"])
def test_a_command_may_not_run_as_root_where_the_policy_forbids_it(cli: Cli, verb: str) -> None:
    engine = cli.applied()
    cli.write(POLICY, "own.yaml")
    words = ("--", "id") if verb == "exec" else ()
    ran = cli(verb, "--user", "0", "--policy", "own.yaml", "py", *words)
    assert (ran.code, ran.out, engine.calls) == (125, "", [])
    assert ran.err == (
        "error: --user 0 is root, or may be (root-user); own.yaml:4:10 does not allow it\n"
        "hint: give a number that is not 0, or leave the option out\n"
    )


def test_what_is_forbidden_can_still_be_looked_at_and_deleted(cli: Cli) -> None:
    cli.applied()
    cli.write(POLICY, ".sandboxctl-policy.yaml")
    assert cli("list").code == cli("drift").code == cli("verify").code == 0
    assert cli("delete", "--yes", "sandbox.yaml").code == 0


def test_a_wrong_policy_stops_everything(cli: Cli) -> None:
    cli.write()
    cli.write(POLICY.replace("allow", "alow"), ".sandboxctl-policy.yaml")
    ran = cli("apply", "--yes")
    assert (ran.code, cli.engine.calls) == (3, [])
    assert "error: `spec` has no key `alow` [unknown-key]" in ran.err
    assert "hint: did you mean `allow`?" in ran.err


def test_before_the_verb_and_after_it_a_policy_means_the_same(cli: Cli) -> None:
    cli.write()
    cli.write(POLICY, "own.yaml")
    assert cli("--policy", "own.yaml", "plan").code == 3


def test_a_saved_plan_is_held_to_the_policies_of_the_day_it_is_applied(cli: Cli) -> None:
    cli.write()
    assert cli("plan", "--out", "plan.json").code == 0
    cli.write(POLICY, ".sandboxctl-policy.yaml")
    cli.engine.calls.clear()
    ran = cli("apply", "--plan", "plan.json", "--yes")
    assert (ran.code, cli.engine.calls) == (3, [])
    assert "[policy-limit]" in ran.err


def test_what_an_overlay_or_an_option_brings_is_counted(cli: Cli) -> None:
    cli.write()
    cli.write(POLICY.replace("32Mi", "8Gi"), "own.yaml")
    cli.write("spec: {security: {user: 0, allow: [root-user]}}\n", "root.yaml")
    for words in (("--overlay", "root.yaml"), ("--set", "security.user=0", "--set", "security.allow=[root-user]")):
        ran = cli("plan", "--policy", "own.yaml", *words)
        assert (ran.code, "security.user weakens the sandbox (root-user); own.yaml:4:10" in ran.err) == (3, True), ran
