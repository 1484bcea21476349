"""Energy into mass: every factor named, an unknown place without a number, PUE once."""

import numpy as np
import pandas as pd
import pytest

from ledger_files import end, sensors, start
from wattshed.accounts.emissions.emissions import add_emissions, panel_intensity
from wattshed.accounts.runs.runs import runs_frame
from wattshed.config.energy.carbon import CarbonBlock, HourlyIntensity, LiveIntensity, PanelIntensity
from wattshed.data.panel import Panel
from wattshed.energy.carbon.carbon import Location, yearly_intensity
from wattshed.energy.carbon.electricity_maps import KEY
from wattshed.energy.carbon.intensity_series import IntensitySeries
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault

SPAIN = Location("ESP")
KWH = 1e-4


@pytest.fixture
def runs(tmp_path):
    """Two jobs of half an hour each, at eight and at nine o'clock on 5 January 2026."""
    for name, minute in (("a", 0), ("b", 60)):
        ledger = Ledger(tmp_path / f"{name}.jsonl", resumes=False)
        start(ledger, name, "training", {"model": "gru"}, minute=minute)
        sensors(ledger, minute=minute)
        end(ledger, KWH, duration_s=1800.0, minute=minute)
    return runs_frame([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])


def grid(path, start="2026-01-05T08:00Z", values=(100.0, 300.0)):
    times = pd.date_range(start, periods=len(values), freq="h")
    pd.DataFrame({"time": times, "g": values}).to_parquet(path)
    return HourlyIntensity(kind="hourly", path=str(path), intensity_column="g")


def test_the_yearly_factor_of_the_study_is_applied_and_named(runs):
    found = add_emissions(runs, CarbonBlock(), SPAIN)
    factor = yearly_intensity(SPAIN)
    assert found["co2e_kg"].tolist() == pytest.approx([KWH * factor.kg_per_kwh] * 2)
    assert set(found["co2e_source"]) == {factor.source}
    assert found["flags"].isna().all()


def test_pue_is_applied_once_to_facility_energy_and_mass(runs):
    one, two = (add_emissions(runs, CarbonBlock(pue=pue), SPAIN) for pue in (1.0, 1.5))
    assert two["facility_kwh"].tolist() == pytest.approx([1.5 * KWH] * 2)
    assert two["co2e_kg"].tolist() == pytest.approx((1.5 * one["co2e_kg"]).tolist())
    assert two["energy_kwh"].equals(one["energy_kwh"])


def test_an_unknown_place_gives_no_mass(runs):
    found = add_emissions(runs, CarbonBlock(), Location(None))
    assert found["co2e_kg"].isna().all()
    assert set(found["co2e_source"]) == {"location unknown"}
    assert found["flags"].str.contains("unknown location").all()
    assert found["facility_kwh"].notna().all()


def test_a_ledger_from_another_place_is_flagged(runs):
    found = add_emissions(runs, CarbonBlock(), Location("DEU"))
    assert found["flags"].str.contains("changed grid").all()


def test_an_hourly_series_takes_the_hours_of_each_run(runs, tmp_path):
    block = CarbonBlock(intensity=grid(tmp_path / "grid.parquet"))
    found = add_emissions(runs, block, SPAIN)
    assert found["co2e_kg"].tolist() == pytest.approx([KWH * 0.1, KWH * 0.3])
    assert found["co2e_source"].str.contains("hourly series grid.parquet").all()


def test_a_run_outside_of_the_series_has_no_mass_or_the_named_fallback(runs, tmp_path):
    outside = grid(tmp_path / "grid.parquet", values=(100.0,))
    found = add_emissions(runs, CarbonBlock(intensity=outside), SPAIN)
    assert found["co2e_kg"].notna().tolist() == [True, False]
    assert "outside of" in found["co2e_source"].iloc[1]
    fallback = outside.model_copy(update={"fallback": "yearly"})
    taken = add_emissions(runs, CarbonBlock(intensity=fallback), SPAIN)
    assert taken["co2e_kg"].iloc[1] == pytest.approx(KWH * yearly_intensity(SPAIN).kg_per_kwh)
    assert "outside of" in taken["co2e_source"].iloc[1]


