"""One table says what each field comes to on each backend: it is whole, it is true of the templates, it is obeyed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandboxctl.capabilities import Effect, Field, Status, capability, effect, quadlet, refusals, weaker
from sandboxctl.capabilities.table import ROWS
from sandboxctl.load import load
from sandboxctl.render import render
from sandboxctl.schema import load_schema
from sandboxctl.spec import BACKENDS, FORMS, Loaded

HEAD = "apiVersion: sandboxctl.dev/v1\nkind: Sandbox\nmetadata:\n  name: py\n"


def loaded(tmp_path: Path, spec: str, metadata: str = "") -> Loaded:
    """The one sandbox of a spec in block style, `image` given unless it says one."""
    image = "" if spec.startswith("image:") else "  image: docker.io/library/busybox:1.36\n"
    body = "".join(f"  {line}\n" for line in spec.splitlines())
    file = tmp_path / "sandbox.yaml"
    file.write_text(f"{HEAD}{metadata}spec:\n{image}{body}", encoding="utf-8")
    result = load([str(file)])
    assert [problem for problem in result.problems if problem.severity == "error"] == []
    return result.loaded[0]


# The schema's leaves

FREE_MAPS = {"labels", "annotations", "env", "args", "ulimits", "hosts", "sysctls"}


def leaves(node: Any, root: Any, field: Field = ()) -> Iterator[Field]:
    """Every field of the schema, free maps by their own name, mounts by their type."""
    if "$ref" in node:
        yield from leaves(root["$defs"][node["$ref"].rpartition("/")[2]], root, field)
    elif field == ("mounts",):
        for option in node["items"]["oneOf"] if "oneOf" in node["items"] else mount_options(node, root):
            mount = root["$defs"][option["$ref"].rpartition("/")[2]]
            yield from leaves(mount, root, (*field, mount["properties"]["type"]["const"]))
    elif "items" in node:
        yield from leaves(node["items"], root, field)
    elif "properties" in node:
        if "string" in node.get("type", []):
            yield field
        for name, part in node["properties"].items():
            yield from leaves(part, root, (*field, name))
    elif isinstance(node.get("additionalProperties"), dict):
        yield field
        yield from (each for each in leaves(node["additionalProperties"], root, field) if each != field)
    else:
        yield field


def mount_options(node: Any, root: Any) -> list[Any]:
    options: list[Any] = root["$defs"][node["items"]["$ref"].rpartition("/")[2]]["oneOf"]
    return options


def fields() -> list[Field]:
    root: Any = load_schema()
    spec = list(leaves(root["properties"]["spec"], root))
    metadata = list(leaves(root["properties"]["metadata"], root, ("metadata",)))
    return sorted(set(spec + metadata))


FIELDS = fields()


def test_the_walk_finds_the_fields_that_everybody_knows() -> None:
    known = {
        ("metadata", "name"), ("metadata", "labels"), ("image",), ("image", "build", "args"), ("env",), ("env", "fromEnv"),
        ("resources", "ulimits"), ("resources", "ulimits", "soft"), ("network", "ports", "address"),
        ("network", "egress", "allow", "cidr"), ("mounts", "bind", "readOnly"), ("mounts", "secret", "items"),
        ("security", "seccomp", "file"), ("lifecycle", "restart", "max"), ("kubernetes", "pod"), ("docker", "accept"),
    }  # fmt: skip
    assert known <= set(FIELDS)


@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_every_field_of_the_schema_has_a_status_on_every_backend(field: Field) -> None:
    statuses = [capability(field, backend).status for backend in FORMS]
    assert all(isinstance(status, Status) for status in statuses)


def test_what_a_unit_comes_to_is_said_for_every_row_of_the_table() -> None:
    assert {name.partition("/")[0] for name in ROWS} - quadlet.CELLS.keys() == set()


def test_every_row_of_the_table_is_a_field_of_the_schema() -> None:
    known = {field[:length] for field in FIELDS for length in range(1, len(field) + 1)}
    assert [name for name in ROWS if tuple(name.partition("/")[0].split(".")) not in known] == []


def test_every_refusal_says_what_to_do_and_everything_says_how() -> None:
    for name, row in [*ROWS.items(), *((name, (cell,)) for name, cell in quadlet.CELLS.items())]:
        for cell in row:
            assert cell.how, name
            assert (cell.hint is not None) == (cell.status is Status.REFUSED), name


def test_what_is_no_field_has_no_status() -> None:
    with pytest.raises(KeyError, match=r"resources\.momory"):
        capability(("resources", "momory"), "docker")


# The templates do what the table says

SNIPPETS: Mapping[str, str] = {
    "image": "image: docker.io/library/python:3.12-slim",
    "image.pull": "image: {ref: 'busybox:1.36', pull: always}",
    "image.platform": "image: {ref: 'busybox:1.36', platform: linux/arm64}",
    "run": "run: image",
    "command": "command: [sleep]",
    "args": "args: [a]",
    "workdir": "workdir: /home/x",
    "tty": "tty: true",
    "stdin": "stdin: true",
    "env": "env: {A: b}",
    "env.fromEnv": "env: {A: {fromEnv: PATH}}",
    "env.fromFile": "env: {A: {fromFile: sandbox.yaml}}",
    "env.secret": "env: {A: {secret: s, key: k}}",
    "env.configMap": "env: {A: {configMap: s, key: k}}",
    "resources.cpu": "resources: {cpu: 2}",
    "resources.memory": "resources: {memory: 1Gi}",
    "resources.swap": "resources: {swap: 1Mi}",
    "resources.swap/no": "resources: {swap: 0Mi}",
    "resources.pids": "resources: {pids: 99}",
    "resources.requests.cpu": "resources: {requests: {cpu: 100m}}",
    "resources.requests.memory": "resources: {requests: {memory: 64Mi}}",
    "resources.cpuShares": "resources: {cpuShares: 99}",
    "resources.cpuset": "resources: {cpuset: '0'}",
    "resources.shm": "resources: {shm: 1Mi}",
    "resources.disk": "resources: {disk: 1Gi}",
    "resources.gpus": "resources: {gpus: 1}",
    "resources.gpus/all": "resources: {gpus: all}",
    "resources.scratch": "resources: {scratch: 8Mi}",
    "resources.ulimits": "resources: {ulimits: {nofile: 99}}",
    "network": "network: none",
    "network.mode": "network: {mode: none}",
    "network.mode/none": "network: none",
    "network.mode/host": "network: host\nsecurity: {allow: [host-network]}",
    "network.mode/named": "network: mine",
    "network.name": "network: {name: mine}",
    "network.create": "network: {name: mine, create: true}",
    "network.internal": "network: {name: mine, create: true, internal: true}",
    "network.ports": "network: {mode: bridge, ports: ['80:80']}",
    "network.ports.address": (
        "network: {mode: bridge, ports: [{container: 80, address: 0.0.0.0}]}\nsecurity: {allow: [public-port]}"
    ),
    "network.dns": "network: {mode: bridge, dns: {servers: [192.0.2.1]}}",
    "network.hosts": "network: {mode: bridge, hosts: {a: 192.0.2.1}}",
    "network.hostname": "network: {mode: bridge, hostname: other}",
    "network.egress": "network: {mode: bridge, egress: {allow: [{cidr: 192.0.2.0/24}]}}",
    "network.egress.allow.domain": "network: {mode: bridge, egress: {allow: [{domain: example.org}]}}",
    "mounts.bind": "mounts: [{type: bind, source: ., target: /x}]",
    "mounts.bind.selinux": "mounts: [{type: bind, source: ., target: /x, selinux: shared}]",
    "mounts.volume": "mounts: [{type: volume, source: v, target: /x}]",
    "mounts.volume.subPath": "mounts: [{type: volume, source: v, target: /x, subPath: a}]",
    "mounts.volume.size": "mounts: [{type: volume, source: v, target: /x, size: 1Gi}]",
    "mounts.tmpfs": "mounts: [{type: tmpfs, target: /x}]",
    "mounts.tmpfs.exec": "mounts: [{type: tmpfs, target: /x, exec: false}]",
    "mounts.tmpfs.exec/yes": "mounts: [{type: tmpfs, target: /x, exec: true}]",
    "mounts.tmpfs.mode": "mounts: [{type: tmpfs, target: /x, mode: '0750'}]",
    "mounts.file": "mounts: [{type: file, target: /x, content: a}]",
    "mounts.configMap": "mounts: [{type: configMap, target: /x, name: c}]",
    "mounts.secret": "mounts: [{type: secret, target: /x, name: c}]",
    "mounts.secret.items": "mounts: [{type: secret, target: /x, name: c, items: {a: b}}]",
    "security.user": "security: {user: 5}",
    "security.group": "security: {group: 5}",
    "security.groups": "security: {groups: [5]}",
    "security.fsGroup": "security: {group: 5, fsGroup: 5}",
    "security.fsGroup/apart": "security: {fsGroup: 5}",
    "security.readOnlyRoot": "security: {readOnlyRoot: false, allow: [writable-root]}",
    "security.capabilities.drop": "security: {capabilities: {drop: [CHOWN]}, allow: [default-capabilities]}",
    "security.capabilities.add": "security: {capabilities: {add: [NET_BIND_SERVICE]}, allow: ['capability:NET_BIND_SERVICE']}",
    "security.noNewPrivileges": "security: {noNewPrivileges: false, allow: [new-privileges]}",
    "security.seccomp": "security: {seccomp: unconfined, allow: [seccomp-unconfined]}",
    "security.seccomp.file": "security: {seccomp: {file: profile.json}}",
    "security.seccomp.localhost": "security: {seccomp: {localhost: p.json}}",
    "security.apparmor": "security: {apparmor: strict}",
    "security.selinux": "security: {selinux: {type: container_t}}",
    "security.selinux.disable": "security: {selinux: {disable: true}, allow: [selinux-disabled]}",
    "security.userNamespace": "security: {userNamespace: auto}",
    "security.userNamespace/keep-id": "security: {userNamespace: keep-id}",
    "security.userNamespace/host": "security: {userNamespace: host, allow: [host-namespace]}",
    "security.userNamespace/private": "security: {userNamespace: private}",
    "security.runtime": "security: {runtime: gvisor}",
    "resources.shm/gvisor": "security: {runtime: gvisor}\nresources: {shm: 8Mi}",
    "security.privileged": "security: {privileged: true, noNewPrivileges: false, allow: [privileged, new-privileges]}",
    "security.privileged/no-new-privileges": "security: {privileged: true, allow: [privileged]}",
    "security.devices": "security: {devices: [{source: /dev/null, target: /dev/x}], allow: ['device:/dev/null']}",
    "security.sysctls": "security: {sysctls: {kernel.shm_rmid_forced: 1}, allow: ['sysctl:kernel.shm_rmid_forced']}",
    "lifecycle.ttl": "command: [x]\nlifecycle: {ttl: 1h}",
    "lifecycle.stopGrace": "lifecycle: {stopGrace: 9s}",
    "lifecycle.stopSignal": "lifecycle: {stopSignal: SIGINT}",
    "lifecycle.init": "lifecycle: {init: false}",
    "lifecycle.restart": "lifecycle: {restart: always}",
    "lifecycle.restart.max": "lifecycle: {restart: {policy: on-failure, max: 3}}",
    "lifecycle.setup": "lifecycle: {setup: [[sleep]]}",
    "lifecycle.autoRemove": "lifecycle: {autoRemove: true}",
    "health": "health: {command: [sleep]}",
    "health.startPeriod": "health: {command: [sleep], startPeriod: 9s}",
    "docker.logging": "docker: {logging: {driver: local}}",
    "docker.options": "docker: {options: {oom_score_adj: 1}}\nsecurity: {allow: [raw-options]}",
    "podman.logging": "podman: {logging: {driver: journald}}",
    "podman.pod": "podman: {pod: p}",
    "podman.pod/beside network host": "network: host\nsecurity: {allow: [host-network]}\npodman: {pod: p}",
    "podman.pod/beside network.ports": "network: {mode: bridge, ports: ['80:80']}\npodman: {pod: p}",
    "podman.pod/beside network.dns": "network: {mode: bridge, dns: {servers: [192.0.2.1]}}\npodman: {pod: p}",
    "podman.pod/beside network.hosts": "network: {mode: bridge, hosts: {a: 192.0.2.1}}\npodman: {pod: p}",
    "podman.options": "podman: {options: {oom_score_adj: 1}}\nsecurity: {allow: [raw-options]}",
    "kubernetes.namespace": "kubernetes: {namespace: mine}",
    "kubernetes.serviceAccount": "kubernetes: {serviceAccount: mine}",
    "kubernetes.imagePullSecrets": "kubernetes: {imagePullSecrets: [mine]}",
    "kubernetes.nodeSelector": "kubernetes: {nodeSelector: {a: b}}",
    "kubernetes.affinity": "kubernetes: {affinity: {nodeAffinity: {}}}",
    "kubernetes.tolerations": "kubernetes: {tolerations: [{operator: Exists}]}",
    "kubernetes.priorityClass": "kubernetes: {priorityClass: mine}",
    "kubernetes.topologySpread": "kubernetes: {topologySpread: [{maxSkew: 1}]}",
    "kubernetes.pod": "kubernetes: {pod: {spec: {schedulerName: mine}}}\nsecurity: {allow: [raw-options]}",
    "commit": "commit: {image: 'localhost/x:1'}\nsecurity: {readOnlyRoot: false, allow: [writable-root]}",
    "metadata.labels": "",
    "metadata.annotations": "",
    "metadata.labels/oddly named": "",
    "metadata.labels/of an odd value": "",
    "metadata.annotations/oddly named": "",
    "metadata.annotations/very large": "",
}
"""For each row one spec that asks for it, and for nothing else that is not there anyway."""

METADATA = {
    "metadata.labels": "  labels: {a: b}\n",
    "metadata.labels/oddly named": "  labels: {a+b: c}\n",
    "metadata.labels/of an odd value": "  labels: {a: b+c}\n",
    "metadata.annotations": "  annotations: {a: b}\n",
    "metadata.annotations/oddly named": "  annotations: {a+b: c}\n",
    "metadata.annotations/very large": f"  annotations: {{a: {'b' * 140_000}}}\n",
}

NOT_BY_A_SPEC = {
    # What every sandbox has, or what changes nothing by being written.
    "metadata.name", "metadata.project", "backend", "envFiles", "image.build", "image.archive", "image.setup",
    # What is only asked for together with what another backend refuses: see below.
    "mounts.volume/mapped", "mounts.file/mapped", "podman.pod/beside userNamespace", "podman.pod/beside autoRemove",
    "network.create/no", "network.internal/no", "mounts.bind/yes", "mounts.volume.keep", "security.profile",
    "security.allow", "security.runtime/default", "lifecycle.ttl/idle", "lifecycle.stopSignal/SIGTERM",
    "lifecycle.autoRemove/no", "lifecycle.replace", "lifecycle.ready", "docker", "podman", "kubernetes",
}  # fmt: skip

SAME_AS_THE_DEFAULT = {"resources.swap/no"}


def test_every_row_has_a_spec_that_asks_for_it() -> None:
    assert set(ROWS) - set(SNIPPETS) - NOT_BY_A_SPEC == set()


@pytest.mark.parametrize("backend", FORMS)
@pytest.mark.parametrize("name", SNIPPETS)
def test_the_templates_and_refusals_do_what_the_table_says(name: str, backend: str, tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"defaultAction": "SCMP_ACT_ERRNO"}')
    asked = loaded(tmp_path, SNIPPETS[name], METADATA.get(name, ""))
    field, _, variant = name.partition("/")
    found = capability(tuple(field.split(".")), backend, variant=variant or None)
    problems = refusals(asked, backend)
    if found.status in (Status.REFUSED, Status.WEAKER):
        assert {problem.code for problem in problems} == {"refused-by-backend"}
        assert all(problem.range and problem.line_text and problem.hint for problem in problems)
        return
    assert problems == ()
    if found.status is Status.ENFORCED and name not in SAME_AS_THE_DEFAULT:
        without = loaded(tmp_path, "network: bridge" if "network" in SNIPPETS[name] else "")
        assert documents(asked, backend) != documents(without, backend)


def documents(spec: Loaded, backend: str) -> str:
    return json.dumps(render(spec.sandbox, backend).documents)


# Refusals


def test_a_refusal_stands_at_the_key_that_asks_and_is_said_once(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "network:\n  mode: bridge\n  egress:\n    allow: [{cidr: 192.0.2.0/24}]")
    (problem,) = refusals(spec, "docker")
    assert problem.range is not None
    assert (problem.code, problem.path, problem.range.start.line, problem.range.start.column) == (
        "refused-by-backend",
        ("spec", "network", "egress"),
        9,
        5,
    )
    assert problem.line_text == "    egress:"


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("podman: {pod: p}\nsecurity: {userNamespace: auto}", ("podman", "pod")),
        ("podman: {pod: p}\nlifecycle: {autoRemove: true}", ("podman", "pod")),
        ("mounts: [{type: volume, source: v, target: /x}]\nsecurity: {userNamespace: private}", ("mounts", 0)),
        (
            "mounts: [{type: file, content: v, target: /x, mode: '0400'}]\nsecurity: {userNamespace: auto}",
            ("mounts", 0),
        ),
        ("mounts: [{type: file, content: v, target: /x}]\nsecurity: {userNamespace: auto}", None),
        ("mounts: [{type: file, content: v, target: /x, mode: '0400'}]\nsecurity: {userNamespace: host}", None),
    ],
)
def test_what_podman_cannot_do_beside_something_else_is_refused_at_its_place(
    tmp_path: Path, spec: str, path: tuple[str | int, ...] | None
) -> None:
    allowed = spec.replace("userNamespace: host", "userNamespace: host, allow: [host-namespace]")
    found = [problem.path for problem in refusals(loaded(tmp_path, allowed), "podman")]
    assert found == ([] if path is None else [("spec", *path)])


def test_a_default_that_is_weaker_is_no_refusal_but_is_named(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "")
    assert refusals(spec, "kubernetes") == ()
    assert [field for field, _ in weaker(spec.sandbox, "kubernetes")] == [
        ("resources", "pids"),
        ("resources", "ulimits"),
        ("mounts", "tmpfs", "exec"),
        ("mounts", "tmpfs", "mode"),
    ]
    assert [weaker(spec.sandbox, backend) for backend in ("docker", "podman")] == [(), ()]


def test_shared_memory_on_gvisor_in_a_pod_is_bounded_by_memory_alone(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "security: {runtime: gvisor}")
    assert (("resources", "shm") in dict(weaker(spec.sandbox, "kubernetes")), refusals(spec, "kubernetes")) == (
        True,
        (),
    )
    asked = loaded(tmp_path, "security: {runtime: gvisor}\nresources: {shm: 8Mi}")
    assert [problem.path for problem in refusals(asked, "kubernetes")] == [("spec", "resources", "shm")]
    assert [refusals(asked, backend) for backend in ("docker",)] == [()]


@pytest.mark.parametrize("accept", ["resources.pids", "resources"])
def test_what_is_weaker_can_be_accepted_by_its_field_or_what_holds_it(accept: str, tmp_path: Path) -> None:
    spec = loaded(tmp_path, f"resources: {{pids: 99}}\nkubernetes: {{accept: [{accept}]}}")
    assert refusals(spec, "kubernetes") == ()


@pytest.mark.parametrize("accept", ["resources.cpu", "security"])
def test_accepting_something_else_accepts_nothing(accept: str, tmp_path: Path) -> None:
    spec = loaded(tmp_path, f"resources: {{pids: 99}}\nkubernetes: {{accept: [{accept}]}}")
    assert [problem.path for problem in refusals(spec, "kubernetes")] == [("spec", "resources", "pids")]


def test_a_refused_field_cannot_be_accepted(tmp_path: Path) -> None:
    spec = loaded(tmp_path, "resources: {cpuset: '0'}\nkubernetes: {accept: [resources]}")
    assert [problem.path for problem in refusals(spec, "kubernetes")] == [("spec", "resources", "cpuset")]


def test_a_users_own_names_are_never_taken_for_fields(tmp_path: Path) -> None:
    spec = loaded(
        tmp_path, "env: {secret: a, configMap: b, key: c}\nnetwork: {mode: bridge, hosts: {egress: 192.0.2.1}}"
    )
    assert [refusals(spec, backend) for backend in BACKENDS] == [(), (), ()]


def test_a_directory_of_the_node_can_be_allowed_by_its_path(tmp_path: Path) -> None:
    spec = loaded(
        tmp_path, f"mounts: [{{type: bind, source: ., target: /x}}]\nsecurity: {{allow: ['host-path:{tmp_path}']}}"
    )
    assert refusals(spec, "kubernetes") == ()


# Effects


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (("resources", "memory"), Effect.LIVE),
        (("resources", "swap"), Effect.LIVE),
        (("resources", "cpu"), Effect.LIVE),
        (("resources", "pids"), Effect.LIVE),
        (("resources", "cpuset"), Effect.LIVE),
        (("resources", "cpuShares"), Effect.LIVE),
        (("lifecycle", "restart", "policy"), Effect.LIVE),
        (("lifecycle", "restart", "max"), Effect.LIVE),
        (("resources", "shm"), Effect.REPLACE),
        (("resources", "requests", "memory"), Effect.REPLACE),
        (("image",), Effect.REPLACE),
        (("labels", "team"), Effect.REPLACE),
        (("env", "A"), Effect.REPLACE),
        (("mounts", "/data", "size"), Effect.REPLACE),
        (("mounts", "/data", "keep"), Effect.NONE),
        (("security", "profile"), Effect.NONE),
        (("security", "allow"), Effect.NONE),
        (("image", "pull"), Effect.NONE),
        (("lifecycle", "ready", "timeout"), Effect.NONE),
        (("commit", "image"), Effect.NONE),
        (("docker", "accept"), Effect.NONE),
        (("docker", "logging"), Effect.REPLACE),
        (("project",), Effect.IMPOSSIBLE),
    ],
)
def test_a_change_on_docker_takes(key: tuple[str, ...], expected: Effect) -> None:
    assert effect(key, "docker") is expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, Effect.REPLACE),
        ("4.3.1", Effect.REPLACE),
        ("5.0.3", Effect.REPLACE),
        ("5.1.0", Effect.LIVE),
        ("5.10", Effect.LIVE),
    ],
)
def test_podman_changes_limits_in_place_from_5_1_on(version: str | None, expected: Effect) -> None:
    assert effect(("resources", "memory"), "podman", version=version) is expected


def test_a_cluster_changes_labels_in_place() -> None:
    assert effect(("labels", "team"), "kubernetes") is Effect.LIVE
    assert effect(("image",), "kubernetes") is Effect.REPLACE
