"""A policy outside of the spec: what it forbids is refused, whatever in the spec brings it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandboxctl.errors import InvalidError, LocalFileError
from sandboxctl.facts import PathFacts
from sandboxctl.host import Host
from sandboxctl.load import load
from sandboxctl.policy import Policy, files, judge
from sandboxctl.problems import Problem
from sandboxctl.spec import Loaded
from tests.unit.given import FixedFacts, decoded, spec

HERE = Path(__file__).parent
HEAD = "apiVersion: sandboxctl.dev/v1\nkind: Policy\nspec:\n"
NOWHERE = "/nonexistent/policy.yaml"


def policies(*paths: Path, beside: tuple[str, ...] = (), home: str | None = None) -> files.Found:
    return files.load([str(path) for path in paths], beside=beside, facts=Host(), machine=NOWHERE, home=home)


def policy(directory: Path, body: str, name: str = "policy.yaml") -> Policy:
    path = directory / name
    path.write_text(HEAD + body, encoding="utf-8")
    found = policies(path)
    assert found.problems == ()
    return found.policies[0]


def refused(text: str, *held: Policy, facts: FixedFacts | Host | None = None) -> list[tuple[str, str]]:
    """Path and message of what is refused, the message without the policy's directory."""
    sandbox, _, source = decoded(text, facts if isinstance(facts, FixedFacts) else FixedFacts())
    loaded = Loaded(sandbox=sandbox, source=source)
    found = judge.check(held, [loaded], facts=facts or FixedFacts())
    return [(".".join(map(str, problem.path)), _short(problem, held)) for problem in found]


def _short(problem: Problem, held: tuple[Policy, ...]) -> str:
    return problem.message.replace(f"{os.path.dirname(held[0].source.filename)}/", "")


def test_a_spec_that_tries_every_way_around_is_refused_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    loaded = load(["every-way-around.yaml"])
    assert loaded.problems == ()
    found = policies(Path("strict.yaml"))
    problems = judge.check(found.policies, loaded.loaded, facts=Host())
    told = [
        f"{problem.range.start.line}:{problem.range.start.column} {problem.code} {problem.message}\n"
        for problem in problems
        if problem.range is not None
    ]
    assert "".join(told) == (HERE / "every-way-around.txt").read_text(encoding="utf-8")


def test_a_policy_that_says_nothing_limits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    assert judge.check([policy(tmp_path, "  {}\n")], load(["every-way-around.yaml"]).loaded, facts=Host()) == ()


def test_a_spec_within_the_policy_passes(tmp_path: Path) -> None:
    held = policy(
        tmp_path,
        """\
  allow: [writable-root, "capability:*", "host-path:/etc/ssl"]
  images: {registries: [docker.io/library], requireDigest: true}
  bindSources: [/srv/data, /etc/ssl]
  networks: [none, bridge]
  runtimes: [default, gvisor]
  requireLabels: [team]
  max: {cpu: 2, memory: 4Gi, ttl: 8h, gpus: 0}
""",
    )
    body = """
        network: bridge
        resources: {cpu: 2, memory: 4Gi}
        lifecycle: {ttl: 8h}
        security: {readOnlyRoot: false, runtime: gvisor, capabilities: {add: [CHOWN]}, allow: [writable-root, "capability:CHOWN", "host-path:/etc/ssl/certs"]}
        mounts:
          - {type: bind, source: /srv/data/in, target: /in}
          - {type: bind, source: /etc/ssl/certs, target: /certs}
        """
    text = spec(body, image="python@sha256:" + "0" * 64).replace("{name: box}", "{name: box, labels: {team: ml}}")
    here = {path: PathFacts(real=path, kind="directory") for path in ("/srv/data/in", "/etc/ssl/certs")}
    assert refused(text, held, facts=FixedFacts(paths=here)) == []


@pytest.mark.parametrize(
    ("body", "path", "message"),
    [
        ("security: {profile: baseline}", "spec.security.profile", "security.user of profile baseline weakens the sandbox (root-user)"),
        ("security: {user: 0}", "spec.security.user", "security.user weakens the sandbox (root-user)"),
        ("security: {groups: [0]}", "spec.security.groups", "security.groups weakens the sandbox (root-user)"),
        ("security: {privileged: true}", "spec.security.privileged", "security.privileged weakens the sandbox (privileged)"),
        ("security: {userNamespace: host}", "spec.security.userNamespace", "security.userNamespace weakens the sandbox (host-namespace)"),
        ("kubernetes: {pod: {hostPID: true}}", "spec.kubernetes.pod", "kubernetes.pod weakens the sandbox (raw-options)"),
        ("kubernetes: {accept: [network]}", "spec.kubernetes.accept.0", "kubernetes.accept lets network be weaker (accept:network)"),
        ("docker: {host: 'tcp://10.0.0.1:2375'}", "spec.docker.host", "docker.host weakens the sandbox (insecure-endpoint)"),
        ("network: {mode: bridge, ports: ['0.0.0.0:80:80']}", "spec.network.ports.0", "network.ports[0] weakens the sandbox (public-port)"),
    ],
)  # fmt: skip
def test_no_weakening_is_allowed_by_the_spec_itself(tmp_path: Path, body: str, path: str, message: str) -> None:
    held = policy(tmp_path, "  allow: []\n")
    assert (path, f"{message}; policy.yaml:4:10 does not allow it") in refused(spec(body), held)


