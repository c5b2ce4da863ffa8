"""Our data classes do what the standard ones do, on real ones of ours."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from sandboxctl import dataclass as ours
from sandboxctl.problems import Position
from sandboxctl.spec import Image, Port, Resources, Sandbox, Ulimit

PORT = Port(container=80, host=8080)


def test_fields_have_the_defaults_that_are_written() -> None:
    assert (PORT.container, PORT.host, PORT.address, PORT.protocol) == (80, 8080, "127.0.0.1", "tcp")


def test_a_default_factory_makes_a_new_value_each_time() -> None:
    first, second = Resources(), Resources()
    assert first.ulimits == second.ulimits
    assert first.ulimits is not second.ulimits


def test_a_missing_and_an_unknown_field_are_named() -> None:
    with pytest.raises(TypeError, match="Port needs `host`"):
        Port(container=80)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Port has no hots"):
        Port(container=80, host=1, hots=2)  # type: ignore[call-arg]


def test_equal_fields_make_equal_values_of_one_class_only() -> None:
    assert Port(container=80, host=8080) == PORT
    assert Port(container=80, host=8081) != PORT
    assert Ulimit(soft=1, hard=2) != Position(line=1, column=2)
    assert len({PORT, Port(container=80, host=8080)}) == 1


def test_a_frozen_one_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"Port\.host cannot be changed"):
        PORT.host = 1  # type: ignore[misc]
    assert not hasattr(PORT, "__dict__")


def test_an_ordered_one_sorts_by_its_fields() -> None:
    places = [Position(line=2, column=1), Position(line=1, column=9)]
    assert sorted(places) == [Position(line=1, column=9), Position(line=2, column=1)]


def test_the_standard_functions_work_on_it() -> None:
    assert dataclasses.is_dataclass(PORT)
    assert [each.name for each in dataclasses.fields(PORT)] == ["container", "host", "address", "protocol"]
    assert dataclasses.replace(PORT, host=1) == ours.replace(PORT, host=1) == Port(container=80, host=1)
    assert dataclasses.asdict(PORT) == {"container": 80, "host": 8080, "address": "127.0.0.1", "protocol": "tcp"}


def test_it_is_shown_as_it_is_written() -> None:
    assert repr(PORT) == "Port(container=80, host=8080, address='127.0.0.1', protocol='tcp')"


def test_it_can_be_copied_and_pickled() -> None:
    sandbox = Sandbox(name="py", image=Image(ref="docker.io/library/busybox:1"))
    assert copy.deepcopy(sandbox) == sandbox
    assert pickle.loads(pickle.dumps(sandbox)) == sandbox


def test_a_match_takes_it_apart_by_keyword() -> None:
    match PORT:
        case Port(container=80, host=host):
            assert host == 8080
        case _:
            pytest.fail("no match")
