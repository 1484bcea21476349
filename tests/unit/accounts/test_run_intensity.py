"""Each run's own hours: resumed runs, edges of the series, fallbacks by their names, runs that are not ours."""

import json

import numpy as np
import pandas as pd
import pytest

from codecarbon_files import row, write
from ledger_files import end, sensors, start, tick
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.runs import runs_frame
from wattshed.config.energy.carbon import CarbonBlock, HourlyIntensity, LiveIntensity, PanelIntensity
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.carbon.electricity_maps import KEY
from wattshed.energy.carbon.intensity_series import IntensitySeries
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault

SPAIN = Location("ESP")
KWH = 1e-3


def job(folder, name="a", minute=0, duration_s=1800.0, idle_w=None):
    ledger = Ledger(folder / f"{name}.jsonl", resumes=False)
    start(ledger, name, "training", {"model": "gru"}, minute=minute)
    sensors(ledger, minute=minute, idle_w=idle_w)
    end(ledger, KWH, duration_s=duration_s, minute=minute)
    return folder / f"{name}.jsonl"


def grid(path, values, start_utc="2026-01-05T08:00Z", **more):
    times = pd.date_range(start_utc, periods=len(values), freq="h")
    pd.DataFrame({"time": times, "g": values}).to_parquet(path)
    return HourlyIntensity(kind="hourly", path=str(path), intensity_column="g", **more)


def emissions(runs, intensity, **more):
    return add_emissions(runs, CarbonBlock(intensity=intensity), SPAIN, **more)


def test_a_run_over_several_hours_is_weighed_by_its_time_in_each(tmp_path):
    runs = runs_frame([job(tmp_path, minute=30, duration_s=5400.0)])
    found = emissions(runs, grid(tmp_path / "grid.parquet", [100.0, 400.0]))
    assert found["intensity_g_per_kwh"].iloc[0] == pytest.approx((0.5 * 100 + 1 * 400) / 1.5)


def test_a_resumed_run_has_the_hours_of_its_attempts_and_not_those_between(tmp_path):
    path = tmp_path / "a.jsonl"
    first = Ledger(path, resumes=False)
    start(first, "a", "training", {})
    sensors(first)
    tick(first, 600.0, KWH)
    first.abandon()
    again = Ledger(path, resumes=True)
    start(again, "a", "training", {}, minute=120)
    sensors(again, minute=120)
    end(again, KWH, duration_s=1800.0, minute=120)
    found = emissions(runs_frame([path]), grid(tmp_path / "grid.parquet", [100.0, 3000.0, 500.0]))
    assert found["attempts"].tolist() == [2]
    assert found["intensity_g_per_kwh"].iloc[0] == pytest.approx((600 * 100 + 1800 * 500) / 2400)


def test_a_run_in_a_gap_has_no_mass_but_a_known_place(tmp_path):
    runs = runs_frame([job(tmp_path), job(tmp_path, "b", minute=60), job(tmp_path, "c", minute=120)])
    found = emissions(runs, grid(tmp_path / "grid.parquet", [100.0, np.nan, 300.0]))
    assert found["co2e_kg"].notna().tolist() == [True, False, True]
    assert found["co2e_source"].iloc[1].startswith("outside of hourly series")
    assert not found["flags"].str.contains("unknown location").fillna(False).any()


def test_net_mass_is_that_of_the_energy_above_idle(tmp_path):
    path = job(tmp_path, idle_w={"cpu": 0.5, "ram": 0.5})
    runs = runs_frame([path])
    found = add_emissions(runs, CarbonBlock(pue=1.5), SPAIN).iloc[0]
    factor = yearly_intensity(SPAIN).kg_per_kwh
    assert found["co2e_net_kg"] == pytest.approx((KWH - 1.0 * 1800 / 3.6e6) * 1.5 * factor)
    shared = add_emissions(runs.assign(machine_attributed_kwh=KWH / 4), CarbonBlock(pue=1.5), SPAIN).iloc[0]
    assert shared["co2e_net_kg"] == pytest.approx(found["co2e_net_kg"] / 4)


def test_without_idle_power_there_is_no_net_mass(tmp_path):
    found = add_emissions(runs_frame([job(tmp_path)]), CarbonBlock(), SPAIN)
    assert found["co2e_net_kg"].isna().all()
    assert found["co2e_kg"].notna().all()


def test_the_panels_year_goes_on_at_its_end(tmp_path):
    """A run from its last hour into its first."""
    runs = runs_frame([job(tmp_path, minute=30, duration_s=3600.0)])
    last = pd.Timestamp("2026-01-05T08:00Z") - pd.Timedelta(hours=3 * 8760)
    first = int(last.timestamp()) // 3600 - 8759
    series = IntensitySeries(first + np.arange(8760), np.r_[100.0, np.full(8758, 3000.0), 300.0], "panel")
    found = emissions(runs, PanelIntensity(kind="panel"), panel_series=series)
    assert found["intensity_g_per_kwh"].iloc[0] == pytest.approx(200.0)
    assert found["co2e_source"].iloc[0] == "panel, at the same hour of the year"