def test_the_strictest_of_several_wins_whatever_their_order(tmp_path: Path) -> None:
    wide = policy(tmp_path, "  allow: [root-user]\n  max: {memory: 8Gi}\n", "wide.yaml")
    narrow = policy(tmp_path, "  allow: []\n  max: {memory: 1Gi}\n", "narrow.yaml")
    text = spec("security: {user: 0, allow: [root-user]}\nresources: {memory: 2Gi}")
    expected = [
        ("spec.security.user", "security.user weakens the sandbox (root-user); narrow.yaml:4:10 does not allow it"),
        ("spec.resources.memory", "resources.memory is 2Gi, more than 1Gi; narrow.yaml:5:17 does not allow it"),
    ]
    assert refused(text, wide, narrow) == refused(text, narrow, wide) == expected


@pytest.mark.parametrize(
    ("registry", "image", "allowed"),
    [
        ("docker.io", "python:3", True),
        ("docker.io/library", "python:3", True),
        ("docker.io/library/python", "python:3", True),
        ("docker.io/library/py", "python:3", False),
        ("docker.io/lib", "python:3", False),
        ("index.docker.io", "python:3", True),
        ("quay.io", "quay.io/a/b/c:1", True),
        ("quay.io", "quay.io.evil.example/a/b:1", False),
        ("quay.io", "quay.io:444/a/b:1", False),
        ("localhost:5000", "localhost:5000/x:1", True),
    ],
)
def test_a_registry_allows_what_is_below_it_and_nothing_that_only_begins_alike(
    tmp_path: Path, registry: str, image: str, allowed: bool
) -> None:
    held = policy(tmp_path, f"  images: {{registries: ['{registry}']}}\n")
    assert (refused(spec(image=image), held) == []) is allowed


CONTEXT = FixedFacts(
    paths={
        "/specs/ctx": PathFacts(real="/specs/ctx", kind="directory"),
        "/specs/ctx/Dockerfile": PathFacts(real="/specs/ctx/Dockerfile", kind="file"),
    },
    digests={"/specs/ctx with Dockerfile": "ab" * 32},
)


def test_an_image_that_comes_from_no_registry_needs_to_be_allowed_by_name(tmp_path: Path) -> None:
    text = spec(image="{build: {context: ctx}}")
    held = policy(tmp_path, "  images: {registries: [docker.io]}\n")
    said = "image.build is no way to give an image; policy.yaml:4:24 does not allow it"
    assert refused(text, held, facts=CONTEXT) == [("spec.image.build", said)]
    held = policy(tmp_path, "  images: {registries: [docker.io], sources: [ref, build]}\n")
    assert refused(text, held, facts=CONTEXT) == []


def test_a_build_runs_as_root_and_with_a_network(tmp_path: Path) -> None:
    held = policy(tmp_path, "  allow: []\n  networks: [none]\n")
    found = refused(spec(image="{build: {context: ctx}}"), held, facts=CONTEXT)
    more = "image.build runs commands with more than the sandbox has"
    assert found == [
        ("spec.image.build", "image.build uses the network bridge; policy.yaml:5:13 does not allow it"),
        *(
            ("spec.image.build", f"{more} ({name}); policy.yaml:4:10 does not allow it")
            for name in ("default-capabilities", "root-user", "writable-root")
        ),
    ]


def test_what_prepares_an_image_runs_with_the_engines_own_runtime(tmp_path: Path) -> None:
    held = policy(tmp_path, "  runtimes: [gvisor]\n")
    runtime = "security: {runtime: gvisor}"
    found = refused(spec(runtime, image="{ref: 'busybox:1', setup: {run: [[id]]}}"), held)
    said = "image.setup runs commands with the engine's own runtime, default; policy.yaml:4:13 does not allow it"
    assert found == [("spec.image.setup", said)]
    found = refused(spec(runtime, image="{build: {context: ctx}}"), held, facts=CONTEXT)
    assert found == [("spec.image.build", said.replace("setup", "build"))]
    assert refused(spec(runtime), held) == []


def test_an_open_endpoint_is_not_acknowledged_whoever_names_it(tmp_path: Path) -> None:
    text = spec("security: {allow: [insecure-endpoint]}")
    said = (
        "security.allow lets an engine be reached in plain text (insecure-endpoint); policy.yaml:4:10 does not allow it"
    )
    assert refused(text, policy(tmp_path, "  allow: []\n")) == [("spec.security.allow", said)]
    assert refused(text, policy(tmp_path, "  allow: [insecure-endpoint]\n")) == []


