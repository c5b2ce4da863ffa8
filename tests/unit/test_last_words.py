"""Which lines the message of a failure shows."""

from __future__ import annotations

from sandboxctl.last_words import last_words


def shown(*chunks: tuple[int, bytes]) -> list[str]:
    return [line.removeprefix("  ") for line in last_words(chunks).splitlines()[1:]]


def test_of_many_lines_the_last_ten_are_shown() -> None:
    assert shown((1, b"".join(b"%d\n" % number for number in range(31)))) == [str(number) for number in range(21, 31)]


def test_an_error_that_the_engine_noted_early_is_shown_where_it_stands() -> None:
    numbers = b"".join(b"%d\n" % number for number in range(31))
    assert shown((2, b"last words\n"), (1, numbers)) == ["last words", *map(str, range(22, 31))]
    assert shown((1, numbers), (2, b"last words\n")) == [*map(str, range(22, 31)), "last words"]


def test_where_all_is_errors_the_last_ten_are_shown() -> None:
    assert shown((2, b"".join(b"%d\n" % number for number in range(31)))) == [str(number) for number in range(21, 31)]


def test_blank_lines_at_the_end_and_no_output_at_all_show_nothing() -> None:
    assert shown((1, b"a\n\n \n")) == ["a"]
    assert last_words([]) == ""


def test_what_is_no_text_is_shown_as_far_as_it_is() -> None:
    assert shown((1, b"\xff ok\n")) == ["� ok"]
