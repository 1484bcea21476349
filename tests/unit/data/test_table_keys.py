"""Values of single keys of the source ``table`` that cannot be, as a user's configuration has them."""

import pytest
from pydantic import ValidationError

from wattshed.config.sentences import sentence
from wattshed.data.sources.table import Settings


def said(**keys):
    block = {"path": "a.csv"} | keys
    with pytest.raises(ValidationError) as error:
        Settings(**block)
    return sentence(error.value, "data.source", Settings, block)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"time_format": "%Q"}, "data.source: time_format is '%Q' ('Q' is a bad directive"),
        ({"time_format": "%Y %"}, "data.source: time_format is '%Y %' (stray %"),
        ({"encoding": "undefined"}, "data.source: encoding 'undefined' is not known"),
        ({"thousands": "e"}, "data.source: thousands is 'e'; expected a sign that is not"),
        ({"timezone": "localtime"}, "data.source: timezone: unknown time zone"),
        ({"timezone": "right/Europe/Madrid"}, "data.source: timezone: unknown time zone"),
        ({"times_in": "localtime"}, "data.source: times_in: unknown clock"),
        (
            {"path": 5},
            "data.source: path: input should be a valid string or a valid list; write it in quotes (found 5).",
        ),
        (
            {"columns": ["SE", False]},
            "data.source: columns.1: input should be a valid string; write it in quotes",
        ),
    ],
)
def test_a_value_that_cannot_be_is_named_where_the_user_wrote_it(keys, says):
    sentence_ = said(**keys)
    assert sentence_.startswith(says)
    assert "more after it" not in sentence_


def test_a_number_that_yaml_reads_as_text_is_shown_as_yaml_reads_it():
    assert "write 1.0e+39 without quotes" in said(longest_hold_s="1e39")
    assert "write" not in said(longest_hold_s="1e400")