@pytest.mark.parametrize("user", ["0", "00", "0:0", "10001:0", "root", "postgres", "+0", "-0", "", ":5", "5:", "0x0"])
def test_exec_may_not_run_as_what_is_or_may_be_root(tmp_path: Path, user: str) -> None:
    held = policy(tmp_path, "  allow: [writable-root]\n")
    with pytest.raises(InvalidError, match="root-user"):
        judge.check_user([held], user)


def test_exec_may_run_as_a_number_that_is_not_root_or_as_all_where_root_is_allowed(tmp_path: Path) -> None:
    judge.check_user([policy(tmp_path, "  allow: []\n")], "10001")
    judge.check_user([policy(tmp_path, "  allow: []\n")], "10001:100")
    judge.check_user([policy(tmp_path, "  allow: [root-user]\n")], "root")
    judge.check_user([policy(tmp_path, "  {}\n")], "root")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1 empty-document the file is empty: expected a document that starts with `apiVersion: sandboxctl.dev/v1` and `kind: Policy`"),
        ("apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nspec: {}\n", "2:7 wrong-kind `kind` must be `Policy`, not `Sandbox`"),
        ("kind: Policy\nspec: {}\n", "1:1 missing-key a Policy has no `apiVersion`"),
        (HEAD + "  allowed: []\n", "4:3 unknown-key `spec` has no key `allowed`"),
        (HEAD + "  requireDigest: true\n", "4:3 unknown-key `spec` has no key `requireDigest`"),
        (HEAD + "  allow: [root-usr]\n", "4:11 unknown-weakening allow[0]: `root-usr` is the name of no weakening"),
        (HEAD + "  max: {memory: 512}\n", "4:17 quantity max.memory: `512` has no unit"),
        (HEAD + "  max: {gpus: -1}\n", "4:15 limit-out-of-range max.gpus must not be negative"),
        (HEAD + "  bindSources: [data]\n", "4:17 path bindSources[0]: `data` is not an absolute path"),
        (HEAD + "  images: {registries: ['https://x']}\n", "4:25 image-reference images.registries[0]: `https://x` is no registry and no repository"),
        (HEAD + "  images: {registries: [library]}\n", "4:25 image-reference images.registries[0]: `library` is no registry and no repository"),
        (HEAD + "  images: {sources: [url]}\n", "4:22 unknown-value `images.sources[0]` must be one of ref, build, archive, not `url`"),
        (HEAD + "  networks: none\n", "4:13 wrong-type `networks` must be a list of texts, not text"),
        (HEAD + "  allow: null\n", "4:10 null-value `allow` is null, which means nothing in a spec"),
    ],
)  # fmt: skip
def test_a_wrong_policy_is_told_as_well_as_a_wrong_spec(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    found = policies(path).problems
    assert [f"{each.range.start.line}:{each.range.start.column} {each.code} {each.message}" for each in found if each.range] == [expected]  # fmt: skip


def test_all_places_are_read_and_each_file_once(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "deep" / "er").mkdir(parents=True)
    home = tmp_path / "home"
    home.mkdir()
    written = [home / "policy.yaml", project / files.PROJECT, project / "deep" / files.PROJECT, tmp_path / "named.yaml"]
    for path in written:
        path.write_text(HEAD + "  {}\n", encoding="utf-8")
    found = policies(written[-1], written[0], beside=(str(project / "deep" / "er"), str(project)), home=str(home))
    assert {each.source.filename for each in found.policies} == {str(path) for path in written}
    assert len(found.policies) == 4


def test_a_named_policy_has_to_be_there() -> None:
    with pytest.raises(LocalFileError, match="cannot be read: no such file or directory"):
        policies(Path("/nonexistent/named.yaml"))


def test_a_policy_that_is_no_file_stops_everything(tmp_path: Path) -> None:
    (tmp_path / files.PROJECT).mkdir()
    with pytest.raises(LocalFileError, match="cannot be read"):
        policies(beside=(str(tmp_path),))
    os.rmdir(tmp_path / files.PROJECT)
    os.symlink("/nonexistent/target", tmp_path / files.PROJECT)
    with pytest.raises(LocalFileError, match="cannot be read"):
        policies(beside=(str(tmp_path),))


@pytest.mark.parametrize(
    ("config_home", "home", "expected"),
    [("/c", "/h", "/c/sandboxctl"), (None, "/h", "/h/.config/sandboxctl"), ("rel", "/h", "/h/.config/sandboxctl"), ("", None, None)],
)  # fmt: skip
def test_the_users_policy_is_in_the_configuration_directory(
    config_home: str | None, home: str | None, expected: str | None
) -> None:
    assert files.home_directory(config_home, home) == expected
