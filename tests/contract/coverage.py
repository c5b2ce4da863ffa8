"""Which effects of (field × backend) this run has proved on real engines; printed at its end.

A test proves what its `case` is about (`field_cases.Case.field`), what `@pytest.mark.proves("lifecycle.ttl")` says, and
what `PROVED_BY` says of it. Only a test that passed counts, for the engine that it ran on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping

import pytest

from sandboxctl.capabilities import Status, capability
from sandboxctl.capabilities.table import ROWS
from sandboxctl.spec import BACKENDS

PROVED_BY: Mapping[str, tuple[str, ...]] = {
    "test_absent.py::test_no_remapping": ("security.userNamespace/host",),
    "test_archives.py::test_an_archive_is_loaded_once": ("image.archive",),
    "test_builds.py::test_an_image_is_built_once_for_each_content": ("image.build",),
    "test_changes.py::test_a_change_of_a_field_has_its_effect[docker-lifecycle.stopSignal": (
        "lifecycle.stopSignal/SIGTERM",
    ),
    "test_changes.py::test_a_change_of_a_field_has_its_effect[podman-lifecycle.stopSignal": (
        "lifecycle.stopSignal/SIGTERM",
    ),
    "test_commit.py::test_before_a_replace_or_a_delete_the_layer_is_kept": ("commit",),
    "test_create.py": ("metadata.name", "image", "run"),
    "test_failures.py::test_a_replace_that_fails_gives_the_old_one_back": ("lifecycle.replace",),
    "test_files.py::test_it_has_its_content_its_mode_and_the_users_owner": ("mounts.file",),
    "test_filesystem.py::test_the_workdir_is_executable_and_tmp_is_not": ("mounts.tmpfs.exec/yes",),
    "test_gvisor.py::test_a_sandbox_runs_on_gvisors_kernel": ("security.runtime", "resources.shm/gvisor"),
    "test_image_setup.py::test_it_is_in_the_sandbox_which_is_as_closed_as_ever": ("image.setup",),
    "test_kubernetes.py::test_a_shell_as_first_process_is_deleted_within_its_grace": ("lifecycle.stopSignal/SIGTERM",),
    "test_kubernetes.py::test_an_allowed_address_can_be_reached_and_no_other": ("network.egress",),
    "test_kubernetes.py::test_nothing_gets_out_of_a_sandbox_without_a_network": ("network.mode/none",),
    "test_kubernetes_gvisor.py::test_a_sandbox_runs_on_gvisors_kernel": ("security.runtime",),
    "test_kubernetes_section.py::test_a_priority_class_reaches_the_pod": ("kubernetes.priorityClass",),
    "test_kubernetes_section.py::test_a_service_account_is_that_of_the_spec": ("kubernetes.serviceAccount",),
    "test_kubernetes_section.py::test_pull_secrets_reach_the_pod": ("kubernetes.imagePullSecrets",),
    "test_kubernetes_section.py::test_setup_runs_in_the_sandbox_in_order": ("lifecycle.setup",),
    "test_kubernetes_section.py::test_what_a_spec_adds_to_a_pod_by_itself": ("kubernetes.pod",),
    "test_kubernetes_section.py::test_where_a_pod_may_run_reaches_it_and_stays": (
        "kubernetes.nodeSelector",
        "kubernetes.affinity",
        "kubernetes.tolerations",
        "kubernetes.topologySpread",
    ),
    "test_lifecycle.py::test_a_healthy_one_is_ready_when_its_command_says_so": ("health",),
    "test_lifecycle.py::test_a_ttl_ends_it_and_the_next_apply_makes_a_new_one": ("lifecycle.ttl/idle",),
    "test_lifecycle.py::test_ready_is_after_min_seconds": ("lifecycle.ready",),
    "test_lifecycle.py::test_what_an_image_runs_by_itself_runs": ("run",),
    "test_limits.py::test_no_process_gains_privileges": ("security.noNewPrivileges",),
    "test_limits.py::test_the_kernel_agrees_with_the_defaults": ("resources.swap/no",),
    "test_limits.py::test_without_a_network_nothing_is_reached": ("network.mode/none",),
    "test_network.py::test_a_published_port_is_reached_on_the_loopback_and_nowhere_else": (
        "network.ports",
        "network.ports.address",
    ),
    "test_network.py::test_two_sandboxes_of_one_network_reach_each_other_by_name": ("network.mode/named",),
    "test_own_networks.py::test_an_internal_one_has_no_way_out": ("network.internal",),
    "test_own_networks.py::test_it_comes_with_the_first_and_goes_with_the_last": ("network.create",),
    "test_podman_regressions.py::test_p11_a_secret_is_a_file": ("mounts.secret",),
    "test_podman_regressions.py::test_p11_a_secret_of_podmans_reaches_a_process": ("env.secret",),
    "test_pruning.py::test_files_that_outlived_a_removal_by_hand": ("metadata.project",),
    "test_secrets.py::test_it_reaches_the_process": ("env.fromEnv", "env.fromFile", "envFiles"),
    "test_setup.py::test_setup_runs_in_order_as_the_sandboxs_user": ("lifecycle.setup",),
    "test_user_namespaces.py::test_a_change_of_the_kind_is_a_replace": ("security.userNamespace/host",),
    "test_volumes.py::test_one_that_is_not_kept_goes_with_the_sandbox": ("mounts.volume.keep",),
    "test_volumes.py::test_it_outlives_replace_and_delete": ("mounts.volume",),
}
"""By the beginning of a test's name: what it sees the effect of, where it has no `case` and no mark."""

