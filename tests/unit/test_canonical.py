"""The canonical form of known specs: it is on every live object, so it never changes within v1."""

from __future__ import annotations

import pytest

from sandboxctl import canonical
from sandboxctl.quantity import Bytes
from sandboxctl.spec import (
    FileMount,
    Image,
    KeyReference,
    Resources,
    Sandbox,
    Secret,
    SecretDigest,
    Security,
    Selinux,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)

SALT = b"salt"
BOX = Sandbox(
    name="box",
    labels={"b": "2", "a": "1"},
    image=Image(ref="docker.io/library/busybox:1.36"),
    command=("sh",),
    run=None,
    env={"T": Secret("tiger", origin="fromEnv: T"), "K": KeyReference(kind="configMap", name="c", key="k")},
    resources=Resources(memory=Bytes(1), ulimits={"core": Ulimit(soft=0, hard=1)}),
    mounts=(TmpfsMount(target="/t"), VolumeMount(target="/v", source="v"), FileMount(target="/f", content="text")),
    security=Security(user=None, selinux=Selinux(type="container_t")),
)


def test_a_known_spec() -> None:
    found = canonical.encode(BOX, salt=SALT)
    assert {key: found[key] for key in ("env", "image", "labels", "mounts", "run")} == {
        "env": {
            "K": {"is": "reference", "key": "k", "kind": "configMap", "name": "c"},
            "T": {
                "fingerprint": Secret("tiger", origin="").fingerprint(SALT),
                "is": "sensitive",
                "origin": "fromEnv: T",
            },
        },
        "image": {"pull": "missing", "ref": "docker.io/library/busybox:1.36"},
        "labels": {"a": "1", "b": "2"},
        "mounts": [
            {"exec": False, "is": "tmpfs", "mode": "0700", "size": 67108864, "target": "/t"},
            {"is": "volume", "keep": True, "readOnly": False, "source": "v", "target": "/v"},
            {
                "content": "sha256:982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
                "is": "file",
                "mode": "0444",
                "target": "/f",
            },
        ],
        "run": None,
    }


def test_what_is_absent_against_its_default_comes_back_absent() -> None:
    found = canonical.decode(canonical.encode(BOX, salt=SALT))
    assert (found.run, found.security.user, found.security.selinux) == (None, None, Selinux(type="container_t"))


def test_a_secret_comes_back_as_its_fingerprint() -> None:
    found = canonical.decode(canonical.encode(BOX, salt=SALT)).env["T"]
    assert found == SecretDigest(origin="fromEnv: T", fingerprint=Secret("tiger", origin="").fingerprint(SALT))


def test_the_same_secret_has_another_fingerprint_under_another_salt() -> None:
    one, other = (canonical.encode(BOX, salt=salt)["env"] for salt in (b"one", b"other"))
    assert one != other


@pytest.mark.parametrize("value", [None, [], "x", {}, {"name": "x"}, {"name": "x", "image": 1}])
def test_what_is_no_canonical_form_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match="not a canonical spec"):
        canonical.decode(value)
