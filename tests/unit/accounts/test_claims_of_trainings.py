"""What claims measure of trainings and their networks: energy to an error, R2, generalisation, parameters."""

import pytest

from claimed_results import SEEDS, compared, results, scores, windows
from model_blocks import untrained
from wattshed.accounts.claims.trainings import (
    determination,
    generalisation,
    parameters,
    training_changes,
)
from wattshed.config.data.windows import WindowsBlock
from wattshed.statistics.ratios import ratio_interval


def test_training_is_compared_at_the_controls_least_error(config):
    """The control spends 4 epochs of 4; the model passes its error at its second epoch of 1."""
    (found,) = training_changes(results(config, compared=compared(), windows=windows()), "kwh")
    expected = ratio_interval([2 * (1 + 0.01 * s) for s in SEEDS], [16 * (1 + 0.01 * s) for s in SEEDS])
    assert found.measured.mean == pytest.approx(100 * (expected.mean - 1)) == pytest.approx(-87.5)
    assert (found.measured.low, found.measured.high) == (
        pytest.approx(100 * (expected.low - 1)), pytest.approx(100 * (expected.high - 1)),
    )  # fmt: skip
    assert (
        "training stgnn (the recipe of this study) to the least validation error of stgnn_reference"
        in found.of
    )


def test_a_model_that_does_not_reach_the_controls_error_saves_nothing(config):
    frame = windows(validation={"stgnn": 0.95})
    said = training_changes(results(config, compared=compared(), windows=frame), "kwh")
    assert said == "no model that goes through a chain reaches the least validation error of stgnn_reference"


def test_the_tuned_opponent_is_the_control_where_there_is_one(config):
    tuned = {**config, "ladder": {"reference": "a", "tuned": "b", "steps": []}}
    assert results(tuned).control == "b"
    assert results(config).control == "stgnn_reference"
    assert results({**config, "ladder": None}).control == "stgnn_reference"
    assert results({"models": {"x": {"form": "gru"}}}).control is None


def test_the_best_r2_is_shown_beside_that_of_the_source_network(config):
    found = determination(results(config, scores=scores(stgnn_reference=1.0, stgnn=0.6, gru=0.8)))
    assert [one.of for one in found] == ["stgnn_reference", "stgnn (the best of all models)"]
    assert found[1].measured.mean == pytest.approx(0.702)


def test_the_gap_is_of_the_same_seeds_validation_error(config):
    frames = {"scores": scores(stgnn_reference=0.99), "windows": windows()}
    (found,) = generalisation(results(config, **frames))
    assert found.measured.mean == pytest.approx(100 * (0.99 * 1.02 / 0.9 - 1), abs=0.01)


def test_counted_parameters_are_those_of_the_network(config):
    (found,) = parameters(results(config))
    assert found.measured.mean == 1766
    for hidden, horizon in ((16, 6), (32, 6), (5, 3)):
        sizes = {
            **config,
            "models": {"net": {**config["models"]["stgnn_reference"], "hidden": hidden}},
            "data": {"windows": {"horizon_h": horizon}},
        }
        blocks = WindowsBlock(look_back_h=12, horizon_h=horizon)
        network = untrained(blocks, 4, form="stgnn_reference", hidden=hidden)
        assert parameters(results(sizes))[0].measured.mean == network.parameter_count()
        layers = {"channels": 7, "graph_layers": 2, "recurrent_layers": 3}
        sizes["models"]["net"] |= layers
        network = untrained(blocks, 4, form="stgnn_reference", hidden=hidden, **layers)
        assert parameters(results(sizes))[0].measured.mean == network.parameter_count()
