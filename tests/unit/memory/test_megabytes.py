"""Sizes as reports show them."""

import pytest

from wattshed.memory.accounting.megabytes import megabytes_text, told_apart


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (4, "0.00000400"),
        (4_800, "0.00480"),
        (480_000, "0.480"),
        (1_234_567, "1.23"),
        (99_970_000, "100"),
        (99_940_000, "99.9"),
        (201_552_000, "202"),
        (25_232_900_000, "25,233"),
        (-14_600_000, "-14.6"),
        (float("inf"), "inf"),
    ],
)
def test_three_digits_are_shown_and_no_size_becomes_nothing(count, text):
    assert megabytes_text(count) == text


def test_two_sizes_that_differ_do_not_look_alike():
    assert told_apart(2e6, 3e6) == ("2.00", "3.00")
    assert told_apart(14_600_000, 14_600_001) == ("14.600000", "14.600001")
    assert told_apart(5e6, 5e6)[0] == told_apart(5e6, 5e6)[1]
