"""Each field that the engine enforces: what it comes to in the running sandbox, and what a change of it takes."""

from __future__ import annotations

import json
import os
from typing import assert_never

import pytest

from sandboxctl.capabilities import Status
from sandboxctl.capabilities.table import ROWS
from sandboxctl.spec import BACKENDS, Loaded
from tests.contract.engines import EngineUnderTest
from tests.contract.field_cases import CASES, Case, Inside, Kernel, Setting
from tests.contract.workbench import Fragment, Workbench, merged

NO_MKDIR = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}

TESTED_ELSEWHERE = {
    "metadata.name": "every test",
    "commit": "test_commit",
    "image.setup": "test_image_setup",
    "resources.gpus": "no GPU on the hosts of the tests: test_absent",
    "mounts.file": "test_files",
    "metadata.project": "test_strangers: moving a sandbox to another project is a conflict",
    "backend": "read by us",
    "kubernetes": "read by us",
    **dict.fromkeys(
        (
            "kubernetes.namespace",
            "kubernetes.serviceAccount",
            "kubernetes.imagePullSecrets",
            "kubernetes.nodeSelector",
            "kubernetes.affinity",
            "kubernetes.tolerations",
            "kubernetes.priorityClass",
            "kubernetes.topologySpread",
            "kubernetes.pod",
        ),
        "test_kubernetes_section",
    ),
    "env.configMap": "test_examples: kubernetes-settings",
    "mounts.configMap": "test_examples: kubernetes-settings",
    "mounts.secret.items": "test_examples: kubernetes-settings",
    "mounts.secret": "test_examples: kubernetes-settings; on Podman test_podman_regressions: P11",
    "network.egress": "test_kubernetes: an allowed address",
    "podman": "read by us",
    "image.pull": "read by us",
    "image.archive": "test_archives",
    "image.build": "test_builds",
    "podman.pod": "test_podman_regressions: P21",
    "env.fromEnv": "test_secrets",
    "env.fromFile": "test_secrets",
    "envFiles": "test_secrets",
    "lifecycle.replace": "test_failures: start-first",
    "lifecycle.ready": "test_lifecycle",
    "docker": "read by us",
    "network": "network.mode by one word",
    "network.create": "test_own_networks",
    "network.internal": "test_own_networks",
    "network.ports.address": "a value of network.ports here",
    "mounts.volume.keep": "test_volumes",
    "lifecycle.setup": "test_setup",
    "security.profile": "sets other fields",
    "security.allow": "read by us",
    "security.apparmor": "no AppArmor on the hosts of the tests: test_failures",
    "security.selinux": "no SELinux on the hosts of the tests: test_failures",
    "security.selinux.disable": "no SELinux on the hosts of the tests",
    "env.secret": "test_podman_regressions: P11",
    "mounts.bind.selinux": "no SELinux on the hosts of the tests",
    "mounts.volume.subPath": "newer engines only: test_absent",
    "resources.disk": "needs xfs with quotas: test_absent",
    "security.seccomp.localhost": "a value of security.seccomp.file here, under another name",
    "security.userNamespace": "test_podman_regressions: P7",
    "security.privileged": "test_reading: a host of the tests may lack capabilities of its own, and cannot start one",
    "security.runtime": "its only built value is the engine's own",
}
"""Fields without a case here, and why."""


def test_each_field_that_the_engine_honours_has_a_case(engine: EngineUnderTest) -> None:
    honoured = {
        name.partition("/")[0]
        for name, row in ROWS.items()
        if row[BACKENDS.index(engine.backend)].status in (Status.ENFORCED, Status.EMULATED)
    }
    assert honoured - {case.field.partition("/")[0] for case in CASES} == honoured & set(TESTED_ELSEWHERE)


@pytest.fixture
def words(engine: EngineUnderTest, bench: Workbench, name: str, case: Case) -> dict[str, str]:
    """What the placeholders of the cases stand for."""
    directory = bench.directory / "data"
    directory.mkdir()
    (directory / "file").write_text("of the host")
    os.chown(directory, 10001, 10001)
    (bench.directory / "no-mkdir.json").write_text(json.dumps(NO_MKDIR))
    if case.field == "network.name":
        engine.create_network(f"{name}-net")
    return {
        "$DIR": str(directory),
        "$VOLUME": f"{name}-volume",
        "$NETWORK": f"{name}-net",
        "$PYTHON": engine.images.python,
        "$BUSYBOX": engine.images.busybox,
        "$HOST_NETWORK": os.readlink("/proc/self/ns/net"),
    }


def spec(
    engine: EngineUnderTest, bench: Workbench, name: str, case: Case, fragment: Fragment, words: dict[str, str]
) -> Loaded:
    text = json.dumps(merged(case.base or {}, fragment))
    for placeholder, word in words.items():
        text = text.replace(placeholder, word)
    whole = json.loads(text)
    for mount in whole.get("mounts", []):
        if mount["type"] == "volume":
            mount.update(engine.new_volume)
    return bench.spec(name, whole, metadata=whole.pop("metadata", None))


def seen(case: Case, engine: EngineUnderTest, bench: Workbench, name: str) -> object:
    match case.seen:
        case Inside(script=script):
            return bench.sh(name, script)
        case Kernel(limit=limit):
            return getattr(engine.limits(name), limit)
        case Setting(word=word):
            return engine.setting(name, word)
        case _:
            assert_never(case.seen)


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_change_of_a_field_has_its_effect(
    engine: EngineUnderTest, bench: Workbench, name: str, case: Case, words: dict[str, str]
) -> None:
    before, after = (spec(engine, bench, name, case, each, words) for each in (case.before, case.after))
    assert bench.applied(before) == "created"
    first = (bench.plan(before).actions[0].kind, seen(case, engine, bench, name))
    ref = engine.id(name)

    (action,) = bench.plan(after).actions
    sections = {change.path[1] if change.path[0] == "spec" else change.path[0] for change in action.changes}
    outcome = bench.applied(after)

    in_place = case.effect == "live" and engine.in_place(case.field)
    assert first == ("no-op", case.values[0])
    assert (action.kind, action.cause, outcome) == (
        ("update", "spec_changed", "updated") if in_place else ("replace", "spec_changed", "replaced")
    )
    assert case.field.partition(".")[0] in sections
    assert seen(case, engine, bench, name) == case.values[1]
    assert (engine.id(name) == ref) == in_place
    assert bench.plan(after).actions[0].kind == "no-op"
    assert {each for each in engine.containers() if each.startswith(name)} == {name}
