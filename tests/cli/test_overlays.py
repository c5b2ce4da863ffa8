"""--overlay and --set, for every command that reads specs."""

from __future__ import annotations

import pytest

from tests.cli.conftest import SPEC, Cli

OVERLAY = "spec:\n  resources:\n    memory: 128Mi\n  network: bridge\n"


@pytest.fixture
def overlaid(cli: Cli) -> Cli:
    cli.write()
    cli.write(OVERLAY, "over.yaml")
    return cli


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "delete", "list", "explain"])
def test_every_command_that_reads_specs_takes_them(overlaid: Cli, verb: str) -> None:
    more = ["--yes"] if verb in ("apply", "delete") else []
    good = overlaid(verb, "./sandbox.yaml", *more, "--overlay", "over.yaml", "--set", "resources.pids=9")
    assert good.code == 0, good
    bad = overlaid(verb, "./sandbox.yaml", *more, "--set", "resources.pids=many")
    assert bad.code == 3
    assert "--set resources.pids: error: " in bad.out + bad.err


def test_render_shows_what_the_overlay_says(overlaid: Cli) -> None:
    ran = overlaid("render", "--backend", "docker", "--overlay", "over.yaml", "--output", "json")
    (sandbox,) = ran.json
    assert sandbox["payload"]["host_config"]["mem_limit"] == 128 * 2**20


def test_a_change_by_an_overlay_is_a_change_and_stands_where_the_overlay_says_it(overlaid: Cli) -> None:
    overlaid.applied()
    overlaid.write("spec:\n  resources: {memory: 128Mi}\n", "over.yaml")
    ran = overlaid("plan", "--overlay", "over.yaml")
    assert "~ resources.memory  64Mi → 128Mi  (live)  over.yaml:2" in ran.out
    assert overlaid("apply", "--overlay", "over.yaml").code == 0
    assert overlaid("plan", "--overlay", "over.yaml", "--detailed-exitcode").code == 0
    assert overlaid("plan", "--detailed-exitcode").code == 2


def test_what_is_made_weaker_stands_in_the_plan_and_in_its_json(overlaid: Cli) -> None:
    ran = overlaid("plan", "--overlay", "over.yaml")
    assert "      ! this opens the network: none → bridge  over.yaml:4" in ran.out.splitlines()
    assert ran.err.startswith("over.yaml:4:12: warning: this opens the network: none → bridge [overlay-weakens]\n")
    found = overlaid("plan", "--overlay", "over.yaml", "--output", "json").json["diagnostics"]
    assert [(each["code"], each["range"]["filename"]) for each in found] == [("overlay-weakens", "over.yaml")]


def test_a_set_stands_in_the_plan_by_its_name(cli: Cli) -> None:
    cli.applied()
    ran = cli("plan", "--set", "resources.memory=128Mi")
    assert "~ resources.memory  64Mi → 128Mi  (live)  --set resources.memory" in ran.out


def test_an_overlay_that_is_not_there_is_a_local_error(cli: Cli) -> None:
    cli.write()
    ran = cli("validate", "--overlay", "nope.yaml")
    assert (ran.code, ran.err) == (1, "error: the overlay nope.yaml does not exist\n")


def test_an_overlay_for_a_sandbox_that_is_not_there_is_an_error(cli: Cli) -> None:
    cli.write(SPEC)
    cli.write("metadata: {name: other}\nspec: {tty: true}\n", "over.yaml")
    ran = cli("validate", "--overlay", "over.yaml")
    assert ran.code == 3
    assert ran.out.startswith("over.yaml:1:18: error: there is no sandbox `other` that this could be for")
