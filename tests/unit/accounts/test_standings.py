import numpy as np
import pandas as pd
import pytest

from made_days import make_days
from wattshed.accounts.comparison.decisions import changes_against, decide
from wattshed.accounts.standings.standings import (
    processor_seconds,
    standings_frame,
    step_before,
    training_ratio,
)

MODELS = {"gru": (0.70, 3), "ridge": (0.74, 1), "seasonal_24h": (0.95, 1), "climatology": (0.90, 1)}
KWH = {"gru": [2e-6, 3e-6, 4e-6], "ridge": [5e-7], "climatology": [1e-8]}


def windows():
    rows = [
        (
            "epoch" if model == "gru" else "fit",
            model,
            seed,
            kwh,
            5.0 * seed if model == "gru" else 2.0,
            1,
            1.0,
        )
        for model, energies in KWH.items()
        for seed, kwh in enumerate(energies, 1)
    ]
    rows.append(("fit", "seasonal_24h", None, 1e-9, 1.0, 1_000_000, 0.5))
    names = ["window", "model", "seed", "energy_kwh", "own_cpu_s", "repeats", "duration_s"]
    return pd.DataFrame(rows, columns=names).assign(energy_status="estimated")


def frontier():
    rows = [(model, np.exp(np.mean(np.log(kwh))), len(kwh), "estimated") for model, kwh in KWH.items()]
    rows.append(("seasonal_24h", np.nan, 0, "no fit"))
    frame = pd.DataFrame(rows, columns=["model", "training_kwh_mean", "training_kwh_n", "energy_status"])
    for column in (
        "training_kwh_low",
        "training_kwh_high",
        *(f"forecast_j_per_1000_{p}" for p in ("mean", "low", "high")),
    ):
        frame[column] = np.nan
    dominated = pd.array([False, False, False, pd.NA], dtype="boolean")
    return frame.assign(dominated=dominated, forecast_status="estimated")


@pytest.fixture(scope="module")
def days():
    return make_days(**MODELS)


@pytest.fixture(scope="module")
def standings(days):
    return standings_frame(decide(days, frontier()), days, frontier(), windows()).set_index("model")


def test_all_models_are_held_against_the_naive_one_of_least_error(standings):
    assert set(standings["naive"]) == {"climatology"}
    assert standings["naive_change_share"].idxmin() == "gru"
    assert np.isnan(standings.loc["climatology", "naive_change_share"])
    assert standings.loc["gru", "naive_outcome"] == "better"
    assert standings["useful"].to_dict() == {
        "gru": True, "ridge": True, "climatology": False, "seasonal_24h": False
    }  # fmt: skip


def test_the_change_against_the_naive_model_is_the_ratio_of_the_errors(standings, days):
    errors = standings["error"]
    for model in ("gru", "ridge", "seasonal_24h"):
        expected = errors[model] / errors["climatology"] - 1
        assert standings.loc[model, "naive_change_share"] == pytest.approx(expected, rel=1e-6)
        low, high = standings.loc[model, ["naive_change_low", "naive_change_high"]]
        assert low < expected < high
    assert changes_against(days, "gru").set_index("model").loc["ridge", "change_share"] > 0


def test_what_needs_no_fit_costs_nothing_and_has_no_place_on_the_front(standings):
    row = standings.loc["seasonal_24h"]
    assert (row["training_j_mean"], row["cpu_s"]) == (0, 0)
    assert pd.isna(row["front"])


def test_processor_seconds_are_of_one_training_and_geometric_over_seeds():
    seconds = processor_seconds(windows())
    assert seconds["gru"] == pytest.approx((5 * 10 * 15) ** (1 / 3))
    assert seconds["ridge"] == 2.0


def test_energies_are_compared_over_seeds():
    ratio = training_ratio(windows(), "gru", "ridge")
    assert ratio.mean == pytest.approx((2 * 3 * 4) ** (1 / 3) / 0.5)
    assert training_ratio(windows(), "gru", "seasonal_24h").mean is None


def test_the_step_before_is_the_dearest_useful_model_of_the_front_that_is_cheaper(standings):
    frame = standings.reset_index()
    assert step_before(frame, "gru") == "ridge"
    assert step_before(frame, "ridge") is None
