import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.accounts.comparison.frontier import frontier_frame, pareto_mask

# Few distinct values, so that ties in one or both coordinates are common.
points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=25)


@settings(max_examples=200)
@given(points)
def test_the_mask_agrees_with_comparing_every_pair(found):
    error, energy = np.array(found, dtype=float).T

    def beaten(own):
        return any(other[0] <= own[0] and other[1] <= own[1] and other != own for other in found)

    brute = [not beaten(own) for own in found]
    assert pareto_mask(error, energy).tolist() == brute


def make_scores(**models):
    rows = [(model, seed, scope, rmse) for model, values in models.items() for seed, rmse in enumerate(values)
            for scope in ("all", "node")]  # fmt: skip
    return pd.DataFrame(rows, columns=["model", "seed", "scope", "rmse"])


def make_windows(rows):
    names = ["window", "model", "seed", "repeats", "energy_kwh", "energy_status", "value_forecasts"]
    return pd.DataFrame(rows, columns=names).astype({"energy_kwh": "float64", "value_forecasts": "float64"})


def test_training_is_summed_over_epochs_and_divided_by_the_repeats_of_a_fit():
    windows = make_windows(
        [
            ("epoch", "gru", 0, 1, 2e-5, "estimated", None),
            ("epoch", "gru", 0, 1, 3e-5, "estimated", None),
            ("epoch", "gru", 1, 1, 7e-5, "estimated", None),
            ("fit", "ridge", None, 100, 4e-5, "measured", None),
            ("forecast", "gru", 0, 5, 1e-5, "estimated", 2000),
            ("forecast", "ridge", None, 10, 1e-5, "measured", 2000),
        ]
    )
    frame = frontier_frame(make_scores(gru=[0.70, 0.72], ridge=[0.69], naive=[0.9]), windows).set_index(
        "model"
    )
    assert frame.loc["gru", "training_kwh_mean"] == pytest.approx((5e-5 * 7e-5) ** 0.5)
    assert frame.loc["gru", ["n", "training_kwh_n"]].tolist() == [2, 2]
    assert frame.loc["gru", "rmse_mean"] == pytest.approx((0.70 * 0.72) ** 0.5)
    assert frame.loc["ridge", "training_kwh_mean"] == pytest.approx(4e-7)
    assert frame.loc["ridge", "energy_status"] == "measured"
    assert frame.loc["gru", "forecast_j_per_1000_mean"] == pytest.approx(1e-5 * 3.6e6 / (5 * 2000) * 1000)
    assert frame["dominated"].tolist() == [False, True, pd.NA]
    assert frame.loc["naive", "energy_status"] == "missing"
    assert frame.loc["naive", "training_kwh_n"] == 0


def test_one_unknown_epoch_makes_the_runs_energy_unknown_not_smaller():
    windows = make_windows(
        [("epoch", "gru", 0, 1, 2e-5, "estimated", None), ("epoch", "gru", 0, 1, None, "missing", None)]
    )
    row = frontier_frame(make_scores(gru=[0.7]), windows).iloc[0]
    assert pd.isna(row["training_kwh_mean"])
    assert row["energy_status"] == "missing"
    assert row["dominated"] is pd.NA
