import numpy as np
import pandas as pd
import pytest

from made_runs import make_metrics, make_runs
from wattshed.accounts.comparison.normalised import RATIO_NOTES, normalised_metrics
from wattshed.statistics.summaries import column_interval


def small(repeats=3):
    runs = make_runs(("gru", "ridge"), countries=("ES",), seasons=("all",), repeats=repeats)
    return runs, make_metrics(runs)


def test_ratios_are_taken_run_by_run_with_their_interval():
    runs, metrics = small()
    row = normalised_metrics(runs, metrics).set_index("model").loc["gru"]
    part, errors = runs[runs["model"] == "gru"], metrics[metrics["model"] == "gru"]
    for name, values in (
        ("mae_per_kwh", errors["mae"] / part["energy_kwh"]),
        ("mae_per_kg", errors["mae"] / part["co2e_kg"]),
        ("r2_per_kwh", errors["r2"] / part["energy_kwh"]),
        ("mae_times_kwh", errors["mae"] * part["energy_kwh"]),
    ):
        expected = column_interval(name, values)
        assert row[f"{name}_mean"] == pytest.approx(expected.mean)
        assert row[f"{name}_low"] == pytest.approx(expected.low)
        assert row[f"{name}_high"] == pytest.approx(expected.high)
        assert row[f"{name}_n"] == 3


def test_unknown_and_zero_energies_have_no_ratio_and_are_not_counted():
    runs, metrics = small()
    runs.loc[0, ["energy_kwh", "attributed_kwh"]] = np.nan
    runs.loc[1, ["energy_kwh", "attributed_kwh", "co2e_kg"]] = 0.0
    row = normalised_metrics(runs, metrics).set_index("model").loc["gru"]
    assert (row["runs"], row["mae_per_kwh_n"], row["mae_per_kg_n"]) == (3, 1, 2)
    assert np.isnan(row["mae_per_kwh_low"])


def test_one_row_per_model_and_slice_and_estimates_apart():
    runs = make_runs(("gru", "ridge"), repeats=2)
    metrics = make_metrics(runs)
    runs.loc[0, ["origin", "energy_status"]] = ["retro-estimate", "retro-estimated"]
    found = normalised_metrics(runs, metrics)
    assert len(found) == 2 * 4 * 2 + 1
    retro = found[found["basis"] == "retro-estimate"].iloc[0]
    assert (retro["runs"], retro["energy_status"]) == (1, "retro-estimated")
    other = found[(found["model"] == "gru") & (found["data_country"] == "DE") & (found["season"] == "summer")]
    assert sorted(other["energy_status"]) == ["estimated", "retro-estimated"]


def test_joules_per_forecast_come_from_forecast_windows():
    runs, metrics = small()
    windows = pd.DataFrame(
        {
            "window": ["forecast", "forecast", "epoch"],
            "model": "gru",
            "seed": [1, 2, 1],
            "repeats": [5, 5, 1],
            "energy_kwh": [1e-5, 3e-5, 9.0],
            "energy_status": ["measured", "estimated", "measured"],
            "value_forecasts": [2000.0, 2000.0, np.nan],
        }
    )
    found = normalised_metrics(runs, metrics, windows).set_index("model")
    assert found.loc["gru", "j_per_forecast_mean"] == pytest.approx(3**0.5 * 1e-5 * 3.6e6 / 1e4)
    assert found.loc["gru", "j_per_forecast_n"] == 2
    assert found.loc["gru", "forecast_status"] == "estimated"
    assert (found.loc["ridge", "j_per_forecast_n"], found.loc["ridge", "forecast_status"]) == (0, "missing")
    without = normalised_metrics(runs, metrics, windows[windows["window"] == "epoch"])
    assert without["j_per_forecast_mean"].isna().all()


def test_a_bad_cheap_model_wins_the_ratios_and_the_notes_say_so():
    runs = pd.DataFrame({"model": ["good", "bad"], "energy_kwh": [1.0, 1e-3], "energy_status": "measured"})
    metrics = pd.DataFrame({"model": ["good", "bad"], "mae": [1.0, 9.0], "r2": [0.9, 0.1]})
    found = normalised_metrics(runs, metrics).set_index("model")
    assert found["r2_per_kwh_mean"].idxmax() == "bad"
    assert found["mae_times_kwh_mean"].idxmin() == "bad"
    assert any("the front" in note for note in RATIO_NOTES)
