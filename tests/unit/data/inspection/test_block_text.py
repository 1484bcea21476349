"""The block as YAML: decided keys are read back, open ones are comments."""

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.data.inspection.block_text import block_text, scalar
from wattshed.data.inspection.choices import LEAVE_OUT, Choice

VALUES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))),
    st.booleans(),
    st.integers(-9999, 9999),
    st.lists(st.sampled_from(["a", "-", "n/e", "2021-01-01 00:00", "none", "a: b", "#"]), max_size=3),
)


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(["dst", "stamp", "time_column", "missing"]), VALUES),
    st.text(max_size=300),
)
def test_keys_are_read_back_whatever_speaks_for_them(keys, why):
    choices = [Choice(key, value, why) for key, value in keys.items()]
    text = block_text("a b.csv", choices, "    ")
    assert yaml.safe_load(text) == {"kind": "table", "path": "a b.csv", **keys}
    assert max(map(len, text.splitlines())) < 400


def test_open_keys_are_comments_with_their_alternatives():
    choice = Choice(
        "times_in", None, "why", undecided=True, others=(("UTC", ""), (LEAVE_OUT, "with dst"), ("+01:00", ""))
    )
    text = block_text(["a.csv", "b.csv"], [choice, Choice("unit", "kWh", "said")])
    assert text.splitlines() == [
        "kind: table",
        "path: [a.csv, b.csv]",
        "unit: kWh # said",
        "# decide: times_in: why",
        "# times_in: UTC",
        "# no times_in # with dst",
        "# times_in: +01:00",
    ]
    assert yaml.safe_load(text) == {"kind": "table", "path": ["a.csv", "b.csv"], "unit": "kWh"}


def test_texts_that_yaml_would_read_as_something_else_are_quoted():
    assert [yaml.safe_load(scalar(text)) for text in ("on", "1e3", "2021-01-01", "")] == [
        "on",
        "1e3",
        "2021-01-01",
        "",
    ]
