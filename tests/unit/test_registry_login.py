"""Logins out of the stores of the engines' clients: which file, which program, which entry counts. Real files, real programs."""

from __future__ import annotations

import base64
import json
import os
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sandboxctl import registry_login
from sandboxctl.errors import UnreachableError
from sandboxctl.registry_login import Login

IMAGE = "registry.example.com:5000/team/app:1"
REGISTRY = "registry.example.com:5000"


@pytest.fixture(autouse=True)
def home(clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a directory `bin` on the way to programs."""
    (clean_home / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{clean_home / 'bin'}:{os.environ['PATH']}")
    return clean_home


def entry(username: str, password: str = "secret") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def write(path: Path, document: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def program(home: Path, script: str, name: str = "t") -> None:
    path = home / f"bin/docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def answers(home: Path, logins: Mapping[str, tuple[str, str]]) -> None:
    """A helper with these logins, which answers as real ones do."""
    cases = [
        f"'get {server}') echo '{json.dumps({'Username': user, 'Secret': secret})}';;"
        for server, (user, secret) in logins.items()
    ]
    listed = json.dumps({server: user for server, (user, _) in logins.items()})
    missing = "*) echo credentials not found in native keychain; exit 1;;"
    program(home, f"case \"$1 $(cat)\" in 'list ') echo '{listed}';; {' '.join(cases)} {missing} esac")


def test_without_any_store_there_is_no_login() -> None:
    assert (registry_login.of_docker(IMAGE), registry_login.of_podman(IMAGE)) == (None, None)
    assert (registry_login.all_of_docker(), registry_login.all_of_podman()) == ((), ())


def test_dockers_file_is_where_docker_config_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = write(home / ".docker/config.json", {"auths": {REGISTRY: entry("usual")}})
    assert registry_login.of_docker(IMAGE) == Login(
        registry=REGISTRY, source=usual, username="usual", password="secret"
    )
    other = write(home / "other/config.json", {"auths": {REGISTRY: entry("other", "a:b")}})
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "other"))
    assert registry_login.of_docker(IMAGE) == Login(registry=REGISTRY, source=other, username="other", password="a:b")


def test_podmans_files_are_asked_in_its_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [".docker/config.json", ".config/containers/auth.json", "run/containers/auth.json", "named.json"]
    for place in places:
        if place == "named.json":
            monkeypatch.setenv("REGISTRY_AUTH_FILE", str(home / place))
        path = write(home / place, {"auths": {REGISTRY: entry("x")}})
        found = registry_login.of_podman(IMAGE)
        assert found is not None
        assert found.source == path


def test_a_file_without_this_registry_leaves_it_to_the_next(home: Path) -> None:
    write(home / "run/containers/auth.json", {"auths": {"elsewhere.example.com": entry("x"), REGISTRY: {}}})
    path = write(home / ".docker/config.json", {"auths": {REGISTRY: entry("y")}})
    assert registry_login.of_podman(IMAGE) == Login(registry=REGISTRY, source=path, username="y", password="secret")


@pytest.mark.parametrize(
    ("filed", "podman", "docker"),
    [
        (["registry.example.com:5000"], 0, 0),
        (["https://registry.example.com:5000/v1/"], 0, 0),
        (["registry.example.com:5000/team/app", "registry.example.com:5000"], 0, 1),
        (["registry.example.com:5000", "registry.example.com:5000/team"], 1, 0),
        (["registry.example.com:5000/team/other"], None, None),
        (["registry.example.com"], None, None),
        (["example.com:5000"], None, None),
    ],
)
def test_the_nearest_entry_counts(home: Path, filed: list[str], podman: int | None, docker: int | None) -> None:
    write(home / ".docker/config.json", {"auths": {key: entry(str(index)) for index, key in enumerate(filed)}})
    found = (registry_login.of_podman(IMAGE), registry_login.of_docker(IMAGE))
    assert [None if each is None else int(each.username) for each in found] == [podman, docker]


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io"])
def test_docker_hub_has_several_names(home: Path, key: str) -> None:
    path = write(home / ".docker/config.json", {"auths": {key: entry("x")}})
    wanted = Login(registry="docker.io", source=path, username="x", password="secret")
    assert (registry_login.of_docker("busybox"), registry_login.of_podman("busybox")) == (wanted, wanted)


def test_a_token_is_no_password(home: Path) -> None:
    path = write(home / ".docker/config.json", {"auths": {REGISTRY: {**entry("x"), "identitytoken": "abc"}}})
    found = registry_login.of_docker(IMAGE)
    assert found == Login(registry=REGISTRY, source=path, token="abc")
    assert found.fields() == {"identitytoken": "abc", "serveraddress": REGISTRY}


def test_a_helper_for_the_registry_comes_before_the_one_for_all_and_before_the_file(home: Path) -> None:
    answers(home, {REGISTRY: ("helped", "s")})
    program(home, "echo never asked; exit 1", "all")
    auths = {"auths": {REGISTRY: entry("written")}, "credsStore": "all"}
    write(home / ".docker/config.json", {**auths, "credHelpers": {REGISTRY: "t"}})
    wanted = Login(registry=REGISTRY, source="docker-credential-t", username="helped", password="s")
    assert (registry_login.of_docker(IMAGE), registry_login.of_podman(IMAGE)) == (wanted, wanted)


def test_a_helper_without_this_login_leaves_it_to_the_file(home: Path) -> None:
    answers(home, {})
    path = write(home / ".docker/config.json", {"auths": {REGISTRY: entry("x")}, "credsStore": "t"})
    assert registry_login.of_docker(IMAGE) == Login(registry=REGISTRY, source=path, username="x", password="secret")


def test_the_store_for_all_is_dockers_alone(home: Path) -> None:
    answers(home, {"https://index.docker.io/v1/": ("<token>", "abc")})
    write(home / ".docker/config.json", {"credsStore": "t"})
    assert registry_login.of_docker("busybox") == Login(registry="docker.io", source="docker-credential-t", token="abc")
    assert registry_login.of_podman("busybox") is None


def test_all_logins_are_each_had_once(home: Path) -> None:
    answers(home, {"https://index.docker.io/v1/": ("hub", "1"), REGISTRY: ("stored", "2")})
    path = write(
        home / ".docker/config.json", {"auths": {REGISTRY: {}, "b.example.com": entry("b")}, "credsStore": "t"}
    )
    assert set(registry_login.all_of_docker()) == {
        Login(registry="docker.io", source="docker-credential-t", username="hub", password="1"),
        Login(registry=REGISTRY, source="docker-credential-t", username="stored", password="2"),
        Login(registry="b.example.com", source=path, username="b", password="secret"),
    }
    own = write(home / "run/containers/auth.json", {"auths": {"b.example.com/team": entry("c")}})
    assert registry_login.all_of_podman() == (
        Login(registry="b.example.com/team", source=own, username="c", password="secret"),
        Login(registry="b.example.com", source=path, username="b", password="secret"),
    )


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "is not JSON"),
        ('{"auths": "swordfish', "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('"swordfish"', "is not a JSON object"),
        ({"auths": ["swordfish"]}, "has a `auths` that is no object"),
        ({"auths": {REGISTRY: "swordfish"}}, f"has a login for {REGISTRY} that is no object"),
        ({"auths": {REGISTRY: {"auth": "swordfish!"}}}, f"has a login for {REGISTRY} that is not base64"),
        ({"auths": {REGISTRY: {"auth": "c3dvcmRmaXNo"}}}, f"has a login for {REGISTRY} that is not base64"),
        ({"auths": {REGISTRY: {"auth": "/w=="}}}, f"has a login for {REGISTRY} that is not base64"),
        ({"credHelpers": "swordfish"}, "has a `credHelpers` that is no object"),
    ],
)
def test_a_file_that_is_wrong_is_named_and_nothing_of_it_is_shown(home: Path, document: object, words: str) -> None:
    path = write(home / ".docker/config.json", document)
    for look in (registry_login.of_docker, registry_login.of_podman):
        with pytest.raises(UnreachableError) as raised:
            look(IMAGE)
        assert raised.value.brief.startswith(f"{path} {words}")
        assert "swordfish" not in "".join([*traceback.format_exception(raised.value), raised.value.hint or ""])


def test_a_file_that_is_none_is_named(home: Path) -> None:
    path = home / ".docker/config.json"
    path.mkdir(parents=True)
    with pytest.raises(UnreachableError, match=f"{path} cannot be read: is a directory"):
        registry_login.of_docker(IMAGE)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo the keyring is locked >&2; exit 2", "ended with code 2: the keyring is locked"),
        ("exit 3", "ended with code 3"),
        ('echo \'{"Username": "x", "Secret": "swordfish"}\'; exit 1', "ended with code 1"),
        ("echo swordfish", "answered with something else than JSON"),
        ("echo '[\"swordfish\"]'", "answered with something else than JSON"),
        ('echo \'{"Secret": "swordfish"}\'', "answered with something else than a login"),
        ("kill -9 $$", "ended with code -9"),
    ],
)
def test_a_helper_that_fails_is_named_and_no_login_is_shown(home: Path, script: str, words: str) -> None:
    program(home, script)
    path = write(home / ".docker/config.json", {"credHelpers": {REGISTRY: "t"}})
    with pytest.raises(UnreachableError) as raised:
        registry_login.of_docker(IMAGE)
    assert (raised.value.brief, raised.value.hint) == (
        f"docker-credential-t {words}",
        f"{path} says that it has the login for the registry",
    )


@pytest.mark.parametrize("name", ["nowhere", "zero\0byte", 7, ["t"]])
def test_a_helper_that_is_not_there_is_named(home: Path, name: object) -> None:
    write(home / ".docker/config.json", {"credHelpers": {REGISTRY: name}})
    with pytest.raises(UnreachableError, match="cannot be run"):
        registry_login.of_docker(IMAGE)


def test_what_is_no_secret_is_shown_of_a_login() -> None:
    shown = repr(Login(registry="r", source="s", username="hidden", password="hidden", token="hidden"))
    assert shown == "Login(registry='r', source='s')"


def test_a_file_is_read_anew_each_time(home: Path) -> None:
    before: dict[str, Any] = {"auths": {REGISTRY: entry("before")}}
    write(home / ".docker/config.json", before)
    first = registry_login.of_docker(IMAGE)
    write(home / ".docker/config.json", {"auths": {REGISTRY: entry("after")}})
    assert [first and first.username, getattr(registry_login.of_docker(IMAGE), "username", None)] == ["before", "after"]
