"""Why a pull failed, in the engines' own words: whose fault it is, and what to do."""

from __future__ import annotations

import pytest

from sandboxctl.backends.pulls import pull_failed
from sandboxctl.registry_login import Login

IMAGE = "registry.example.com/team/app:1"
LOGIN = Login(registry="registry.example.com", source="/home/u/.docker/config.json", username="u", password="p")
NAME = "check the name and the tag; for a private one, log in first"
LOG_IN = "log in first: docker login registry.example.com"
AGAIN = "the login from /home/u/.docker/config.json is refused, log in again: docker login registry.example.com"
REACH = "is the registry reachable from the engine?"
TRUST = "the engine has to trust the registry: its certificate's authority, or plain HTTP, is the engine's setting"


@pytest.mark.parametrize(
    ("text", "login", "code", "hint"),
    [
        (f"manifest for {IMAGE} not found: manifest unknown: manifest unknown", None, 3, NAME),
        (f"reading manifest 1 in {IMAGE}: name unknown: repository name not known to registry", None, 3, NAME),
        (("pull access denied for x, repository does not exist or may require 'docker login': denied: requested access "
         "to the resource is denied"), None, 3, NAME),
        (f'Head "https://{IMAGE}": no basic auth credentials', None, 4, LOG_IN),
        ((f"initializing source docker://{IMAGE}: unable to retrieve auth token: invalid username/password: "
         "unauthorized: authentication required"), LOGIN, 4, AGAIN),
        ("requested access to the resource is denied", LOGIN, 4, AGAIN),
        ('Get "https://registry.example.com/v2/": x509: certificate signed by unknown authority', None, 4, TRUST),
        ("http: server gave HTTP response to HTTPS client", None, 4, TRUST),
        ("dial tcp: lookup registry.example.com on 192.0.2.1:53: no such host", None, 4, REACH),
        ("dial tcp 192.0.2.7:443: connect: connection refused", None, 4, REACH),
        ("toomanyrequests: You have reached your pull rate limit", None, 4, REACH),
    ],
)  # fmt: skip
def test_the_words_tell_whose_fault_it_is(text: str, login: Login | None, code: int, hint: str) -> None:
    error = pull_failed(IMAGE, text, client="docker", login=login, platform=None)
    assert (int(error.exit_code), error.hint, error.field) == (code, hint, ("image",))
    assert error.brief == f"cannot pull {IMAGE}: {text}"


def test_the_name_of_an_image_is_no_reason() -> None:
    image = "registry.example.com/certificate/denied:x509"
    text = f"cannot get {image}: connection refused"
    error = pull_failed(image, text, client="podman", login=None, platform=None)
    assert (int(error.exit_code), error.hint) == (4, REACH)


@pytest.mark.parametrize(
    "text",
    [
        "no matching manifest for linux/arm64/v8 in the manifest list entries",
        ('choosing an image from manifest list docker://x: no image found in manifest list for architecture arm64, '
        'variant "", OS linux'),
        'no image found in image index for architecture "arm64", variant "", OS "linux"',
    ],
)  # fmt: skip
def test_an_image_for_other_platforms_is_the_platforms_fault(text: str) -> None:
    found = [pull_failed(IMAGE, text, client="docker", login=None, platform=each) for each in (None, "linux/arm64")]
    assert [(int(each.exit_code), each.field) for each in found] == [(3, ("image",)), (3, ("image", "platform"))]
