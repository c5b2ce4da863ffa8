"""explain, and validate --for: what each backend makes of fields and of specs, without asking any."""

from __future__ import annotations

import pytest

from tests.cli.conftest import SPEC, Cli

PORTABLE = SPEC.replace("    memory: 64Mi", "    memory: 64Mi\n    pids: 64\n  security:\n    groups: [5, 6]")

NO_PIDS = "no limit of its own: the kubelet's `podPidsLimit` holds for every pod of the node"
ACCEPT_PIDS = "leave it out, or accept the difference with `kubernetes: {accept: [resources.pids]}`"


def test_of_one_field_all_is_told(cli: Cli) -> None:
    ran = cli("explain", "--field", "resources.memory")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "resources.memory  The limit, a size with a unit. Default: 512Mi.\n"
        "  docker      enforced  `Memory`; a change is made in place\n"
        "  podman      enforced  `memory.limit`; a change replaces it, in place from 5.1 on\n"
        "  kubernetes  enforced  `limits.memory`; a change is made in place\n"
    )


def test_a_field_may_be_named_as_in_a_message(cli: Cli) -> None:
    assert cli("explain", "--field", "spec.resources.pids").out == cli("explain", "--field", "resources.pids").out


def test_a_section_is_all_that_is_in_it(cli: Cli) -> None:
    ran = cli("explain", "--field", "resources.requests", "--output", "json")
    assert [each["path"] for each in ran.json["fields"]] == [
        ["resources", "requests", "cpu"],
        ["resources", "requests", "memory"],
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("resources.momory", "resources.memory"), ("memory", "resources.memory"), ("readOnlyRoot", "security.readOnlyRoot")],
)  # fmt: skip
def test_a_field_that_is_none_is_answered_with_the_likely_one(cli: Cli, written: str, meant: str) -> None:
    ran = cli("explain", "--field", written)
    assert (ran.code, ran.err) == (64, f"error: there is no field `{written}`\nhint: did you mean `{meant}`?\n")


def test_the_whole_table_has_each_field_and_counts_them(cli: Cli) -> None:
    ran = cli("explain")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["FIELD", "DOCKER", "PODMAN", "KUBERNETES"]
    fields = {line.split()[0] for line in lines[1:-4]}
    assert {"image", "resources.memory", "mounts.tmpfs.size", "kubernetes.pod"} <= fields
    counts = cli("explain", "--output", "json").json["counts"]
    statuses = ("enforced", "emulated", "delegated", "inapplicable", "weaker", "refused")
    assert lines[-3:] == [
        f"{backend}: " + ", ".join(f"{counts[backend][status]} {status}" for status in statuses)
        for backend in ("docker", "podman", "kubernetes")
    ]
    assert len({sum(each.values()) for each in counts.values()}) == 1


def test_one_backend_can_be_asked_for(cli: Cli) -> None:
    ran = cli("explain", "--field", "resources.pids", "--backend", "k8s", "--output", "json")
    (field,) = ran.json["fields"]
    assert list(field["backends"]) == ["kubernetes"]
    assert (field["backends"]["kubernetes"]["status"], field["default"]) == ("weaker", "256")


def test_of_a_spec_each_backend_says_what_it_would_make_of_it(cli: Cli) -> None:
    cli.write(PORTABLE)
    ran = cli("explain", "sandbox.yaml")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "py  sandbox.yaml",
        "FIELD                        DOCKER    PODMAN    KUBERNETES",
        "metadata.name                enforced  enforced  enforced",
        "image                        enforced  enforced  enforced",
        "resources.memory             enforced  enforced  enforced",
        "resources.pids               enforced  enforced  refused",
        "security.groups              enforced  enforced  enforced",
        "lifecycle.ready.minSeconds   emulated  emulated  emulated",
        "resources.ulimits (default)  as asked  as asked  weaker",
        "mounts.tmpfs.exec (default)  as asked  as asked  weaker",
        "mounts.tmpfs.mode (default)  as asked  as asked  weaker",
        "",
        "docker: can be had as it is",
        "podman: can be had as it is",
        "kubernetes: refuses 1 field",
        f"  refused  resources.pids  sandbox.yaml:9  {NO_PIDS}; {ACCEPT_PIDS}",
        "  weaker  resources.ulimits (default)  no rlimits of its own: those of the node's container runtime",
        "  weaker  mounts.tmpfs.exec (default)  an emptyDir is mounted without `noexec`",
        "  weaker  mounts.tmpfs.mode (default)  an emptyDir is writable by everybody in the pod; only the sandbox is in it",
    ]