_ASKS_FOR_NOTHING = "asks for nothing"
_READ_BY_US = "read by us alone: what it lets through, or sets, has its own"
_NO_MODULE = "no host of the tests has it: that the engine's refusal is told, test_failures"
_REFUSED = "what it goes with is refused there"
_NO_MAPPING = "no node of the tests can map users (cgroup v1)"
NOT_SEEN: Mapping[str, Mapping[str, str]] = {
    "docker": {
        "mounts.file/mapped": _REFUSED,
        "mounts.volume/mapped": _REFUSED,
        "mounts.volume.subPath": "Docker 26.0 on: test_absent, in `make test-matrix`",
        "resources.disk": "xfs with quotas: test_absent sees the refusal",
        "resources.gpus": "a driver: test_absent sees the refusal",
        "resources.gpus/all": "a driver: test_absent sees the refusal",
        "security.privileged": "test_reading sees it in inspect; the host cannot start one",
        "security.privileged/no-new-privileges": "as security.privileged",
    },
    "podman": {
        "mounts.bind.selinux": _NO_MODULE,
        "mounts.volume.subPath": "Podman 5.4 on: test_absent, in `make test-matrix`",
        "resources.disk": "xfs with quotas: test_absent sees the refusal",
        "resources.gpus/all": "a value of resources.gpus here, by another name",
        "resources.shm/gvisor": _REFUSED,
        "security.privileged": "test_reading sees it in inspect; the host cannot start one",
        "security.privileged/no-new-privileges": "as security.privileged",
    },
    "kubernetes": {
        "mounts.file/mapped": _NO_MAPPING,
        "mounts.volume/mapped": _NO_MAPPING,
        "resources.gpus": "a node with a GPU: test_kubernetes_section sees an extended resource asked for",
        "security.privileged": "the node lacks capabilities of its own, and cannot start one",
        "security.userNamespace": _NO_MAPPING,
        "security.userNamespace/host": _ASKS_FOR_NOTHING,
        "security.userNamespace/private": _NO_MAPPING,
    },
}
"""What is promised there and no test of this host can see, and why."""
NOWHERE_SEEN: Mapping[str, str] = {
    "backend": _READ_BY_US,
    "lifecycle.autoRemove/no": _ASKS_FOR_NOTHING,
    "network.create/no": _ASKS_FOR_NOTHING,
    "network.internal/no": _ASKS_FOR_NOTHING,
    "security.allow": _READ_BY_US,
    "security.apparmor": _NO_MODULE,
    "security.profile": _READ_BY_US,
    "security.runtime/default": _ASKS_FOR_NOTHING,
    "security.selinux": _NO_MODULE,
    "security.selinux.disable": _NO_MODULE,
}
"""The same, wherever it is promised."""