def test_the_panels_own_series_is_taken_at_the_same_hour_of_the_year(runs):
    first = int(pd.Timestamp("2017-01-01T00:00Z").timestamp()) // 3600
    hours = np.arange(8760)
    series = IntensitySeries(first + hours, 100.0 + hours % 24, "hourly series of the panel")
    block = CarbonBlock(intensity=PanelIntensity(kind="panel"))
    found = add_emissions(runs, block, SPAIN, series)
    # 2026-01-05T08:00 is nine years and two leap days after the series' first hour.
    at = (pd.Timestamp("2026-01-05T08:00Z").timestamp() / 3600 - first) % 8760
    assert found["intensity_g_per_kwh"].iloc[0] == pytest.approx(100 + at % 24)
    with pytest.raises(Fault, match="has no carbon intensity"):
        add_emissions(runs, block, SPAIN)


def test_a_panels_own_series_of_shorter_steps_counts_as_the_mean_of_each_hour(tmp_path):
    times = np.datetime64("2026-01-05T08:00:00", "s") + np.arange(8) * np.timedelta64(15, "m")
    panel = Panel(
        np.ones((8, 1), np.float32),
        np.ones((8, 1), bool),
        times,
        pd.DataFrame(index=pd.Index(["a"], name="node")),
        "kWh",
        "UTC",
        "test",
        intensity_g_per_kwh=np.array([100.0, 200, 300, 400, 10, 10, 10, 50]),
        step_minutes=15,
    )
    panel.write(tmp_path / "panel.safetensors")
    found = panel_intensity(tmp_path / "panel.safetensors")
    assert found.g_per_kwh.tolist() == [250, 20]
    assert np.diff(found.hours).tolist() == [1]


def test_electricity_maps_without_key_is_a_fault_or_the_named_fallback(runs, tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    live = LiveIntensity(kind="electricity_maps", zone="ES", cache_folder=str(tmp_path))
    with pytest.raises(Fault, match=rf"no key in {KEY}.*fallback: yearly"):
        add_emissions(runs, CarbonBlock(intensity=live), SPAIN)
    fallback = live.model_copy(update={"fallback": "yearly"})
    found = add_emissions(runs, CarbonBlock(intensity=fallback), SPAIN)
    assert found["co2e_kg"].notna().all()
    assert found["co2e_source"].str.contains("no key").all()


def test_kept_answers_of_electricity_maps_need_no_network(runs, tmp_path, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    hours = ", ".join(f'["2026-01-05T{h:02d}:00:00Z", {200 + h}]' for h in range(24))
    (tmp_path / "ES-2026-01-05.json").write_text(f"[{hours}]")
    live = LiveIntensity(kind="electricity_maps", zone="ES", cache_folder=str(tmp_path))
    found = add_emissions(runs, CarbonBlock(intensity=live), SPAIN)
    assert found["intensity_g_per_kwh"].tolist() == pytest.approx([208.0, 209.0])


def test_water_and_embodied_shares_only_with_their_source(runs):
    block = CarbonBlock(
        water_l_per_kwh=1.8,
        water_source="operator",
        embodied_kg=1200.0,
        lifetime_h=35_000.0,
        embodied_source="maker's sheet",
    )
    found = add_emissions(runs, block, SPAIN)
    assert found["water_l"].tolist() == pytest.approx([1.8 * KWH] * 2)
    assert found["embodied_kg"].tolist() == pytest.approx([0.5 * 1200 / 35_000] * 2)
    assert add_emissions(runs, CarbonBlock(), SPAIN)[["water_l", "embodied_kg"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"water_l_per_kwh": 1.8}, "water_l_per_kwh and water_source belong together"),
        ({"embodied_kg": 10.0, "lifetime_h": 5.0}, "give all three or none"),
        ({"pue": 0.9}, "greater than or equal to 1"),
        ({"intensity": {"kind": "guess"}}, "guess"),
        ({"intensity": {"kind": "hourly"}}, "path"),
    ],
)
def test_a_factor_without_its_source_is_refused(keys, sentence):
    with pytest.raises(ValueError, match=sentence):
        CarbonBlock.model_validate(keys)


def test_real_grids_of_another_year_give_the_fallback_not_a_guess(runs, root):
    path = root.parent / "shared/data/carbon_intensity/ES.parquet"
    if not path.is_file():
        pytest.skip("the recorded grids are not on this machine")
    found = add_emissions(runs, CarbonBlock(intensity=HourlyIntensity(kind="hourly", path=str(path))), SPAIN)
    assert found["co2e_kg"].isna().all()
