"""Which effects of (field × backend) this run has proved on real engines; printed at its end.

A test proves what its `case` is about (`field_cases.Case.field`), what `@pytest.mark.proves("lifecycle.ttl")` says, and
what `PROVED_BY` says of it. Only a test that passed counts, for the engine that it ran on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pytest

from sandboxctl.capabilities import Status, capability
from sandboxctl.capabilities.table import ROWS
from sandboxctl.spec import BACKENDS

PROVED_BY: Mapping[str, tuple[str, ...]] = {
    "test_archives.py::test_an_archive_is_loaded_once": ("image.archive",),
    "test_builds.py::test_an_image_is_built_once_for_each_content": ("image.build",),
    "test_commit.py::test_before_a_replace_or_a_delete_the_layer_is_kept": ("commit",),
    "test_create.py": ("metadata.name", "image", "run"),
    "test_lifecycle.py::test_a_healthy_one_is_ready_when_its_command_says_so": ("health",),
    "test_lifecycle.py::test_a_ttl_ends_it_and_the_next_apply_makes_a_new_one": ("lifecycle.ttl/idle",),
    "test_lifecycle.py::test_ready_is_after_min_seconds": ("lifecycle.ready",),
    "test_lifecycle.py::test_what_an_image_runs_by_itself_runs": ("run",),
    "test_limits.py::test_no_process_gains_privileges": ("security.noNewPrivileges",),
    "test_limits.py::test_without_a_network_nothing_is_reached": ("network.mode/none",),
    "test_network.py::test_a_published_port_is_reached_on_the_loopback_and_nowhere_else": (
        "network.ports",
        "network.ports.address",
    ),
    "test_secrets.py::test_it_reaches_the_process": ("env.fromEnv", "env.fromFile", "envFiles"),
    "test_volumes.py::test_one_that_is_not_kept_goes_with_the_sandbox": ("mounts.volume.keep",),
    "test_volumes.py::test_it_outlives_replace_and_delete": ("mounts.volume",),
}
"""By the beginning of a test's name: what it sees the effect of, where it has no `case` and no mark."""

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
        unseen = sorted(name for name in promised(backend) if not any(_shows(field, name) for field in fields))
        yield f"{backend}: {len(fields)}: {' '.join(fields)}"
        if len(unseen) < len(fields):  # else only a part of the suite was asked for
            yield f"{backend}: {len(unseen)} promised and not seen in this run: {' '.join(unseen)}"
    yield f"{len(proved)} effects proved"


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
    name = item.nodeid.rpartition("/")[2]
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
            field, _, backend = str(value).partition(" ")
            yield field, backend
