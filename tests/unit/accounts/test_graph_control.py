"""The best graph model is chosen on validation and compared with its twin, seed by seed."""

import pandas as pd
import pytest

from wattshed.accounts.sensitivity.graph_control import GraphUse, graph_control, validation_errors

MODELS = {
    "small": {"form": "stgnn", "recipe": "r", "graph": "given", "hidden": 8},
    "small_twin": {"form": "stgnn", "recipe": "r", "graph": "shuffled", "hidden": 8},
    "large": {"form": "stgnn", "recipe": "r", "graph": "given", "hidden": 32},
    "large_twin": {"form": "stgnn", "recipe": "r", "graph": "shuffled", "hidden": 32},
    "gru": {"form": "gru", "recipe": "r", "graph": "given", "hidden": 8},
}
GRAPH_MODELS = ["small", "small_twin", "large", "large_twin"]
VALIDATION = {"small": 0.70, "small_twin": 0.60, "large": 0.69, "large_twin": 0.61, "gru": 0.1}


def windows(validation=None):
    """Two epochs a seed; the second is worse, so that the least counts."""
    rows = [
        {"model": model, "seed": seed, "window": "epoch", "value_validation_rmse": error + 0.1 * epoch}
        for model, error in (validation or VALIDATION).items()
        for seed in (1, 2, 3)
        for epoch in (0, 1)
    ]
    rows.append({"model": "large", "seed": 1, "window": "forecast", "value_validation_rmse": 0.0})
    return pd.DataFrame(rows)


def scores(**errors):
    rows = [
        {"model": model, "seed": seed, "scope": "all", "rmse": rmse}
        for model, values in errors.items()
        for seed, rmse in enumerate(values, 1)
    ]
    rows.append({"model": "large_twin", "seed": 1, "scope": "node", "rmse": 99.0})
    return pd.DataFrame(rows)


def control(large, twin, validation=None):
    found = scores(small=[0.5] * 3, small_twin=[0.9] * 3, large=large, large_twin=twin)
    return graph_control(MODELS, GRAPH_MODELS, found, windows(validation))


def test_the_model_is_chosen_on_validation_and_not_on_the_test_part():
    found = control([0.7, 0.8, 0.9], [0.71, 0.81, 0.91])
    assert (found.model, found.twin) == ("large", "large_twin")
    other = control([0.7, 0.8, 0.9], [0.71, 0.81, 0.91], {**VALIDATION, "small": 0.5})
    assert other.model == "small"
    assert validation_errors(windows())["large"] == pytest.approx(0.69)


def test_the_difference_is_paired_over_seeds():
    """Seeds differ by far more than the twin does from its model."""
    found = control([0.7, 0.8, 0.9], [0.711, 0.810, 0.909])
    assert found.rise.mean == pytest.approx(0.01)
    assert found.rise.n == 3
    # Student's t with two degrees of freedom: 4.3027 * 0.001 / sqrt(3).
    assert found.rise.high - found.rise.mean == pytest.approx(0.0024841, abs=1e-6)
    assert found.use == GraphUse.HELPS
    assert found.rise_share == pytest.approx(0.01 / 0.8)


@pytest.mark.parametrize(
    ("twin", "use"),
    [
        ([0.69, 0.79, 0.891], GraphUse.HURTS),
        ([0.71, 0.79, 0.90], GraphUse.UNDECIDED),
        ([0.7, 0.8, 0.9], GraphUse.UNDECIDED),
    ],
)
def test_the_outcome_follows_the_interval(twin, use):
    assert control([0.7, 0.8, 0.9], twin).use == use


def test_one_seed_decides_nothing():
    assert control([0.7], [0.9]).use == GraphUse.UNKNOWN


def test_a_model_without_a_twin_says_so():
    models = {name: block for name, block in MODELS.items() if name != "large_twin"}
    found = graph_control(models, ["small", "large"], scores(large=[0.7] * 3, small=[0.8] * 3), windows())
    assert (found.model, found.twin, found.use) == ("large", None, GraphUse.UNKNOWN)


def test_without_a_validated_graph_model_there_is_no_control():
    assert graph_control(MODELS, [], scores(gru=[1.0]), windows()) is None
    unjudged = windows().drop(columns="value_validation_rmse")
    assert graph_control(MODELS, GRAPH_MODELS, scores(large=[1.0]), unjudged) is None
