import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_study import small_panel
from wattshed.data.splits import Segment
from wattshed.forecast.metrics import metrics, score_rows, seasonal_scale, sum_errors


def random_case(seed, windows=20, horizon=3, nodes=4, observed_share=0.8):
    random = np.random.default_rng(seed)
    truth = random.gamma(2, 1, (windows, horizon, nodes)).astype(np.float32)
    forecast = truth + random.standard_normal(truth.shape).astype(np.float32)
    return forecast, truth, random.random(truth.shape) < observed_share


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_metrics_equal_their_definitions_on_observed_cells(seed):
    forecast, truth, observed = random_case(seed)
    scale = np.array([0.5, 1.0, 2.0, 4.0])
    found = metrics(sum_errors(forecast, truth, observed), scale)
    error, actual = (forecast - truth)[observed], truth[observed]
    assert found["mae"] == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert found["rmse"] == pytest.approx(np.sqrt((error.astype(float) ** 2).mean()), rel=1e-5)
    assert found["wape"] == pytest.approx(np.abs(error).sum() / np.abs(actual).sum(), rel=1e-5)
    per_node = [np.abs((forecast - truth)[..., n][observed[..., n]]).mean() for n in range(4)]
    assert found["mase"] == pytest.approx(np.mean(np.array(per_node) / scale), rel=1e-5)
    spread = sum(
        ((truth[..., n][observed[..., n]] - truth[..., n][observed[..., n]].mean()) ** 2).sum()
        for n in range(4)
    )
    assert found["r2"] == pytest.approx(1 - (error**2).sum() / spread, rel=1e-4)
    assert found["cells"] == observed.sum()


def test_rmse_is_not_the_mean_of_batch_rmses():
    """A batch with few observed cells would count as much as a full one."""
    forecast, truth = np.zeros((2, 1, 1), np.float32), np.array([[[1.0]], [[7.0]]], np.float32)
    everything = np.ones(truth.shape, bool)
    found = metrics(sum_errors(forecast, truth, everything), np.ones(1))["rmse"]
    assert found == pytest.approx(5.0)
    assert found != pytest.approx((1 + 7) / 2)


def test_unobserved_cells_never_count():
    forecast, truth, observed = random_case(1)
    clean = metrics(sum_errors(forecast, truth, observed), np.ones(4))
    truth[~observed] = np.nan
    forecast[~observed] = 1e9
    assert metrics(sum_errors(forecast, truth, observed), np.ones(4)) == clean


def test_metrics_without_observed_cells_are_undefined_and_not_zero():
    nothing = np.zeros((3, 2, 1), bool)
    found = metrics(sum_errors(np.ones((3, 2, 1)), np.ones((3, 2, 1)), nothing), np.ones(1))
    assert found == {"mae": None, "rmse": None, "wape": None, "mase": None, "r2": None, "cells": 0}


def test_seasonal_naive_on_its_own_training_part_has_mase_one():
    panel = small_panel(missing_share=0.1)
    train = Segment("train", 0, 1500)
    scale = seasonal_scale(panel, train)
    origins = np.arange(24, 1500)
    forecast, truth = panel.values[origins - 24][:, None], panel.values[origins][:, None]
    observed = (panel.observed[origins] & panel.observed[origins - 24])[:, None]
    assert metrics(sum_errors(forecast, truth, observed), scale)["mase"] == pytest.approx(1.0, rel=1e-5)


def test_scores_list_all_horizons_and_nodes():
    forecast, truth, observed = random_case(2)
    rows = score_rows(sum_errors(forecast, truth, observed), np.ones(4), list("abcd"))
    assert rows["scope"].value_counts().to_dict() == {"node": 4, "horizon": 3, "all": 1}
    whole = rows[rows["scope"] == "all"].iloc[0]
    for scope in ("node", "horizon"):
        part = rows[rows["scope"] == scope]
        assert part["cells"].sum() == whole["cells"]
        pooled = np.sqrt((part["rmse"] ** 2 * part["cells"]).sum() / whole["cells"])
        assert pooled == pytest.approx(whole["rmse"])
