"""Whose an object is, by its labels and what binds them to it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest

from sandboxctl import __version__, ownership
from sandboxctl.backends.base import Listed
from sandboxctl.dataclass import replace
from sandboxctl.ownership import IDENTITY, IMAGE_ID, MANAGED, NAME, PROJECT, TOOL, foreign_reason, is_ours
from sandboxctl.quantity import Milliseconds
from sandboxctl.spec import Image, Lifecycle, Sandbox, Secret

BOX = Sandbox(name="box", image=Image(ref="docker.io/library/busybox:1.36"))
OURS = Listed(
    ref="r",
    name="box",
    labels={MANAGED: "true", NAME: "box", IMAGE_ID: "sha256:1"},
    image_id="sha256:1",
    state="running",
)


def with_labels(**labels: str) -> Listed:
    return replace(OURS, labels={**OURS.labels, **labels})


STRANGERS: dict[str, tuple[Listed, str]] = {
    "without labels": (replace(OURS, labels={}), "it was not made by sandboxctl"),
    "not managed": (with_labels(**{MANAGED: "false"}), "it was not made by sandboxctl"),
    "under another name": (replace(OURS, name="other"), "its labels are those of box"),
    "under a name that only looks staged": (replace(OURS, name="box.newer"), "its labels are those of box"),
    "of another image": (replace(OURS, image_id="sha256:2"), "its labels were copied: they name another image"),
    "bound to nothing": (
        replace(OURS, labels={MANAGED: "true", NAME: "box"}),
        "its labels were copied: they name another image",
    ),
    "from another place": (replace(OURS, identity="ns/box"), "its labels were copied: they name another place"),
}


@pytest.mark.parametrize("title", STRANGERS)
def test_a_stranger(title: str) -> None:
    found, reason = STRANGERS[title]
    assert (is_ours(found), foreign_reason(found, project=None)) == (False, reason)


@pytest.mark.parametrize("name", ["box", "box.new", "box.old", "box.probe", "box.helper", "box.volume"])
def test_one_of_ours_under_its_own_and_each_reserved_name(name: str) -> None:
    found = replace(OURS, name=name)
    assert (is_ours(found), foreign_reason(found, project=None)) == (True, None)


def test_where_an_engine_has_no_image_ids_the_place_binds() -> None:
    found = replace(OURS, labels={MANAGED: "true", NAME: "box", IDENTITY: "ns/box"}, identity="ns/box", image_id="")
    assert is_ours(found)


@pytest.mark.parametrize(
    ("theirs", "mine", "reason"),
    [
        ("lab", "lab", None),
        ("lab", None, "it belongs to project lab, this spec to no project"),
        (None, "lab", "it belongs to no project, this spec to project lab"),
        ("lab", "other", "it belongs to project lab, this spec to project other"),
    ],
)
def test_a_project_is_part_of_whose_it_is(theirs: str | None, mine: str | None, reason: str | None) -> None:
    found = with_labels(**({PROJECT: theirs} if theirs else {}))
    assert foreign_reason(found, project=mine) == reason


@pytest.mark.parametrize(
    ("version", "newer"), [("99.0", True), (__version__, False), ("0.0.1", False), ("", False), ("junk", False)]
)
def test_what_a_newer_version_made_is_told(version: str, newer: bool) -> None:
    assert ownership.newer_tool({TOOL: version}) == (version if newer else None)


def test_the_labels_of_an_object_say_all_that_a_later_plan_needs() -> None:
    box = replace(BOX, lifecycle=Lifecycle(ttl=Milliseconds(90_000)), env={"T": Secret("tiger", origin="x")})
    made = ownership.labels(box, spec_hash="v1:h", image_id="sha256:1", salt=b"salt", holder="host/1/2")
    applied = ownership.decode_applied(made[ownership.APPLIED])
    assert {key.removeprefix(ownership.PREFIX): value for key, value in made.items() if key != ownership.APPLIED} == {
        "managed": "true",
        "spec-hash": "v1:h",
        "image-id": "sha256:1",
        "holder": "host/1/2",
        "tool": __version__,
        "ttl": "90",
    }
    assert applied is not None
    assert (applied.sandbox.lifecycle.ttl, applied.salt) == (90_000, b"salt")
    assert "tiger" not in repr(applied)


def test_where_secrets_have_a_store_of_their_own_the_salt_is_not_among_the_labels() -> None:
    box = replace(BOX, env={"T": Secret("tiger", origin="x")})
    made = ownership.labels(box, spec_hash="v1:h", identity="lab/box", salt=b"salt", holder="host/1/2")
    without, known = ownership.applied(made), ownership.applied({**made, ownership.SALT: b"salt".hex()})
    assert without is not None
    assert known == replace(without, salt=b"salt")
    assert without.salt == b""
    assert ownership.applied({**made, ownership.SALT: "no hexadecimal"}) == without
    assert ownership.applied({ownership.SALT: b"salt".hex()}) is None


def packed(whole: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(whole).encode())).decode()


NO_LABELS: dict[str, str] = {
    "empty": "",
    "not base64": "!!!",
    "not ASCII": "é",
    "not compressed": base64.b64encode(b"{}").decode(),
    "cut off": ownership.encode_applied(BOX, b"")[:40],
    "with something behind it": base64.b64encode(zlib.compress(b"{}")[:-4]).decode(),
    "no map": packed([]),
    "a map without a sandbox": packed({"salt": ""}),
    "a salt that is no hexadecimal": packed({"sandbox": {"name": "x", "image": {}}, "salt": "zz"}),
    "an unknown field": packed({"sandbox": {"name": "x", "image": {}, "power": 1}, "salt": ""}),
    "a list for a map": packed({"sandbox": {"name": "x", "image": [], "env": []}, "salt": ""}),
    "a bomb": base64.b64encode(zlib.compress(b"[" * (ownership.APPLIED_LIMIT + 1), 9)).decode(),
    "deep": base64.b64encode(zlib.compress(b"[" * 100_000)).decode(),
}


@pytest.mark.parametrize("title", NO_LABELS)
def test_a_label_that_we_did_not_write_says_nothing(title: str) -> None:
    assert ownership.decode_applied(NO_LABELS[title]) is None


@pytest.mark.parametrize("text", ["", "-5", "1.5", "soon"])
def test_a_lifetime_that_is_no_number_is_none(text: str) -> None:
    assert ownership.ttl_seconds({ownership.TTL: text}) is None


@pytest.mark.parametrize(
    ("text", "volumes"), [('["a", "b"]', ("a", "b")), ("[", ()), ("{}", ()), ('[1, "a"]', ("a",)), ("[" * 100_000, ())]
)
def test_the_volumes_of_a_mark(text: str, volumes: tuple[str, ...]) -> None:
    assert ownership.marked_volumes({ownership.VOLUMES: text}) == volumes


def test_our_labels_are_not_the_users() -> None:
    assert ownership.public_labels({"team": "ml", **OURS.labels}) == {"team": "ml"}
