"""Values, tables, ages and counts as people read them; exit codes of what was done."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxctl.apply import Event, Result
from sandboxctl.backends.base import Engine, Json, Key
from sandboxctl.errors import ConflictError
from sandboxctl.observe import Row
from sandboxctl.plan import Action, Kind, Plan, RecoverStep
from sandboxctl.report import cells, failure, plan, results, sandboxes, values, verdict
from sandboxctl.verify import Control, Verdict

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@given(st.text())
def test_safe_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert cells.safe(text).isprintable()


def test_printable_text_stays_as_it_is() -> None:
    assert cells.safe("naïve 名前 → ok") == "naïve 名前 → ok"


def test_a_table_is_aligned_by_what_the_eye_sees() -> None:
    assert cells.table([("名", "x"), ("abc", "y\n")]) == ["名   x", "abc  y\\n"]


def _port(container: int, host: int, *, address: str = "127.0.0.1", protocol: str = "tcp") -> Json:
    return {"container": container, "host": host, "address": address, "protocol": protocol}


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (("resources", "memory"), 67108864, "64Mi"),
        (("resources", "cpu"), 500, "500m"),
        (("resources", "requests", "cpu"), 2000, "2"),
        (("resources", "pids"), 256, "256"),
        (("mounts", "/data", "size"), 2**30, "1Gi"),
        (("lifecycle", "stopGrace"), 5000, "5s"),
        (("health", "interval"), 90_000, "1m30s"),
        (("env", "memory"), "67108864", "67108864"),
        (("env", "GREETING"), "two words", '"two words"'),
        (("env", "EMPTY"), "", '""'),
        (("env", "BELL"), "a\x07\u202eb", '"a\\u0007\\u202eb"'),
        (("tty",), False, "false"),
        (("security", "seccomp"), None, "(not set)"),
        (("security", "capabilities", "add"), ["CHOWN", "KILL"], "[CHOWN, KILL]"),
        (("resources", "ulimits", "nofile"), {"soft": 1, "hard": 2}, "{soft: 1, hard: 2}"),
        (("resources", "ulimits", "core"), {"soft": 0, "hard": 0}, "0"),
        (("resources", "swap"), 0, "0Mi"),
        (
            ("network", "ports"),
            [_port(80, 8080), _port(53, 0, address="::1", protocol="udp")],
            "[127.0.0.1:8080->80/tcp, [::1]:0->53/udp]",
        ),
        (
            ("network", "egress"),
            [
                {"cidr": "10.0.0.0/8", "domain": None, "ports": ["443/tcp"]},
                {"cidr": None, "domain": "pypi.org", "ports": []},
            ],
            "[10.0.0.0/8 443/tcp, pypi.org]",
        ),
        (("labels", "long"), "x" * 100, "x" * 59 + "…"),
    ],
)
def test_a_value_is_spelt_as_in_the_spec(key: Key, value: Json, text: str) -> None:
    assert values.shown(key, value) == text


def test_ids_of_images_are_as_long_as_engines_print_them() -> None:
    digest = "sha256:" + "0123456789ab" + "c" * 52
    assert cells.short_id(f"busybox@{digest}") == "busybox@sha256:0123456789ab"
    assert cells.short_id("busybox:1") == "busybox:1"
    assert values.pair(("image",), digest, None) == ("sha256:0123456789ab", "(not set)")


def test_of_two_long_lists_what_differs_is_shown() -> None:
    same = [_port(port, port) for port in (1, 2, 3)]
    assert values.pair(("network", "ports"), [*same, _port(80, 8080)], [_port(80, 8081), *same]) == (
        "[127.0.0.1:8080->80/tcp]", "[127.0.0.1:8081->80/tcp]",
    )  # fmt: skip
    assert values.pair(("security", "groups"), [1, 2], [1, 3]) == ("[1, 2]", "[1, 3]")
    assert values.pair(("command",), ["x" * 70, "a"], ["x" * 70, "b"]) == ("[" + "x" * 58 + "…", "[" + "x" * 58 + "…")


@pytest.mark.parametrize(
    ("since", "text"),
    [
        (None, "-"),
        ("2026-01-02T11:59:58Z", "2s"),
        ("2026-01-02T11:30:00Z", "30m"),
        ("2026-01-01T12:00:00Z", "1d"),
        ("2026-01-02T12:00:05Z", "0s"),
    ],
)
def test_an_age_is_one_rough_number(since: str | None, text: str) -> None:
    assert sandboxes.age(since, NOW) == text


def test_a_row_says_when_it_ends() -> None:
    row = Row(name="py", project="lab", backend="docker", id="1", image="i", state="running", ready=False,
              created=None, expires="2026-01-02T13:00:00Z", spec="unknown")  # fmt: skip
    assert sandboxes.to_table([row], now=NOW) == (
        "NAME  PROJECT  BACKEND  STATE    READY  AGE  EXPIRES  SPEC     IMAGE\n"
        "py    lab      docker   running  no     -    in 1h    unknown  i\n"
    )


def _result(outcome: str, code: int = 0) -> Result:
    return Result(name="py", code=code, outcome=outcome)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([], 0),
        ([_result("unchanged"), _result("created")], 0),
        ([_result("created"), _result("failed", 6)], 7),
        ([_result("deleted"), _result("failed", 4)], 7),
        ([_result("failed", 4), _result("failed", 4)], 4),
        ([_result("failed", 4), _result("failed", 6)], 6),
        ([_result("failed", 5), _result("skipped")], 5),
        ([_result("unchanged"), _result("failed", 3)], 3),
    ],
)
def test_the_exit_code_says_whether_all_some_or_none_was_done(found: list[Result], code: int) -> None:
    assert results.exit_code(found) == code


def test_a_failure_shows_its_log_lines_and_its_hint() -> None:
    failed = Result(name="py", code=6, outcome="failed", rolled_back=True, brief="ended\n  \x1b[2Jlast", hint="look")
    assert results.to_text([failed, _result("created")]) == (
        "py  failed, rolled back: ended\n  \\x1b[2Jlast\n    hint: look\npy  created\nDone: 1 created, 1 failed.\n"
    )


def test_nothing_done_is_said() -> None:
    assert results.to_text([]) == "Nothing to do.\n"


def test_an_event_is_its_step_and_its_object() -> None:
    assert results.event_text(Event(name="py", step="pull", message="busybox")) == "py: pull busybox\n"


def test_an_error_is_one_line_and_a_hint() -> None:
    error = ConflictError("py is \x1b taken", hint="rename it", sandbox="py")
    assert failure.to_text(error) == "error: py is \\x1b taken\nhint: rename it\n"


def _plan(*actions: Action) -> Plan:
    return Plan(engine=Engine(backend="docker", endpoint="e", version="1"), actions=actions)


def test_starts_and_recoveries_are_named_where_there_are_any() -> None:
    start = Action(kind=Kind.START, name="py", project="lab", backend="docker", cause="stopped")
    steps = (
        RecoverStep(do="rename", ref="1", name="web.new", to="web"),
        RecoverStep(do="delete", ref="2", name="web.old"),
    )
    recover = Action(kind=Kind.RECOVER, name="web", project=None, backend="docker", cause="unfinished", steps=steps)
    assert plan.to_text([_plan(start, recover)]) == (
        "  > docker/py  start  project lab  (it is stopped)\n"
        "  * docker/web  recover  (what an interrupted run left)\n"
        "      rename web.new to web\n"
        "      delete web.old\n"
        "\n"
        "Plan: 0 to create, 0 to update, 0 to replace, 0 to delete, 1 to start, 1 to recover, 0 unchanged.\n"
    )  # fmt: skip


def test_a_replace_that_starts_first_has_its_own_sign() -> None:
    action = Action(kind=Kind.REPLACE, name="py", project=None, backend="docker", cause="drift", start_first=True)
    assert plan.to_text([_plan(action)]).splitlines()[0] == "+/- docker/py  replace  (changed behind our back)"


def _control(
    control: str, path: tuple[str, ...], expected: Json, actual: Json, status: str, detail: str = ""
) -> Control:
    return Control(control=control, path=path, expected=expected, actual=actual, status=status, evidence="kernel",
                   detail=detail)  # type: ignore[arg-type]  # fmt: skip


def test_a_verdict_is_a_table_with_units_and_a_count() -> None:
    mount = {"type": "tmpfs", "readOnly": False, "exec": False, "size": 2**26, "writable": True, "mode": "0700"}
    found = Verdict(
        name="py",
        backend="docker",
        controls=(
            _control("memory", ("resources", "memory"), 2**26, 2**26, "proved"),
            _control("mount:/tmp", ("mounts",), mount, {**mount, "exec": True}, "failed", "it can be executed"),
        ),
    )
    assert verdict.to_text([found]).splitlines() == [
        "CONTROL     EXPECTED  ACTUAL  STATUS  EVIDENCE",
        "memory      64Mi      64Mi    proved  kernel",
        "mount:/tmp  noexec    exec    failed  kernel",
        "  it can be executed",
        "py: 2 controls: 1 proved, 1 failed",
    ]
