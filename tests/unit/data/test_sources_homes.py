"""The embedded panel of 17 homes: complete, with correct times, and equal to the data of its wheel."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from wattshed.data.panel import Panel
from wattshed.data.readers.wheel import PINS, fetch_wheel
from wattshed.data.sources.homes import EMBEDDED
from wattshed.data.sources.homes import Settings as HomesSource
from wattshed.data.sources.homes_panel import INTENSITY, extract_homes
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import Fault


@pytest.fixture(scope="module")
def panel(root) -> Panel:
    return load_panel(HomesSource(), root)


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory) -> Path:
    return fetch_wheel("citylearn", tmp_path_factory.mktemp("wheels") / "citylearn.whl", root / PINS)


def test_the_panel_has_17_homes_and_one_year(panel):
    assert panel.values.shape == (8760, 17)
    assert panel.node_names == [f"home_{number}" for number in range(1, 18)]
    assert (panel.unit, panel.timezone, panel.synthetic) == ("kWh", "America/Los_Angeles", False)
    assert panel.times[0] == np.datetime64("2016-08-01T06:00:00")


def test_only_the_second_hour_of_the_autumn_clock_change_is_unobserved(panel):
    hours, _ = np.nonzero(~panel.observed)
    assert sorted(set(hours)) == [int(np.flatnonzero(panel.times == np.datetime64("2016-11-06T09:00:00"))[0])]
    assert len(hours) == 17


def test_the_means_are_the_known_ones(panel):
    """Means of the wheel's own columns, computed once with pandas, up to the row without an hour."""
    means = np.nanmean(panel.values.astype(np.float64), axis=0)
    np.testing.assert_allclose(means[[0, 1, 16]], [1.208145, 1.067763, 1.679364], rtol=2e-4)
    assert np.nanmean(means) == pytest.approx(1.139, abs=2e-3)


def test_the_intensity_has_no_gap(panel):
    assert panel.intensity_g_per_kwh is not None
    assert np.isfinite(panel.intensity_g_per_kwh).all()
    assert panel.intensity_g_per_kwh.mean() == pytest.approx(156.53, abs=0.05)
    assert panel.intensity_g_per_kwh.min() == pytest.approx(70.383, abs=1e-3)


def test_the_panel_is_unchanged_after_writing_and_reading(panel, tmp_path):
    panel.write(tmp_path / "panel.safetensors")
    again = Panel.read(tmp_path / "panel.safetensors")
    np.testing.assert_array_equal(again.values, panel.values)
    assert again.node_names == panel.node_names
    assert again.notes == panel.notes


def test_the_committed_file_is_small_and_licensed(root):
    assert (root / EMBEDDED).stat().st_size < 1_000_000
    assert "MIT License" in (root / EMBEDDED).with_name("LICENSE").read_text()


def test_a_damaged_embedded_table_is_refused(root, tmp_path):
    whole = (root / EMBEDDED).read_bytes()
    place = tmp_path / EMBEDDED
    place.parent.mkdir(parents=True)
    place.write_bytes(whole[:-1000])
    with pytest.raises(Fault, match="cannot be read as Parquet"):
        load_panel(HomesSource(), tmp_path)


@pytest.mark.network
def test_the_committed_table_equals_the_rebuilt_one(root, wheel):
    rebuilt = extract_homes(wheel, root / PINS)
    pd.testing.assert_frame_equal(rebuilt, pd.read_parquet(root / EMBEDDED), check_exact=True)


@pytest.mark.network
def test_the_readme_states_the_hash_of_the_wheel(root, wheel):
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert digest in (root / EMBEDDED).with_name("README.md").read_text()


@pytest.mark.network
def test_values_equal_those_of_the_wheel(root, wheel):
    """Read again with the csv module: the row 1,000 hours after the start, before any clock change."""
    import csv
    import io
    import zipfile

    folder = "citylearn/data/citylearn_challenge_2022_phase_all/"
    table = pd.read_parquet(root / EMBEDDED)
    with zipfile.ZipFile(wheel) as archive:
        for number in (1, 17):
            text = io.TextIOWrapper(archive.open(f"{folder}Building_{number}.csv"), encoding="utf-8")
            row = list(csv.DictReader(text))[1000]
            assert table[f"home_{number}"][1000] == np.float32(row["Equipment Electric Power [kWh]"])
        text = io.TextIOWrapper(archive.open(f"{folder}carbon_intensity.csv"), encoding="utf-8")
        row = list(csv.DictReader(text))[1000]
        assert table[INTENSITY][1000] == np.float32(float(row["kg_CO2/kWh"]) * 1000)


@pytest.mark.network
def test_solar_noon_jumps_by_an_hour_when_the_clocks_change(wheel):
    """The evidence for daylight saving: solar noon jumps by an hour on the days the clocks change."""
    import zipfile

    with zipfile.ZipFile(wheel) as archive:
        building = pd.read_csv(
            archive.open("citylearn/data/citylearn_challenge_2022_phase_all/Building_3.csv"),
            usecols=["Solar Generation [W/kW]"],
        )
    sun = building["Solar Generation [W/kW]"].set_axis(
        pd.date_range("2016-07-31 23:00", periods=8760, freq="h")
    )
    middle = (sun * (sun.index.hour + 0.5)).groupby(sun.index.date).sum() / sun.groupby(sun.index.date).sum()
    middle.index = pd.DatetimeIndex(middle.index)
    for day, jump in (("2016-11-06", -1), ("2017-03-12", 1)):
        before = middle[pd.Timestamp(day) - pd.Timedelta(days=5) : pd.Timestamp(day) - pd.Timedelta(days=1)]
        after = middle[pd.Timestamp(day) : pd.Timestamp(day) + pd.Timedelta(days=4)]
        assert after.median() - before.median() == pytest.approx(jump, abs=0.15)
