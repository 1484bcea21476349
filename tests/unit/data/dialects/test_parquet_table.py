"""Parquet files give the same panel as text, whatever types their writers chose."""

import numpy as np
import pandas as pd
import pytest

from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings

HOURS = pd.date_range("2021-01-01", periods=3, freq="h")


def panel_of(folder, frame, **keys):
    frame.to_parquet(folder / "panel.parquet")
    return load_panel(Settings(path="panel.parquet", **keys), folder)


def long_frame(nodes):
    return pd.DataFrame({"time": np.repeat(HOURS, 2), "node": list(nodes) * 3, "value": np.arange(6.0)})


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        ((26.0, 3.0), ["26", "3"]),
        ((26.5, 3.0), ["26.5", "3"]),
        ((26, 3), ["26", "3"]),
        (np.array([7, 8], dtype=np.uint8), ["7", "8"]),
        (("007", " b "), ["007", "b"]),
        (pd.Categorical(["x", "y"]), ["x", "y"]),
    ],
)
def test_nodes_are_named_as_they_are_meant(tmp_path, nodes, names):
    panel = panel_of(tmp_path, long_frame(nodes))
    assert panel.node_names == names
    assert sorted(panel.values[0].tolist()) == [0, 1]


@pytest.mark.parametrize("named", ["time", None, "ds"])
def test_an_index_of_pandas_is_the_first_column(tmp_path, named):
    frame = pd.DataFrame({"b": [1.0, 2, 3], "a": [4.0, np.nan, 6]}, index=HOURS.rename(named))
    panel = panel_of(tmp_path, frame)
    assert panel.node_names == ["b", "a"]
    np.testing.assert_array_equal(panel.values[:, 1], np.float32([4, np.nan, 6]))


def test_times_with_a_zone_keep_their_instants(tmp_path):
    frame = pd.DataFrame({"time": HOURS.tz_localize("Europe/Madrid"), "a": [1.0, 2, 3]})
    assert panel_of(tmp_path, frame, timezone="America/New_York").times[0] == np.datetime64(
        "2020-12-31T23:00:00"
    )


@pytest.mark.parametrize(
    "values",
    [
        np.array([1, 2, 3], dtype=np.int8),
        np.array([1, 2, 3], dtype=np.float16),
        pd.array([1, 2, 3], dtype="Int64"),
        ["1", "2", "3.0"],
        pd.Series([1, 2, 3]).map(lambda number: __import__("decimal").Decimal(number)),
    ],
)
def test_numbers_of_any_type_are_read(tmp_path, values):
    panel = panel_of(tmp_path, pd.DataFrame({"time": HOURS.astype(str), "a": values, "b": [4.0, 5, 6]}))
    assert panel.values[:, 0].tolist() == [1, 2, 3]


def test_rows_are_filtered_by_numbers_and_texts(tmp_path):
    frame = long_frame(["a", "b"]).assign(kind=[1.0, 1, 2, 1, 1, 1], state="GC")
    panel = panel_of(tmp_path, frame, rows={"kind": "1", "state": ["GC", "GG"]})
    assert panel.observed.tolist() == [[True, True], [False, True], [True, True]]
