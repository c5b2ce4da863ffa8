"""The schema itself, and how what it does not allow is told."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sandboxctl.document import Document, read
from sandboxctl.schema import check, identity, load_schema

HEAD = "apiVersion: sandboxctl.dev/v1\nkind: Sandbox\n"
META = HEAD + "metadata: {name: py}\n"


def document(text: str) -> Document:
    return read(text.encode(), filename="f.yaml")[0][0]


def told(text: str) -> list[tuple[str, str, str, str | None]]:
    """Code, place, message and hint of each problem."""
    found = []
    for problem in check(document(text)):
        assert problem.range is not None
        start, end = problem.range.start, problem.range.end
        where = f"{start.line}:{start.column}-{end.line}:{end.column}"
        found.append((problem.code, where, problem.message, problem.hint))
    return found


def in_spec(text: str) -> list[tuple[str, str, str, str | None]]:
    """For one line under `spec`: columns from the beginning of that line."""
    return [(code, where.replace("6:", ""), *rest) for code, where, *rest in told(f"{META}spec:\n  image: a\n{text}\n")]


def schemas(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every schema inside a schema."""
    if isinstance(node, dict):
        yield path, node
        for key in ("properties", "$defs"):
            for name, part in node.get(key, {}).items():
                yield from schemas(part, (*path, name))
        for key in ("items", "additionalProperties", "then", "else"):
            yield from schemas(node.get(key), (*path, key))
        for part in node.get("oneOf", ()):
            yield from schemas(part, (*path, "oneOf"))


def test_the_schema_is_valid_by_its_own_dialect() -> None:
    Draft202012Validator.check_schema(load_schema())


def test_every_field_has_a_description() -> None:
    missing = [
        (*path, name)
        for path, node in schemas(load_schema())
        for name, part in node.get("properties", {}).items()
        if "description" not in part
    ]
    assert missing == []


def test_every_mapping_is_closed_or_says_what_else_it_takes() -> None:
    opened = [
        path
        for path, node in schemas(load_schema())
        if (node.get("type") == "object" or "properties" in node) and "additionalProperties" not in node
    ]
    assert opened == [("mount",)]  # its forms are closed


def test_only_keywords_that_the_walk_knows_are_used() -> None:
    keywords = {keyword for _, node in schemas(load_schema()) for keyword in node}
    assert keywords - {"$schema", "$id", "$defs", "title", "description", "default", "x-also", "x-code", "x-expect"} == {
        "$ref", "type", "const", "enum", "pattern", "properties", "additionalProperties", "required", "items", "oneOf",
        "if", "then", "else", "not", "dependentRequired",
    }  # fmt: skip


def test_a_pattern_is_anchored_and_told_in_words() -> None:
    for _, node in schemas(load_schema()):
        if "pattern" in node:
            assert (node["pattern"][0], node["pattern"][-1], "x-expect" in node, "x-code" in node) == (
                "^", "$", True, True,
            )  # fmt: skip


def test_a_default_fits_its_own_field() -> None:
    root = load_schema()
    for _, node in schemas(root):
        if "default" in node:
            Draft202012Validator({**copy.deepcopy(node), "$defs": root["$defs"]}).validate(node["default"])


def test_identity_is_what_the_document_says_of_itself() -> None:
    assert identity(document("apiVersion: v1\nkind: Pod")) == ("v1", "Pod")
    assert identity(document("apiVersion: 1\nkind: [a]")) == (None, None)
    assert identity(document("- a")) == (None, None)