@pytest.fixture
def live(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    return LiveIntensity(kind="electricity_maps", zone="ES", cache_folder=str(tmp_path / "answers"))


def test_a_recorded_series_stands_in_for_electricity_maps_by_its_name(tmp_path, live):
    runs = runs_frame([job(tmp_path), job(tmp_path, "b", minute=60)])
    recorded = grid(tmp_path / "grid.parquet", [100.0], fallback="yearly")
    block = live.model_copy(update={"fallback": "series", "fallback_series": recorded})
    found = emissions(runs, block)
    yearly = yearly_intensity(SPAIN)
    assert found["intensity_g_per_kwh"].tolist() == pytest.approx([100.0, 1000 * yearly.kg_per_kwh])
    covered, beyond = found["co2e_source"]
    assert covered.startswith("hourly series grid.parquet")
    assert covered.endswith(f"(no key in {KEY})")
    assert beyond.startswith(yearly.source)
    assert "outside of hourly series grid.parquet" in beyond


def test_hours_that_electricity_maps_has_not_yet_take_the_fallback_too(tmp_path, live):
    (tmp_path / "answers").mkdir()
    (tmp_path / "answers/ES-2026-01-05.json").write_text(json.dumps([["2026-01-05T08:00:00Z", 50.0]]))
    runs = runs_frame([job(tmp_path), job(tmp_path, "b", minute=60)])
    assert emissions(runs, live)["co2e_kg"].notna().tolist() == [True, False]
    found = emissions(runs, live.model_copy(update={"fallback": "yearly"}))
    assert found["intensity_g_per_kwh"].iloc[0] == pytest.approx(50.0)
    assert "outside of hourly series electricity maps" in found["co2e_source"].iloc[1]


def test_a_run_over_midnight_needs_both_days_and_one_that_ends_there_needs_one(tmp_path, live):
    (tmp_path / "answers").mkdir()
    day = [[f"2026-01-05T{hour:02d}:00:00Z", 50.0] for hour in range(24)]
    (tmp_path / "answers/ES-2026-01-05.json").write_text(json.dumps(day))
    until = runs_frame([job(tmp_path, minute=900, duration_s=3600.0)])
    assert emissions(until, live)["co2e_kg"].notna().all()
    over = runs_frame([job(tmp_path, "b", minute=900, duration_s=3601.0)])
    with pytest.raises(Fault, match=f"no key in {KEY}"):
        emissions(over, live)


def test_an_unknown_place_asks_nobody(tmp_path, live):
    found = add_emissions(runs_frame([job(tmp_path)]), CarbonBlock(intensity=live), Location(None))
    assert found["co2e_kg"].isna().all()
    assert found["flags"].tolist() == ["unknown location"]


def test_runs_of_others_take_neither_the_studys_series_nor_its_water_nor_its_machine(tmp_path):
    write(tmp_path / "foreign/a.csv", row("germany"))
    job(tmp_path)
    block = CarbonBlock(
        intensity=grid(tmp_path / "grid.parquet", [100.0]),
        water_l_per_kwh=1.8,
        water_source="operator",
        embodied_kg=1200.0,
        lifetime_h=35_000.0,
        embodied_source="maker's sheet",
    )
    found = add_emissions(collect(tmp_path).runs, block, SPAIN).set_index("origin")
    germany = yearly_intensity(Location("DEU"))
    assert found.loc["codecarbon csv", "co2e_source"] == germany.source
    assert found.loc["codecarbon csv", "intensity_g_per_kwh"] == pytest.approx(1000 * germany.kg_per_kwh)
    assert found.loc["codecarbon csv", ["water_l", "embodied_kg"]].isna().all()
    assert found.loc["ledger", ["water_l", "embodied_kg"]].notna().all()
    assert found.loc["ledger", "intensity_g_per_kwh"] == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [
        ("USA", "California", "USA/california"),
        ("CAN", "quebec", "CAN/quebec"),
        ("USA", "Atlantis", "USA"),
        ("ESP", "Madrid", "ESP"),
    ],
)
def test_a_stated_region_counts_where_it_has_a_factor(tmp_path, country, region, place):
    write(tmp_path / "a.csv", row("a", country_iso_code=country, region=region))
    found = add_emissions(collect(tmp_path).runs, CarbonBlock(), SPAIN).iloc[0]
    assert found["co2e_source"].endswith(f", {place}")


@pytest.mark.parametrize("country", ["", "ZZZ"])
def test_a_foreign_run_from_nowhere_has_no_mass_beside_the_stated_one(tmp_path, country):
    write(tmp_path / "a.csv", row("a", country_iso_code=country, emissions=0.5))
    found = add_emissions(collect(tmp_path).runs, CarbonBlock(), SPAIN).iloc[0]
    assert pd.isna(found["co2e_kg"])
    assert found["stated_co2e_kg"] == 0.5
    assert "unknown location" in found["flags"]