Effects = set[tuple[str, str]]
"""Field (with its variant) and backend."""

_PROVED: Effects = set()


def pytest_configure(config: pytest.Config) -> None:
    """Makes the mark known."""
    config.addinivalue_line("markers", "proves(*fields): sees the effect of these fields of the spec")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Notes on each test what it would prove, so that it travels with its report, from other processes too."""
    for item in items:
        if "/contract/" in item.nodeid:
            item.user_properties.extend(("proves", f"{field} {backend}") for field, backend in _claims(item))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Counts what has passed."""
    if report.when == "call" and report.passed:
        _PROVED.update(_read(report.user_properties))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The number, and the fields, of each backend that was there."""
    if not _PROVED:
        return
    terminalreporter.section("effects proved on real engines (field × backend)")
    for line in summary(_PROVED):
        terminalreporter.write_line(line)


def summary(proved: Effects) -> Iterator[str]:
    """For each backend what was seen, and which promises were not; then the sum."""
    for backend in BACKENDS:
        fields = sorted(field for field, where in proved if where == backend)
        if not fields:
            continue
        unseen = sorted(missing(backend, fields) - set(NOWHERE_SEEN) - set(NOT_SEEN[backend]))
        yield f"{backend}: {len(fields)}: {' '.join(fields)}"
        if len(unseen) < len(fields):  # else only a part of the suite was asked for
            yield f"{backend}: {len(unseen)} promised and not seen in this run: {' '.join(unseen)}"
    yield f"{len(proved)} effects proved"


def missing(backend: str, fields: Iterable[str]) -> frozenset[str]:
    """What is promised there and is none of these."""
    shown = tuple(fields)
    return frozenset(name for name in promised(backend) if not any(_shows(field, name) for field in shown))


def _shows(field: str, promise: str) -> bool:
    """Whether the effect of `field` is one of `promise`: the same, a value of it, or a part of it."""
    return field == promise or field.startswith((f"{promise}.", f"{promise}/"))


def promised(backend: str) -> frozenset[str]:
    """The rows of the table that are enforced or emulated there, and so have an effect to see."""
    index = BACKENDS.index(backend)
    return frozenset(name for name, row in ROWS.items() if row[index].status in (Status.ENFORCED, Status.EMULATED))


def _claims(item: pytest.Item) -> Iterator[tuple[str, str]]:
    for field in dict.fromkeys(_fields(item)):
        name, _, variant = field.partition("/")
        for backend in _backends(item):
            capability(tuple(name.split(".")), backend, variant=variant or None)  # KeyError: a field that is none
            yield field, backend


def _fields(item: pytest.Item) -> Iterator[str]:
    case = _parameters(item).get("case")
    if hasattr(case, "field"):
        yield case.field
    for mark in item.iter_markers("proves"):
        yield from mark.args
    name = item.nodeid.partition("/contract/")[2]
    for beginning, fields in PROVED_BY.items():
        if name.startswith(beginning):
            yield from fields


def _backends(item: pytest.Item) -> tuple[str, ...]:
    """The engine of its parameters, else those that it is marked for."""
    engine = _parameters(item).get("engine")
    if engine in BACKENDS:
        return (str(engine),)
    return tuple(backend for backend in BACKENDS if item.get_closest_marker(backend))


def _parameters(item: pytest.Item) -> Mapping[str, object]:
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else callspec.params


def _read(properties: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    for name, value in properties:
        if name == "proves":
            field, _, backend = str(value).rpartition(" ")
            yield field, backend


class _Claims:
    """Prints what the tests would prove, if all were run, as JSON."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        claims = {effect for item in session.items for effect in _read(item.user_properties)}
        print("\nclaims " + json.dumps(sorted(claims)))


if __name__ == "__main__":
    sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests/contract"], plugins=[_Claims()]))
