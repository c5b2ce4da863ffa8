"""Which lines the message of a failure shows."""

from __future__ import annotations

from sandboxctl.last_words import last_words


def shown(*chunks: tuple[int, bytes]) -> list[str]:
    return [line.removeprefix("  ") for line in last_words(chunks).splitlines()[1:]]


def test_of_many_lines_the_last_ten_are_shown() -> None:
    assert shown((1, b"".join(b"%d\n" % number for number in range(31)))) == [str(number) for number in range(21, 31)]


def test_errors_stand_last_whatever_order_the_engine_noted_them_in() -> None:
    numbers = b"".join(b"%d\n" % number for number in range(31))
    expected = [*map(str, range(22, 31)), "last words"]
    assert shown((2, b"last words\n"), (1, numbers)) == shown((1, numbers), (2, b"last words\n")) == expected
    assert shown((2, b"a\n"), (1, b"1\n"), (2, b"b\n"), (1, b"2\n")) == ["1", "2", "a", "b"]
    many = b"".join(b"e%d\n" % number for number in range(9))
    assert shown((2, many), (1, b"1\n")) == ["1", *(f"e{number}" for number in range(9))]


def test_where_all_is_errors_the_last_ten_are_shown() -> None:
    assert shown((2, b"".join(b"%d\n" % number for number in range(31)))) == [str(number) for number in range(21, 31)]


def test_blank_lines_at_the_end_and_no_output_at_all_show_nothing() -> None:
    assert shown((1, b"a\n\n \n")) == ["a"]
    assert last_words([]) == ""


def test_what_is_no_text_is_shown_as_far_as_it_is() -> None:
    assert shown((1, b"\xff ok\n")) == ["� ok"]
