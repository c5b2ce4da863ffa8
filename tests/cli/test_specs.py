"""init, validate and render: what needs no engine."""

from __future__ import annotations

import json

import pytest

from sandboxctl import resources
from tests.cli.conftest import SPEC, Cli


@pytest.mark.parametrize("template", ["python", "node", "shell", "hardened"])
def test_every_template_is_valid_and_can_be_rendered(cli: Cli, template: str) -> None:
    assert cli("init", "--template", template).code == 0
    assert cli("validate").out == "1 sandbox: valid\n"
    assert cli("render", "--backend", "docker").code == 0


@pytest.mark.parametrize("template", ["python", "node", "shell", "hardened"])
def test_the_first_line_of_a_template_says_where_the_schema_is(cli: Cli, template: str) -> None:
    cli("init", "--template", template)
    schema = json.loads((resources.schemas() / "sandbox.v1.schema.json").read_text())
    first = (cli.directory / "sandbox.yaml").read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={schema['$id']}"


@pytest.mark.parametrize(
    ("directory", "name"), [("My App_1", "my-app-1"), ("007", '"007"'), ("x", "sandbox"), ("Übung", "bung"), ("no", '"no"')]
)  # fmt: skip
def test_init_names_the_sandbox_after_its_directory(cli: Cli, directory: str, name: str) -> None:
    (cli.directory / directory).mkdir()
    assert cli("init", f"{directory}/").code == 0
    text = (cli.directory / directory / "sandbox.yaml").read_text()
    assert f"  name: {name} " in text
    assert cli("validate", f"{directory}/sandbox.yaml").code == 0


def test_init_leaves_a_file_that_exists_alone(cli: Cli) -> None:
    cli.write("mine\n")
    ran = cli("init")
    assert (ran.code, ran.err) == (1, "error: sandbox.yaml exists\nhint: --force replaces it\n")
    assert (cli.directory / "sandbox.yaml").read_text() == "mine\n"
    assert cli("init", "--force").code == 0


def test_without_a_spec_the_way_to_one_is_told(cli: Cli) -> None:
    ran = cli("validate")
    hint = "`sandboxctl init` writes a first spec"
    assert (ran.code, ran.err) == (1, f"error: there is no sandbox.yaml here\nhint: {hint}\n")


@pytest.mark.parametrize(
    ("there", "words", "hint"),
    [
        ((), ("nope.yaml",), "`sandboxctl init` writes a first spec"),
        (("notes.txt", ".hidden.yaml"), ("nope.yaml",), "`sandboxctl init` writes a first spec"),
        (("sandbox.yml",), (), "did you mean `sandbox.yml`?"),
        (("sandbox.yml",), ("sandbox.yaml",), "did you mean `sandbox.yml`?"),
        (("python.yaml",), ("pyton.yaml",), "did you mean `python.yaml`?"),
        (("a.yaml",), ("nope.yaml",), "name a file: there is a.yaml"),
        (("a.yaml", "b.yml"), (), "name a file: there are a.yaml, b.yml"),
        (("a.yaml",), ("no/where.yaml",), "`sandboxctl init` writes a first spec"),
        (tuple("abcdefg"), ("nope.yaml",), "`sandboxctl init` writes a first spec"),
        (tuple(f"{name}.yaml" for name in "abcdefg"), ("nope.yaml",),
         "name a file: there are a.yaml, b.yaml, c.yaml, d.yaml, e.yaml and 2 more"),
    ],
)  # fmt: skip
def test_of_a_file_that_is_not_there_what_there_is_is_told(
    cli: Cli, there: tuple[str, ...], words: tuple[str, ...], hint: str
) -> None:
    for name in there:
        cli.write(name=name)
    ran = cli("validate", *words)
    assert (ran.code, ran.err.splitlines()[1:]) == (1, [f"hint: {hint}"])


def test_a_variable_that_no_spec_names_is_a_note(cli: Cli) -> None:
    cli.write(SPEC.replace("busybox:1", "busybox:${TAG:-1}"))
    note = "note: no spec has a reference to the variable `TGA`: did you mean `TAG`?\n"
    for words in (("validate",), ("validate", "--no-cache"), ("validate",)):
        ran = cli(*words, "--var", "TGA=2")
        assert (ran.code, ran.err) == (0, note)
    assert cli("validate", "--var", "TAG=1").err == ""