def test_what_is_accepted_is_weaker_and_no_refusal(cli: Cli) -> None:
    cli.write(PORTABLE + "  kubernetes:\n    accept: [resources.pids]\n")
    ran = cli("explain", "sandbox.yaml", "--backend", "kubernetes", "--output", "json")
    judged = ran.json["sandboxes"][0]["backends"]["kubernetes"]
    (pids,) = [each for each in judged["fields"] if each["path"] == ["resources", "pids"]]
    assert (judged["refused"], pids["status"], pids["written"]) == (False, "weaker", True)
    assert pids["range"]["start"] == {"line": 9, "column": 11}


def test_a_refused_mapping_refuses_what_is_in_it(cli: Cli) -> None:
    cli.write(SPEC + "  network: {mode: bridge, egress: {allow: [{cidr: 192.0.2.0/24}]}}\n")
    ran = cli("explain", "sandbox.yaml", "--backend", "docker", "--output", "json")
    judged = ran.json["sandboxes"][0]["backends"]["docker"]
    assert [each["path"] for each in judged["fields"] if each["status"] == "refused"] == [
        ["network", "egress", "allow", 0, "cidr"]
    ]


def test_a_wrong_spec_is_not_explained(cli: Cli) -> None:
    cli.write(SPEC.replace("64Mi", "64m"))
    assert cli("explain", "sandbox.yaml").code == 3


def test_a_field_and_paths_together_are_a_question_too_many(cli: Cli) -> None:
    cli.write()
    assert cli("explain", "sandbox.yaml", "--field", "env").code == 64


def test_validate_says_on_which_backends_a_spec_can_be_had_and_where_it_is_weaker(cli: Cli) -> None:
    cli.write()
    ran = cli("validate", "--for", "docker,podman,k8s")
    assert (ran.code, ran.out) == (0, "1 sandbox: valid, and can be had on docker, podman, kubernetes\n")
    assert ran.err == (
        "note: py on kubernetes: weaker: resources.pids, resources.ulimits, mounts.tmpfs.exec, mounts.tmpfs.mode\n"
    )


def test_validate_fails_for_what_one_of_the_backends_refuses(cli: Cli) -> None:
    cli.write(PORTABLE)
    assert cli("validate", "--for", "docker,podman").code == 0
    ran = cli("validate", "--for", "docker,kubernetes")
    assert ran.code == 3
    assert ran.out.startswith("sandbox.yaml:9:5: error: `resources.pids` cannot be had on kubernetes (")


def test_a_code_is_explained_with_an_example_and_its_fix(cli: Cli) -> None:
    ran = cli("explain", "wrong-type")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "wrong-type\n  A value of another kind than what is asked for.\n\n"
        "wrong:\n  command: sh -c id\nright:\n  command: [sh, -c, id]\n"
    )


def test_a_code_is_explained_to_programs(cli: Cli) -> None:
    assert cli("explain", "wrong-type", "--output", "json").json == {
        "code": "wrong-type",
        "meaning": "A value of another kind than what is asked for.",
        "wrong": "command: sh -c id",
        "right": "command: [sh, -c, id]",
    }


def test_a_code_that_there_is_not_is_a_wrong_command_line_with_what_was_meant(cli: Cli) -> None:
    ran = cli("explain", "wrong-typ")
    assert (ran.code, ran.err) == (64, "error: there is no code `wrong-typ`\nhint: did you mean `wrong-type`?\n")


def test_the_table_of_fields_says_no_change_that_there_cannot_be(cli: Cli) -> None:
    lines = {line.split()[0]: line.split()[1:] for line in cli("explain").out.splitlines() if line}
    assert lines["metadata.name"] == ["enforced,", "fixed"] * 3
    assert lines["lifecycle.ready.timeout"] == ["emulated"] * 3
