"""Three sides, field by field: what differs, by whose hand, and what it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sandboxctl.backends.base import Json, Key
from sandboxctl.capabilities import Effect
from sandboxctl.diff import Cause, Change, Sides, changes
from sandboxctl.fields import Wanted
from sandboxctl.report.values import masked
from sandboxctl.spec import Secret, SecretDigest

MEMORY: Key = ("resources", "memory")
SHM: Key = ("resources", "shm")
SALT = b"salt"
TIGER = Secret("tiger", origin="fromEnv: T")


def effect_of(key: Key) -> Effect:
    return Effect.LIVE if key in (MEMORY, ("labels", "team")) else Effect.REPLACE


def wants(fields: dict[Key, Json], secrets: dict[Key, Any] | None = None) -> Wanted:
    return Wanted(fields=fields, paths={}, secrets=secrets or {})


def found(
    desired: Wanted | dict[Key, Json],
    live: dict[Key, Json],
    applied: Wanted | dict[Key, Json] | None,
    *,
    hidden: frozenset[Key] = frozenset(),
    same_tool: bool = True,
) -> list[tuple[Key, Json, Json, str, str]]:
    sides = Sides(
        desired=desired if isinstance(desired, Wanted) else wants(desired),
        live=live,
        applied=wants(applied) if isinstance(applied, dict) else applied,
        salt=SALT,
        hidden=hidden,
        same_tool=same_tool,
    )
    return [
        (each.key, each.before, each.after, str(each.effect), str(each.cause)) for each in changes(sides, effect_of)
    ]


@pytest.mark.parametrize(
    ("desired", "live", "applied", "cause"),
    [(2, 1, 1, "spec"), (1, 2, 1, "drift"), (1, None, 1, "drift"), (3, 2, 1, "unknown"), (2, 1, None, "unknown")],
)
def test_who_changed_a_field_that_changes_in_place(
    desired: int, live: int | None, applied: int | None, cause: str
) -> None:
    def side(value: int | None) -> dict[Key, Json]:
        return {} if value is None else {MEMORY: value}

    assert found(side(desired), side(live), side(applied)) == [(MEMORY, live, desired, "live", cause)]


def test_a_field_that_only_a_new_object_can_have_was_changed_by_the_spec() -> None:
    assert found({SHM: 3}, {SHM: 2}, {SHM: 1}) == [(SHM, 2, 3, "replace", "spec")]


def test_what_another_version_made_otherwise_is_the_tools_doing() -> None:
    assert found({SHM: 1}, {SHM: 2}, {SHM: 1}, same_tool=False) == [(SHM, 2, 1, "replace", "tool")]


def test_without_what_was_applied_the_cause_is_unknown() -> None:
    assert found({SHM: 1}, {SHM: 2}, None) == [(SHM, 2, 1, "replace", "unknown")]


def test_removing_a_limit_takes_a_new_object_and_removing_a_label_does_not() -> None:
    assert found({}, {MEMORY: 1}, {MEMORY: 1}) == [(MEMORY, 1, None, "replace", "spec")]
    assert found({}, {("labels", "team"): "a"}, {("labels", "team"): "a"}) == [
        (("labels", "team"), "a", None, "live", "spec")
    ]


def test_a_value_that_the_image_has_is_nobodys_business_until_we_have_set_it() -> None:
    path: Key = ("env", "PATH")
    assert found({}, {path: "/bin"}, {}) == []
    assert found({}, {path: "/bin"}, None) == []
    assert found({}, {path: "/bin"}, {path: "/bin"}) == [(path, "/bin", None, "replace", "spec")]
    assert found({path: "/sbin"}, {path: "/bin"}, {}) == [(path, "/bin", "/sbin", "replace", "spec")]


def test_a_weakness_that_no_spec_renders_is_a_difference() -> None:
    assert found({}, {("docker", "PidMode"): "host"}, {}) == [(("docker", "PidMode"), "host", None, "replace", "drift")]


def test_what_inspect_cannot_show_is_compared_with_what_was_applied() -> None:
    ttl: Key = ("lifecycle", "ttl")
    hidden = frozenset({ttl})
    assert found({ttl: 2}, {}, {ttl: 1}, hidden=hidden) == [(ttl, 1, 2, "replace", "spec")]
    assert found({ttl: 1}, {}, {ttl: 1}, hidden=hidden) == []
    assert found({ttl: 1}, {}, None, hidden=hidden) == []


ENV: Key = ("env", "T")
FINGERPRINT = SecretDigest(origin="fromEnv: T", fingerprint=TIGER.fingerprint(SALT))


def test_a_secret_is_compared_and_never_shown() -> None:
    desired = wants({}, {ENV: TIGER})
    assert found(desired, {ENV: "tiger"}, wants({}, {ENV: FINGERPRINT})) == []
    assert found(desired, {ENV: "lion"}, wants({}, {ENV: FINGERPRINT})) == [(ENV, None, None, "replace", "drift")]
    was = wants({}, {ENV: SecretDigest(origin="", fingerprint="another")})
    assert found(desired, {ENV: "lion"}, was) == [(ENV, None, None, "replace", "spec")]


def test_a_secret_that_becomes_plain_hides_what_it_was() -> None:
    was = wants({}, {ENV: FINGERPRINT})
    assert found({ENV: "open"}, {ENV: "tiger"}, was) == [(ENV, None, None, "replace", "spec")]
    assert found({}, {ENV: "tiger"}, was) == [(ENV, None, None, "replace", "spec")]


def test_of_a_secret_that_nobody_can_see_the_fingerprints_are_compared() -> None:
    hidden = frozenset({ENV})
    desired = wants({}, {ENV: TIGER})
    assert found(desired, {}, wants({}, {ENV: FINGERPRINT}), hidden=hidden) == []
    assert found(desired, {}, wants({}), hidden=hidden) == [(ENV, None, None, "replace", "spec")]


def test_what_no_spec_of_ours_says_may_be_somebodys_secret() -> None:
    content: Key = ("mounts", "/run/key", "content")
    assert found({}, {content: "tiger"}, {}) == [(content, None, None, "replace", "drift")]
    assert masked({ENV: "t", content: "tiger", MEMORY: 1}, frozenset()) == {ENV: None, content: None, MEMORY: 1}
    assert masked({ENV: "t", content: "open"}, frozenset({ENV, content})) == {ENV: "t", content: "open"}


def test_of_several_differences_from_one_field_that_field_itself_is_shown() -> None:
    user: Key = ("security", "user")
    owner: Key = ("mounts", "/tmp", "owner")
    desired = Wanted(fields={user: 2, owner: "2:2"}, paths={user: ("spec", *user), owner: ("spec", *user)})
    sides = Sides(desired=desired, live={user: 1, owner: "1:1"}, applied=desired, hidden=frozenset())
    assert changes(sides, effect_of) == (
        Change(key=user, path=("spec", *user), before=1, after=2, effect=Effect.REPLACE, cause=Cause.DRIFT),
    )


def test_changes_come_in_the_order_of_their_keys() -> None:
    desired: dict[Key, Json] = {("b",): 1, ("a", "z"): 1, ("a",): 1}
    assert [key for key, *_ in found(desired, {}, {})] == [("a",), ("a", "z"), ("b",)]


def test_what_comes_from_neither_image_nor_spec_is_a_difference_and_not_shown() -> None:
    lang: Key = ("env", "LANG")
    sides = Sides(desired=wants({}), live={lang: "C"}, applied=wants({}), hidden=frozenset())
    for inherited, differs in ((None, False), ({lang: "C"}, False), ({lang: "en"}, True), ({}, True)):
        changed = changes(replace(sides, inherited=inherited), effect_of)
        assert [(each.key, each.before, each.sensitive, each.cause) for each in changed] == (
            [(lang, None, True, Cause.DRIFT)] if differs else []
        )