def test_a_file_of_variables_may_hold_more_than_one_spec_needs(cli: Cli) -> None:
    cli.write()
    cli.write("TAG=1\n", name="lab.env")
    assert cli("validate", "--var-file", "lab.env").err == ""
    assert cli("validate", "--var-file", "lab.env", "--var", "X=1").err == (
        "note: no spec has a reference to the variable `X`\n"
    )


def test_a_variable_may_be_named_by_what_is_laid_over_a_spec(cli: Cli) -> None:
    cli.write()
    assert cli("validate", "--set", "image=busybox:${TAG}", "--var", "TAG=1").err == ""


def test_specs_that_are_not_read_with_their_directory_are_noted(cli: Cli) -> None:
    for name in ("lab", "lab/below", "lab/other", "lab/.hidden"):
        (cli.directory / name).mkdir()
    for name in ("lab/a.yaml", "lab/c.json", "lab/below/b.yaml", "lab/.hidden/b.yaml"):
        cli.write(name=name)
    cli.write("{}", name="lab/package.json")
    cli.write("a: 1\n", name="lab/other/a.yaml")
    ran = cli("validate", "lab")
    assert ran.out == "1 sandbox: valid\n"
    assert ran.err == "".join(
        f"note: {each}: not read with its directory, name it by itself\n" for each in ("lab/c.json", "lab/below/")
    )


def test_of_a_directory_without_specs_the_one_below_that_has_them_is_named(cli: Cli) -> None:
    (cli.directory / "lab" / "below").mkdir(parents=True)
    cli.write(name="lab/below/b.yaml")
    assert cli("validate", "lab").err.splitlines()[1] == "hint: what lies in lab/below/ is read where that is named"


BAD = SPEC.replace("memory: 64Mi", "memory: 64m").replace("  lifecycle:", "  newtork: none\n  lifecycle:")


def test_all_problems_are_shown_with_their_lines_and_carets(cli: Cli) -> None:
    cli.write(BAD)
    ran = cli("validate")
    assert ran.code == 3
    assert ran.err == ""
    lines = ran.out.splitlines()
    assert lines[0].startswith("sandbox.yaml:8:13: error: ")
    assert lines[0].endswith(" [quantity]")
    assert lines[1:3] == ["  8 |     memory: 64m", "    |             ^^^"]
    assert lines[4].startswith("sandbox.yaml:9:3: error: ")
    assert lines[5:8] == ["  9 |   newtork: none", "    |   ^^^^^^^", "  hint: did you mean `network`?"]
    assert lines[-1] == "2 errors; `sandboxctl explain quantity` says more"


def test_for_programs_every_problem_has_its_range(cli: Cli) -> None:
    cli.write(BAD)
    ran = cli("validate", "--output", "json")
    assert ran.code == 3
    assert [(each["code"], each["path"], each["range"]) for each in ran.json["diagnostics"]] == [
        ("quantity", ["resources", "memory"],
         {"filename": "sandbox.yaml", "start": {"line": 8, "column": 13}, "end": {"line": 8, "column": 16}}),
        ("unknown-key", ["newtork"],
         {"filename": "sandbox.yaml", "start": {"line": 9, "column": 3}, "end": {"line": 9, "column": 10}}),
    ]  # fmt: skip


@pytest.mark.parametrize("verb", [("plan",), ("apply",), ("render", "--backend", "docker"), ("verify",)])
def test_an_invalid_spec_is_exit_3_and_asks_no_engine(cli: Cli, verb: tuple[str, ...]) -> None:
    cli.write(BAD)
    ran = cli(*verb)
    assert (ran.code, ran.out, cli.engine.calls) == (3, "", [])
    assert ran.err.endswith("2 errors; `sandboxctl explain quantity` says more\n")


def test_with_json_an_invalid_spec_is_the_error_form_with_its_diagnostics(cli: Cli) -> None:
    cli.write(BAD)
    ran = cli("plan", "--output", "json")
    assert ran.json["error"] == {
        "code": 3, "message": "2 errors in sandbox.yaml: nothing was done", "hint": None, "sandbox": None,
    }  # fmt: skip
    assert [each["code"] for each in ran.json["diagnostics"]] == ["quantity", "unknown-key"]


def test_only_the_first_twenty_problems_are_shown(cli: Cli) -> None:
    cli.write(SPEC + "".join(f"  nonsense{number}: 1\n" for number in range(25)))
    ran = cli("validate")
    assert ran.out.splitlines()[-2:] == [
        "… and 5 more problems",
        "25 errors; `sandboxctl explain unknown-key` says more",
    ]
    assert len(cli("validate", "--output", "json").json["diagnostics"]) == 25


