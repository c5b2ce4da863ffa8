"""The canonical form: nothing is lost on the way to an object's label and back, and nothing secret gets there."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sandboxctl import canonical, fields, ownership
from sandboxctl.dataclass import replace
from sandboxctl.spec import FileMount, Sandbox, Secret
from tests.examples import examples
from tests.property.sandboxes import SANDBOXES, SECRETS

MANY = examples(150)
SALT = b"0123456789abcdef"


def without_contents(sandbox: Sandbox) -> Sandbox:
    """File contents are kept as digests alone, a seccomp profile as it is."""
    return replace(sandbox, mounts=tuple(mount for mount in sandbox.mounts if not isinstance(mount, FileMount)))


@MANY
@given(SANDBOXES)
def test_a_sandbox_comes_back_whole(sandbox: Sandbox) -> None:
    plain = without_contents(sandbox)
    assert canonical.decode(canonical.encode(plain, salt=SALT)) == plain


@MANY
@given(SANDBOXES)
def test_what_comes_back_wants_the_same(sandbox: Sandbox) -> None:
    found = ownership.decode_applied(ownership.encode_applied(sandbox, SALT))
    assert found is not None
    assert fields.wanted(found.sandbox) == fields.wanted(sandbox)
    assert found.salt == SALT


@MANY
@given(SANDBOXES)
def test_it_is_plain_json_with_sorted_keys_and_no_fractions(sandbox: Sandbox) -> None:
    encoded = canonical.encode(sandbox, salt=SALT)
    text = json.dumps(encoded)
    assert json.loads(text, parse_float=lambda number: 1 / 0) == encoded
    assert text == json.dumps(encoded, sort_keys=True)


@MANY
@given(SANDBOXES)
def test_encoding_what_came_back_changes_nothing(sandbox: Sandbox) -> None:
    once = canonical.encode(sandbox, salt=SALT)
    assert canonical.encode(canonical.decode(once), salt=SALT) == once


@examples(20)
@given(SANDBOXES, SECRETS.filter(lambda secret: len(secret.reveal()) > 3))
def test_a_secret_leaves_only_its_fingerprint(sandbox: Sandbox, secret: Secret) -> None:
    secret = Secret("tiger-" + secret.reveal(), origin=secret.origin)
    text = json.dumps(canonical.encode(replace(sandbox, env={"TOKEN": secret}), salt=SALT), ensure_ascii=False)
    assert json.dumps(secret.reveal(), ensure_ascii=False)[1:-1] not in text
    assert secret.fingerprint(SALT) in text


@MANY
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_label_of_anybody_is_an_error(label: bytes) -> None:
    ownership.decode_applied(label.decode("latin-1"))


@MANY
@given(SANDBOXES, st.data())
def test_a_label_that_was_tampered_with_is_none_or_a_sandbox(sandbox: Sandbox, data: st.DataObject) -> None:
    label = ownership.encode_applied(sandbox, SALT)
    place = data.draw(st.integers(0, len(label) - 1))
    broken = label[:place] + data.draw(st.sampled_from("AZaz09+/=!")) + label[place + 1 :]
    found = ownership.decode_applied(broken)
    assert found is None or isinstance(found.sandbox, Sandbox)