DOCUMENTS = [
    (
        "[1]",
        [("wrong-type", "1:1-1:4", "the document must be a mapping, not a list", None)],
    ),
    (
        "a: 1",
        [
            ("missing-key", "1:1-1:2", "a Sandbox has no `apiVersion`", "add `apiVersion: sandboxctl.dev/v1`"),
            ("missing-key", "1:1-1:2", "a Sandbox has no `kind`", "add `kind: Sandbox`"),
            ("missing-key", "1:1-1:2", "a Sandbox has no `metadata`", "add `metadata`: what the sandbox is called"),
            ("missing-key", "1:1-1:2", "a Sandbox has no `spec`", "add `spec`: what the sandbox is"),
            ("unknown-key", "1:1-1:2", "a Sandbox has no key `a`", "the keys here are apiVersion, kind, metadata, spec"),
        ],
    ),
    (
        "apiVersion: sandboxctl.dev/v2\nkind: Sandbox\nmore: 1",
        [
            ("wrong-version", "1:13-1:30", "`apiVersion` must be `sandboxctl.dev/v1`, not `sandboxctl.dev/v2`",
             "did you mean `sandboxctl.dev/v1`?"),
        ],
    ),
    (
        "apiVersion: sandboxctl.dev/v1\nkind: sandbox\nmore: 1",
        [("wrong-kind", "2:7-2:14", "`kind` must be `Sandbox`, not `sandbox`", "did you mean `Sandbox`?")],
    ),
    (
        HEAD + "metadata: {name: Py_1}\nspec: {}",
        [
            ("bad-name", "3:18-3:22", "`metadata.name` must be 2 to 63 lower-case letters, digits and -, with no - at either end, not `Py_1`", "did you mean `py-1`?"),
            ("missing-key", "4:1-4:5", "`spec` has no `image`",
             "add `image`: the image: a reference, or a mapping with exactly one of ref, build and archive"),
        ],
    ),
    (
        HEAD + "metadata: {name: 'py\n\n '}\nspec: {image: a}",
        [("bad-name", "3:18-5:3", "`metadata.name` must be 2 to 63 lower-case letters, digits and -, with no - at either end, not `py�`", "did you mean `py`?")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problems"), DOCUMENTS, ids=[each[0][-24:] for each in DOCUMENTS])
def test_a_document_that_is_none_of_ours_is_told_so(
    text: str, problems: list[tuple[str, str, str, str | None]]
) -> None:
    assert told(text) == problems


FIELDS = [
    ("  resource: {}", ("unknown-key", "3-11", "`spec` has no key `resource`", "did you mean `resources`?")),
    ("  memory: 1Gi", ("unknown-key", "3-9", "`spec` has no key `memory`", "did you mean `resources.memory`?")),
    ("  volumes: []", ("unknown-key", "3-10", "`spec` has no key `volumes`", "did you mean `mounts`?")),
    ("  cap_add: []", ("unknown-key", "3-10", "`spec` has no key `cap_add`", "did you mean `security.capabilities.add`?")),
    ("  resources: {cpus: 1}", ("unknown-key", "15-19", "`resources` has no key `cpus`", "did you mean `cpu`?")),
    ("  lifecycle: {ready: {zzz: 1}}", ("unknown-key", "23-26", "`lifecycle.ready` has no key `zzz`",
                                        "the keys here are minSeconds, timeout")),
    ("  mounts: [{type: tmpfs, target: /a, readOnly: true}]",
     ("unknown-key", "38-46", "`mounts[0]` has no key `readOnly`", "the keys here are type, target, size, exec, mode")),
    ("  mounts: [{type: bind, target: /a}]",
     ("missing-key", "13-17", "`mounts[0]` has no `source`", "add `source`: the path on the host; a relative one stays under the spec's directory, an absolute one has no links in it")),
    ("  mounts: [{target: /a}]", ("missing-key", "13-19", "`mounts[0]` has no `type`",
                               "add `type`, one of bind, volume, tmpfs, file, configMap, secret: what is mounted")),
    ("  mounts: [{type: bnd, target: /a}]",
     ("unknown-value", "19-22", "`mounts[0].type` must be one of bind, volume, tmpfs, file, configMap, secret, not `bnd`", "did you mean `bind`?")),
    ("  mounts: ['./a:/b']", ("wrong-type", "12-20", "`mounts[0]` must be a mapping, not text",
                               "write {type: bind, source: ./a, target: /b, readOnly: false}")),
    ("  mounts: {a: b}", ("wrong-type", "11-17", "`mounts` must be a list, not a mapping", "begin each item with `- `")),
    ("  network: [a]", ("wrong-type", "12-15", "`network` must be one of none, bridge, host, the name of an existing network, or a mapping, not a list of texts", "a sandbox has one network: write its name")),
    ("  backend: dcker", ("unknown-value", "12-17", "`backend` must be one of auto, docker, podman, kubernetes, k8s, not `dcker`", "did you mean `docker`?")),
    ("  run: 1", ("unknown-value", "8-9", "`run` must be one of idle, image, not the number 1", None)),
    ("  security: {seccomp: none}", ("unknown-value", "23-27", "`security.seccomp` must be one of default, unconfined, {file: PATH} or {localhost: PATH}, not `none`",
                                    "did you mean `unconfined`, which is no filter, or `default`, the engine's?")),
    ("  security: {seccomp: {}}", ("missing-key", "14-21", "`security.seccomp` needs one of file, localhost", None)),
    ("  lifecycle: {restart: {max: 1}}", ("missing-key", "15-22", "`lifecycle.restart` has no `policy`",
                                          "add `policy`, one of never, on-failure, always: when it is started again")),
    ("  command: python -V", ("wrong-type", "12-21", "`command` must be a list of texts, the program and its arguments, as in [sh, -c, \"echo hello\"], not text", 'write a list: ["python", "-V"]')),
    ("  command: [sleep, 60]", ("wrong-type", "20-22", "`command[1]` must be text, not the number 60",
                                'quote it: "60"')),
    ("  env: {A: true}", ("wrong-type", "12-16", "`env.A` must be a text, a whole number, or a mapping like {fromEnv: NAME}, not true", 'quote it: "true"')),
    ("  env: {A: 1.50}", ("wrong-type", "12-16", "`env.A` must be a text, a whole number, or a mapping like {fromEnv: NAME}, not the number 1.50", 'quote it: "1.50"')),
    ("  env: {A: {fromEnv: B, fromFile: c}}",
     ("exclusive-keys", "25-33", "`env.A` has `fromEnv` and `fromFile`, which exclude each other", "keep one of them")),
    ("  env: {A: {}}", ("missing-key", "9-10", "`env.A` needs one of fromEnv, fromFile, secret, configMap", None)),
    ("  env: {A: {secret: b}}", ("missing-key", "13-19", "`env.A` has `secret` and so needs `key`", "add `key`")),
    ("  docker: {host: a, context: b}",
     ("exclusive-keys", "21-28", "`docker` has `host` and `context`, which exclude each other", "keep one of them")),
    ('  resources: {pids: "128"}', ("wrong-type", "21-26", "`resources.pids` must be a whole number, not text",
                                    "take the quotes away: 128")),
    ("  resources: {pids: 1.0}", ("wrong-type", "21-24", "`resources.pids` must be a whole number, not the number 1.0",
                                  None)),
    ("  resources: {cpu: true}", ("wrong-type", "20-24", "`resources.cpu` must be a number of CPUs, as in 500m, 0.5 or 2, not true", None)),
    ('  tty: "yes"', ("wrong-type", "8-13", "`tty` must be true or false, not text", "write true")),
    ("  tty: 1", ("wrong-type", "8-9", "`tty` must be true or false, not the number 1", None)),
    ("  resources:", ("null-value", "3-12", "`resources` has no value",
                      "write a value, or take the key away: then the default applies")),
    ("  command: [a, ~]", ("null-value", "16-17", "`command[1]` is null, which means nothing in a spec",
                           "write a value, or take the key away: then the default applies")),
    ("  kubernetes: {pod: {a: [{b: null}]}}",
     ("null-value", "30-34", "`kubernetes.pod.a[0].b` is null, which means nothing in a spec",
      "write a value, or take the key away: then the default applies")),
]  # fmt: skip


HABITS = [
    ("env: [A=1, B=2]", "write a mapping, as in A: VALUE"),
    ("env: [A]", "write a mapping, as in A: {fromEnv: A}"),
    ("env: [{name: A, value: '1'}]", "write a mapping, as in A: VALUE"),
    ("env: [{a: 1}]", "write a mapping, as in NAME: VALUE"),
    ("health: [1.5]", 'write a mapping, as in {command: ["1.5"]}'),
    ("env: ['a b=1']", "write a mapping, as in NAME: VALUE"),
    ("network: {hosts: ['db:10.0.0.1']}", "write a mapping, as in db: VALUE"),
    ("mounts: ['./a:/b:ro']", "write {type: bind, source: ./a, target: /b}"),
    ("mounts: ['/a:/b']", "write {type: bind, source: /a, target: /b, readOnly: false}"),
    ("mounts: ['data:/b']", "write {type: volume, source: data, target: /b}"),
    ("mounts: ['data:/b:ro,z']", "write {type: volume, source: data, target: /b, readOnly: true}"),
    ("mounts: ['type=bind,src=a,dst=/b']", "write a mapping, as in {type: bind, source: ./data, target: /data}"),
    ("mounts: [{source: ./a, target: /b}]", "add `type: bind`"),
    ("mounts: [{source: a, target: /b}]", "add `type: volume`"),
    ("mounts: [{size: 1Mi, target: /b}]", "add `type: tmpfs`"),
    ("mounts: [{content: a, target: /b}]", "add `type: file`"),
    ("mounts: [{type: bind, target: /b, source: a, read_only: true}]", "did you mean `readOnly`?"),
    ("network: {ports: [8080]}", 'write "8080:8080", or "0:8080" for any free port of the host'),
    ("network: {ports: [{container: 80, published: 80}]}", "did you mean `host`?"),
    ("security: restricted", "write {profile: restricted}"),
    ("security: strict", "write {profile: restricted}"),
    ("security: {capabilities: [SYS_PTRACE]}", "say whether they are taken away or given: {drop: [NAME]} or {add: [NAME]}"),
    ("security: {seccomp: RuntimeDefault}", "did you mean `default`?"),
    ("security: {seccomp: ./own.json}", "write {file: ./own.json}"),
    ("security: {seccomp: localhost/own.json}", "write {localhost: own.json}"),
    ("lifecycle: {restart: unless-stopped}", "did you mean `always`?"),
    ("lifecycle: {restart: 'on-failure:3'}", "write {policy: on-failure, max: 3}"),
    ("lifecycle: {restart: 'no'}", "did you mean `never`?"),
    ("lifecycle: {restart: false}", "did you mean `never`?"),
    ("lifecycle: {setup: pip install x}", 'write a list of lists: [["pip", "install", "x"]]'),
    ("lifecycle: {setup: [pip, install, x]}", 'write a list of lists: [["pip", "install", "x"]]'),
    ("lifecycle: {setup: [pip install x, ls]}", 'write a list of lists: [["pip", "install", "x"], ["ls"]]'),
    ("lifecycle: {setup: [cd /a && ls]}", 'write a list of lists: [["sh", "-c", "cd /a && ls"]]'),
    ("command: sh -c 'echo hello'", 'write a list: ["sh", "-c", "echo hello"]'),
    ("command: 'echo \"a'", 'write a list: ["sh", "-c", "echo \\"a"]'),
    ("run: sleep 1", 'write command: ["sleep", "1"]'),
    ("health: ls", 'write a mapping, as in {command: ["ls"]}'),
    ("health: {command: [a], test: [b]}", "did you mean `command`?"),
    ("commit: a:b", 'write a mapping, as in {image: "a:b"}'),
    ("security: {user: root}", "write 0, and `root-user` in security.allow"),
    ("security: {user: '1000:100'}", "write user: 1000 and group: 100"),
    ("ttl: 1h", "did you mean `lifecycle.ttl`?"),
    ("setup: [[a]]", "did you mean `image.setup` or `lifecycle.setup`?"),
    ("target: /a", "did you mean `mounts[].target`?"),
    ("resources: {limits: {cpu: 1}}", "`cpu` and `memory`, right below `resources`, are the limits"),
    ("services: {}", "a sandbox is one container: each has a document of its own"),
    ("user: 1000", "did you mean `security.user`?"),
    ("container_name: a", "did you mean `metadata.name`?"),
    ("resources: {mem_limit: 1g}", "did you mean `memory`?"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "hint"), HABITS, ids=[each[0] for each in HABITS])
def test_what_another_tool_would_say_is_told_in_the_words_of_a_spec(line: str, hint: str) -> None:
    assert [each[-1] for each in in_spec(f"  {line}")] == [hint]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("metadata: {name: py, command: [ls]}\nspec: {image: a}", "did you mean `spec.command`?"),
        ("metadata: {name: py, memory: 1Gi}\nspec: {image: a}", "did you mean `spec.resources.memory`?"),
        ("metadata: {name: py}\nimage: a\nspec: {image: a}", "did you mean `spec.image`?"),
        ("metadata: {name: py}\nspec: {image: a, project: b}", "did you mean `metadata.project`?"),
    ],
)
def test_a_key_in_the_wrong_part_is_told_with_the_part_it_belongs_to(text: str, hint: str) -> None:
    assert [each[-1] for each in told(HEAD + text)] == [hint]


def test_what_a_variable_says_is_not_repeated() -> None:
    assert "hunter2" not in str(in_spec("  env: ['TOKEN=hunter2']"))


@pytest.mark.parametrize(("line", "problem"), FIELDS, ids=[each[0].strip()[:40] for each in FIELDS])
def test_a_field_that_does_not_fit_is_told_in_words(line: str, problem: tuple[str, str, str, str | None]) -> None:
    assert in_spec(line) == [problem]


def test_everything_is_told_at_once_and_in_order() -> None:
    text = META + "spec:\n  tty: 1\n  imag: a\n  mounts:\n    - {type: x, target: 1}\n    - z\n"
    assert [(code, where) for code, where, *_ in told(text)] == [
        ("missing-key", "4:1-4:5"),
        ("wrong-type", "5:8-5:9"),
        ("unknown-key", "6:3-6:7"),
        ("unknown-value", "8:14-8:15"),
        ("wrong-type", "8:25-8:26"),
        ("wrong-type", "9:7-9:8"),
    ]


def test_what_reading_has_complained_about_is_not_told_again() -> None:
    assert told(META + "spec:\n  image: a\n  tty: no\n  on: 1\n  resources: {pids: 0777}\n") == []


SHORTHANDS = [
    "image: {ref: a, setup: {run: [[a]], network: bridge, user: '0:0'}}", "network: my-net",
    "network: {mode: bridge, ports: ['80:80', {container: 80, host: 0, address: 127.0.0.1, protocol: udp}]}",
    "network: {egress: {allow: [{cidr: 10.0.0.0/8, ports: [443/tcp]}, {domain: a.b}]}, hosts: {a: 1.1.1.1}}",
    "resources: {cpu: 0.5, memory: 512Mi, ulimits: {nofile: 1, core: {soft: 0, hard: 0}}, gpus: all, cpuset: 0}",
    "env: {A: b, B: 1, C: {fromEnv: X}, D: {fromFile: x}, E: {secret: s, key: k}, F: {configMap: c, key: k}}",
    "security: {seccomp: {file: a}, selinux: {type: t, level: l}, sysctls: {net.ipv4.ip_forward: 1}, groups: [1]}",
    "lifecycle: {restart: {policy: on-failure, max: 3}, ttl: 90, ready: {minSeconds: 0.5}}",
    "lifecycle: {restart: always, setup: [[a, b]], stopSignal: 15}",
    "mounts: [{type: configMap, name: c, target: /c, items: {a: b}}, {type: secret, name: s, target: /s}]",
    "mounts: [{type: file, target: /f, content: '', mode: '0444'}, {type: volume, source: v, target: /v, keep: false}]",
    "kubernetes: {tolerations: [{key: a}], nodeSelector: {a: b}, pod: {spec: {x: [1]}}, topologySpread: [{a: 1}]}",
    "docker: {host: unix:///a, logging: {driver: local, options: {max-size: 1m}}, options: {}, accept: [pids]}",
    "podman: {uri: a, pod: p, probeImage: b}", "health: {command: [a], interval: 1s, retries: 1}",
    "commit: {image: 'a:b', when: on-exit, overwrite: true, message: m, author: a, pause: false}", "backend: k8s",
]  # fmt: skip


@pytest.mark.parametrize("line", SHORTHANDS)
def test_every_form_of_a_field_is_taken(line: str) -> None:
    image = "" if line.startswith("image") else "  image: a\n"
    assert told(f"{META}spec:\n{image}  {line}\n") == []