def test_a_spec_is_read_from_standard_input(cli: Cli) -> None:
    assert cli("validate", "-", stdin=SPEC).out == "1 sandbox: valid\n"


def test_variables_come_from_options_over_files(cli: Cli) -> None:
    cli.write(SPEC.replace("busybox:1", "busybox:${TAG}").replace("64Mi", "${MEMORY}"))
    cli.write("TAG=1\nMEMORY=1Gi\n", name="lab.env")
    ran = cli("render", "--backend", "docker", "--var-file", "lab.env", "--var", "TAG=2", "--output", "json")
    payload = ran.json[0]["payload"]
    assert (payload["image"], payload["host_config"]["mem_limit"]) == ("docker.io/library/busybox:2", 2**30)


def test_a_variable_without_a_value_is_an_error_in_the_spec(cli: Cli) -> None:
    cli.write(SPEC.replace("64Mi", "${MEMORY}"))
    assert cli("validate").code == 3


def test_what_a_backend_refuses_is_told_with_for(cli: Cli) -> None:
    cli.write(SPEC.replace("64Mi", "64Mi\n  security: {userNamespace: auto}"))
    assert cli("validate").code == 0
    ran = cli("validate", "--for", "docker")
    assert (ran.code, "userNamespace" in ran.out) == (3, True)
    assert cli("validate", "--backend", "docker").out == ran.out


def test_render_needs_to_know_the_backend(cli: Cli) -> None:
    cli.write()
    assert cli("render").code == 64


def test_render_takes_the_backend_of_the_spec(cli: Cli) -> None:
    cli.write(SPEC.replace("  image:", "  backend: docker\n  image:"))
    assert cli("render").out == cli("render", "--backend", "docker").out


def test_render_masks_what_is_sensitive(cli: Cli) -> None:
    cli.monkeypatch.setenv("TOKEN", "hunter2")
    cli.write(SPEC.replace("  image:", "  env: {TOKEN: {fromEnv: TOKEN}}\n  image:"))
    assert "hunter2" not in cli("render", "--backend", "docker").out
    assert "hunter2" in cli("render", "--backend", "docker", "--show-secrets").out


def test_validate_speaks_sarif_for_code_hosts(cli: Cli) -> None:
    cli.write(SPEC + "  memory: 1Gi\n")
    ran = cli("validate", "--output", "sarif")
    assert (ran.code, ran.err) == (3, "")
    (result,) = ran.json["runs"][0]["results"]
    assert result["ruleId"] == "unknown-key"
    cli.write()
    ran = cli("validate", "--output", "sarif")
    assert (ran.code, ran.json["runs"][0]["results"]) == (0, [])


def test_render_prints_the_units_of_a_quadlet(cli: Cli) -> None:
    cli.monkeypatch.setenv("TOKEN", "hunter2")
    cli.write(SPEC.replace("  image:", "  env: {TOKEN: {fromEnv: TOKEN}}\n  image:"))
    ran = cli("render", "--backend", "quadlet")
    assert ran.out.startswith("# py.container\n# FileName=py\n\n[Unit]\n")
    assert "hunter2" not in ran.out
    assert 'Environment="TOKEN=(sensitive)"' in ran.out
    assert "Environment=TOKEN=hunter2" in cli("render", "--backend", "quadlet", "--show-secrets").out
    (only,) = cli("render", "--backend", "quadlet", "--output", "json").json
    assert (only["name"], only["payload"]["file"]) == ("py", "py.container")


def test_what_no_unit_can_say_is_refused_at_its_line(cli: Cli) -> None:
    cli.write(SPEC.replace("  image:", "  mounts: [{type: file, target: /x, content: a}]\n  image:"))
    ran = cli("render", "--backend", "quadlet")
    assert ran.code == 3
    assert "sandbox.yaml:" in ran.err
    assert "`mounts[0]`, a file, cannot be had on quadlet (a unit brings no file along)" in ran.err
    assert cli("validate", "--for", "quadlet").code == 3


@pytest.mark.parametrize("verb", ["plan", "apply", "doctor", "list"])
def test_a_quadlet_is_no_engine(cli: Cli, verb: str) -> None:
    cli.write()
    for words in ((verb, "--backend", "quadlet"), ("--backend", "quadlet", verb)):
        ran = cli(*words)
        assert (ran.code, "is a form that specs are rendered in" in ran.err) == (64, True)
