"""References: what is filled in, and what is no reference."""

from __future__ import annotations

import pytest

from sandboxctl.image_reference import ImageReference, ReferenceFault, parse

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("team/app:1", "docker.io/team/app:1"),
        ("docker.io/busybox:1", "docker.io/library/busybox:1"),
        ("index.docker.io/busybox:1", "docker.io/library/busybox:1"),
        ("docker.io/library/busybox:1", "docker.io/library/busybox:1"),
        ("localhost/app:1", "localhost/app:1"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("registry.example.com:5000/a/b/c:V_1.0-x", "registry.example.com:5000/a/b/c:V_1.0-x"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("a__b/c.d/e-f---g:1", "docker.io/a__b/c.d/e-f---g:1"),
        (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
        (f"busybox:1@{DIGEST}", f"docker.io/library/busybox:1@{DIGEST}"),
        ("busybox@sha512:" + "a" * 128, "docker.io/library/busybox@sha512:" + "a" * 128),
    ],
)
def test_a_reference_is_written_out_in_full(written: str, whole: str) -> None:
    assert str(parse(written)) == whole


@pytest.mark.parametrize("written", ["busybox", "busybox:1", f"team/app:1@{DIGEST}", "localhost:5000/a/b"])
def test_a_whole_reference_stays_as_it_is(written: str) -> None:
    once = parse(written)
    assert isinstance(once, ImageReference)
    assert str(parse(str(once))) == str(once)


@pytest.mark.parametrize(
    ("written", "movable"),
    [("a", True), ("a:latest", True), (f"a:latest@{DIGEST}", False), (f"a@{DIGEST}", False), ("a:1", False)],
)
def test_latest_moves_unless_a_digest_holds_it(written: str, movable: bool) -> None:
    reference = parse(written)
    assert isinstance(reference, ImageReference)
    assert reference.movable is movable


@pytest.mark.parametrize(
    "written",
    [
        "", " ", "Busybox", "busy box", "busybox:", ":1", "/busybox", "busybox/", "a//b", "-a", "a-", "a..b", "a___b",
        "busybox:1:2", "busybox:-1", "busybox:" + "1" * 129, "a" * 300, "busybox@sha256:abc", f"busybox@{DIGEST.upper()}",
        "busybox@md5:abc", f"busybox@{DIGEST}@{DIGEST}", "docker://busybox", "oci:dir", "dir:/tmp/x", DIGEST, DIGEST[7:],
        "sha256:0123456789ab", "ex ample.com/a", "example.com:port/a", "busybox:1\n", "büsybox", "http://a/b",
    ],
)  # fmt: skip
def test_what_is_no_reference_is_a_fault(written: str) -> None:
    assert isinstance(parse(written), ReferenceFault)


@pytest.mark.parametrize(
    "written",
    [
        "me:hunter2@registry.example.com/app:1", "https://me:hunter2@registry.example.com/app", "hunter2@host/app",
        f"me:hunter2@registry.example.com/app@{DIGEST}", "me:hunter2/x@y/z@registry.example.com/app",
    ],
)  # fmt: skip
def test_credentials_are_seen_and_not_repeated(written: str) -> None:
    fault = parse(written)
    assert isinstance(fault, ReferenceFault)
    assert fault.code == "image-credentials"
    assert "hunter2" not in f"{fault.message}{fault.hint}"
