import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.accounts.reading.frame_types import column_type, typed_frame, typed_table
from wattshed.foundation.faults import Fault

rows = st.lists(
    st.fixed_dictionaries(
        {"job": st.text(max_size=5)},
        optional={
            "seed": st.none() | st.integers(0, 9),
            "value_loss": st.none() | st.floats(allow_nan=False),
            "energy_kwh": st.none() | st.floats(0, 1),
            "dirty": st.none() | st.booleans(),
        },
    ),
    max_size=20,
)


@given(rows)
def test_rows_of_any_mix_of_columns_come_back_in_their_order(given_rows):
    names = {name for row in given_rows for name in row}
    table = typed_table(given_rows)
    assert set(table.column_names) == names
    assert table.to_pylist() == [{name: row.get(name) for name in table.column_names} for row in given_rows]


def test_types_follow_from_names_even_where_all_is_null():
    frame = typed_frame([{"energy_kwh": None, "seed": None, "dirty": None, "model": None, "value_x": None}])
    assert [str(kind) for kind in frame.dtypes] == ["float64", "Int64", "boolean", "string", "float64"]
    assert frame.isna().all(axis=None)
    assert str(column_type("intensity_kg_per_kwh")) == "double"


def test_numbers_in_a_column_of_words_become_words():
    assert typed_frame([{"model": 7}, {"model": None}])["model"].tolist() == ["7", pd.NA]


@pytest.mark.parametrize(
    ("name", "value"), [("value_loss", "low"), ("repeats", 10**30), ("truncated", "yes")]
)
def test_a_value_of_another_type_is_a_fault_that_names_its_row(name, value):
    good = {"job": "good", name: None}
    with pytest.raises(Fault, match=f"bad: {name} is"):
        typed_table([good, {"job": "bad", name: value}])
