"""Signs of numbers, texts without a number and sentinels."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.data.inspection.evidence.cells import (
    Signs,
    numbers_of,
    signs_of,
    strange_texts,
)

SHORT = [str(number) for number in range(900, 960)]


@pytest.mark.parametrize(
    ("texts", "separator", "decimal", "thousands"),
    [
        (["1.5", "20.25"], ",", ".", None),
        (["1,5", "20,25"], ";", ",", None),
        (["0,567", "1,234"], ";", ",", None),
        (["1,234.5"], ",", ".", ","),
        (["1.234,5"], ";", ",", "."),
        (["1,234,567"], ",", None, ","),
        (["1 234,5"], ";", ",", " "),
        ([*SHORT, *(f"1,{number}" for number in SHORT)], ";", None, ","),
        (["12", "3400"], ";", None, None),
        (["1.234"], ",", ".", None),
    ],
)
def test_signs_that_can_be_known(texts, separator, decimal, thousands):
    assert signs_of([texts], separator) == Signs(decimal, thousands)


@pytest.mark.parametrize("text", ["1,234", "1.234", "-12.000"])
def test_a_sign_that_could_be_two_things_is_doubtful(text):
    assert signs_of([[text, "5", "700"]], ";").doubtful == text


def test_short_numbers_of_another_column_decide_nothing():
    assert signs_of([["1,234", "5,678"], SHORT], ";").doubtful == "1,234"


@given(st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=1))
def test_numbers_are_read_with_their_signs(values):
    texts = pd.Series([f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in values])
    assert numbers_of(texts, Signs(",", ".")).tolist() == values


def test_texts_that_are_not_numbers_are_counted():
    texts = pd.Series(["1", "off", "off", "", "n/e", "Null", "?"])
    assert strange_texts(texts, numbers_of(texts, Signs())) == {"off": 2, "?": 1}
