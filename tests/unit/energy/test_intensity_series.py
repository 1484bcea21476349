"""Hourly carbon intensity: means over spans, and every way in which a file can be wrong."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.energy.carbon.intensity_series import IntensitySeries, read_series
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import HOUR_S

START = pd.Timestamp("2020-03-01T00:00Z")


def series(values, hours=None):
    hours = np.arange(len(values)) if hours is None else np.asarray(hours)
    return IntensitySeries(hours + int(START.timestamp()) // HOUR_S, np.asarray(values, float), "test")


def mean(found, start_h, end_h):
    origin_s = START.timestamp()
    return found.mean_kg_per_kwh(
        np.array([origin_s + start_h * HOUR_S]), np.array([origin_s + end_h * HOUR_S])
    )[0]


def test_partial_hours_are_weighted_by_their_duration():
    found = series([100, 300, 500])
    assert mean(found, 0, 3) == pytest.approx(0.3)
    assert mean(found, 0.5, 1.5) == pytest.approx(0.2)
    assert mean(found, 0.75, 1.25) == pytest.approx(0.2)
    assert mean(found, 2.0, 3.0) == pytest.approx(0.5)
    assert mean(found, 1.25, 1.25) == pytest.approx(0.3)


@given(
    st.lists(st.floats(0, 1000), min_size=2, max_size=30),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_mean_equals_a_fine_numerical_sum(values, one, other):
    found = series(values)
    low, high = sorted((one * len(values), other * len(values)))
    if high - low < 0.01:
        return
    fine = np.linspace(low, high, 20_001)
    middle = (fine[1:] + fine[:-1]) / 2
    expected = np.asarray(values)[np.minimum(middle.astype(int), len(values) - 1)].mean() / 1000
    assert mean(found, low, high) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (2, 4), (3, 5), (np.nan, 1), (0.5, 3.5)])
def test_the_mean_of_a_span_beyond_the_series_is_unknown(low, high):
    assert np.isnan(mean(series([100, 200, 300]), low, high))


def test_a_gap_in_the_series_is_not_filled():
    gappy = series([100, 300], hours=[0, 2])
    assert mean(gappy, 0.2, 0.8) == pytest.approx(0.1)
    assert np.isnan(mean(gappy, 0.5, 2.5))
    assert np.isnan(mean(gappy, 1.2, 1.4))
    assert mean(gappy, 2, 3) == pytest.approx(0.3)


def kg(found, at_h, kwh):
    return found.emissions_kg(START.timestamp() + HOUR_S * np.asarray(at_h, float), np.asarray(kwh, float))


def test_energy_is_weighted_by_the_intensity_of_the_hour_of_use():
    found = series([100, 300])
    assert kg(found, [0, 1, 2], [0, 9, 10]) == pytest.approx(9 * 0.1 + 1 * 0.3)
    assert kg(found, [0, 2], [0, 10]) == pytest.approx(10 * 0.2)
    assert kg(found, [0.5, 0.5, 1.5], [5, 6, 8]) == pytest.approx(1 * 0.1 + 2 * 0.2)


def test_energy_outside_the_series_gives_no_mass_and_idle_time_outside_adds_none():
    found = series([100, 300])
    assert kg(found, [0, 1, 3], [0, 1, 2]) is None
    assert kg(found, [-5, 0, 1, 9], [4, 4, 5, 5]) == pytest.approx(0.1)


@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=10),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 5)), min_size=2, max_size=20),
)
def test_mass_lies_between_the_cleanest_and_the_dirtiest_hour(values, points):
    at_h = np.sort([at for at, _ in points]) * len(values)
    kwh = np.cumsum([drawn for _, drawn in points])
    total = kwh[-1] - kwh[0]
    low, high = min(values) * total / 1000, max(values) * total / 1000
    assert low - 1e-6 <= kg(series(values), at_h, kwh) <= high + 1e-6


@pytest.mark.parametrize(
    ("at_h", "kwh", "sentence"),
    [
        ([0], [1], "at least two"),
        ([0, 1], [1], "as many times as energies"),
        ([0, 1, 0.5], [0, 1, 2], "energy point 3"),
        ([0, 1, 2], [0, 2, 1], "energy point 3"),
        ([0, 1], [0, np.nan], "energy point 2"),
    ],
)
def test_invalid_energy_points_are_refused(at_h, kwh, sentence):
    with pytest.raises(Fault, match=sentence):
        kg(series([100, 300]), at_h, kwh)


def table(**columns):
    hours = pd.date_range(START, periods=4, freq="h")
    return pd.DataFrame({"time": hours, "g": [100.0, 200.0, None, 400.0], **columns})


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_csv_and_parquet_give_the_same_series(tmp_path, suffix):
    path = tmp_path / f"grid{suffix}"
    table().to_csv(path, index=False) if suffix == ".csv" else table().to_parquet(path)
    found = read_series(path, "time", "g")
    assert found.g_per_kwh.tolist() == [100, 200, 400]
    assert mean(found, 0, 2) == pytest.approx(0.15)
    assert np.isnan(mean(found, 1, 3))
    assert "2020-03-01" in found.source


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"time": ["x"] * 4}, "holds no times"),
        ({"time": pd.date_range("2020-03-01", periods=4, freq="h")}, "without an offset"),
        ({"time": [START] * 4}, "row 2 .* occurs twice"),
        ({"time": pd.date_range(START, periods=4, freq="30min")}, "row 2 .* not a whole hour"),
        ({"g": [100, -5, 3, 4]}, "row 2 .* no intensity between 0 and 3000"),
        ({"g": [100, 2, 31_000, 4]}, "row 3 .* check its unit"),
        ({"g": ["1", "2", "many", "4"]}, "row 3 .* is not a number"),
        ({"g": [1, np.inf, 3, 4]}, "row 2 .* no intensity between"),
        ({"time": [START, None, *pd.date_range(START, periods=2, freq="D")]}, "row 2 .* holds no time"),
        (
            {"time": pd.date_range("1700-01-01T00:00Z", periods=4, freq="h")},
            "row 1 .* is not between 1970 and 2200",
        ),
        ({"time": ["2020-03-29T00:00+01:00", "2020-03-29T03:00+02:00"] * 2}, "Mixed timezones"),
        ({"g": [None] * 4}, "holds no intensity at all"),
    ],
)
def test_a_wrong_intensity_file_is_refused_with_the_reason(tmp_path, change, sentence):
    path = tmp_path / "grid.parquet"
    table(**change).to_parquet(path)
    with pytest.raises(Fault, match=sentence):
        read_series(path, "time", "g")


def test_a_missing_or_unreadable_file_and_a_missing_column_are_reported(tmp_path):
    with pytest.raises(Fault, match="does not exist"):
        read_series(tmp_path / "none.csv", "time", "g")
    table().to_parquet(tmp_path / "grid.parquet")
    with pytest.raises(Fault, match="no column 'mass', only time, g"):
        read_series(tmp_path / "grid.parquet", "time", "mass")
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(Fault, match="cannot be read"):
        read_series(tmp_path / "bad.parquet", "time", "g")


def test_the_recorded_grids_can_be_read(root):
    folder = root.parent / "shared/data/carbon_intensity"
    if not (folder / "DE.parquet").is_file():
        pytest.skip("the recorded grids are not on this machine")
    found = read_series(folder / "DE.parquet", "time", "carbon_intensity_direct")
    day = pd.Timestamp("2020-06-15T00:00Z").timestamp()
    assert 0.1 < found.mean_kg_per_kwh(np.array([day]), np.array([day + 24 * HOUR_S]))[0] < 0.6


def test_a_file_of_several_grids_is_refused_at_the_first_repeated_hour(root):
    path = root.parent / "shared/data/carbon_intensity/us_balancing_areas_2022.parquet"
    if not path.is_file():
        pytest.skip("the recorded grids are not on this machine")
    with pytest.raises(Fault, match=r"row 8761 .* occurs twice"):
        read_series(path, "timestamp", "avg_CI")
