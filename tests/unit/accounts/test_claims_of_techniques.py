"""What claims measure of techniques: models that differ in one key, and the source study's first phase."""

import pytest

from claimed_results import results, windows
from made_days import make_days
from wattshed.accounts.claims.judging import claims_frame
from wattshed.accounts.claims.techniques import (
    PHASE_1,
    phase_energies,
    phase_errors,
    technique_energies,
    technique_errors,
)


def test_one_key_of_the_recipe_is_told_from_all_others(config):
    recipe = config["recipes"]["frugal"]
    block = config["models"]["stgnn"]
    models = {
        "full": block,
        "half": {**block, "recipe": "half"},
        "other": {**block, "recipe": "half", "hidden": 3},
    }
    own = {**config, "models": models, "recipes": {"frugal": recipe, "half": {**recipe, "precision": "bf16"}}}
    energies = windows({"full": 2.0, "half": 1.0, "other": 9.0})
    days = make_days(day_noise=0.001, seed_noise=0, full=(0.5, 3), half=(0.51, 3), other=(2, 3))
    frames = {"windows": energies, "days": days}
    (energy,) = technique_energies(results(own, **frames), "precision")
    assert energy.of == "training half against full"
    assert energy.measured.mean == pytest.approx(-50)
    (error,) = technique_errors(results(own, **frames), "precision")
    assert error.measured.mean == pytest.approx(2.0, abs=0.05)
    assert error.measured.low < error.measured.mean < error.measured.high
    assert (
        technique_energies(results(own, **frames), "patience")
        == "no two models of this study differ in patience alone"
    )


def one_key(config, key, value, control, **keys):
    """A study whose model ``technique`` differs from ``control`` in one key of recipe or model, and in ``keys``."""
    recipe = {**config["recipes"]["tuned"], "accumulate": 1}
    block = {**config["models"]["stgnn_reference"], "recipe": "plain", "minimum_edge_weight": 0.0}
    recipes = {"plain": dict(recipe), "changed": {**recipe, **keys}}
    models = {"control": dict(block), "technique": {**block, "recipe": "changed"}}
    for name, number in (("plain", control), ("changed", value)):
        place = recipes[name] if key in recipe else models["control" if name == "plain" else "technique"]
        place[key] = number
    return {**config, "recipes": recipes, "models": models, "ladder": {"reference": "control", "tuned": None}}


@pytest.mark.parametrize(
    ("key", "value", "control"),
    [
        ("batch", 64, 8),
        ("accumulate", 4, 1),
        ("precision", "bf16", "fp32"),
        ("patience", 2, 8),
        ("min_delta", 0.01, 0.0),
        ("patience_warm_up_epochs", 4, 0),
        ("layer_rates", {"gru": 0.5}, {}),
        ("edge_keep_share", 0.5, 1.0),
        ("node_keep_share", 0.5, 1.0),
        ("minimum_edge_weight", 0.5, 0.0),
        ("aggregate", "precomputed", "each_step"),
    ],
)
def test_every_technique_of_the_first_phase_is_told_from_its_control(config, key, value, control):
    own = one_key(config, key, value, control)
    frames = {"windows": windows({"control": 2.0, "technique": 1.5})}
    (found,) = technique_energies(results(own, **frames), key)
    assert found.of == "training technique against control"
    assert found.measured.mean == pytest.approx(-25)
    # One key is a technique, not the phase.
    assert isinstance(phase_energies(results(own, **frames)), str)
    assert set(PHASE_1) >= {key}


def test_the_first_phase_is_measured_where_a_model_uses_several_techniques_on_the_control(config):
    own = one_key(config, "batch", 64, 8, precision="bf16", patience=1)
    days = make_days(day_noise=0.001, seed_noise=0, control=(0.5, 3), technique=(0.6, 3))
    spent = windows({"control": 2.0, "technique": 0.5})
    # Seeds whose ratios are all alike would count as one run.
    spent["energy_kwh"] *= 1 + 0.01 * ((spent["model"] == "technique") & (spent["seed"] == 2))
    frames = {"windows": spent, "days": days}
    (found,) = phase_energies(results(own, **frames))
    assert found.measured.mean == pytest.approx(-75, abs=0.2)
    (error,) = phase_errors(results(own, **frames))
    assert error.measured.mean == pytest.approx(20, abs=0.5)
    rows = claims_frame(["stgnn_study"], results(own, **frames)).set_index("claim")
    assert rows.loc["energy_phase_1", "verdict"] == "holds"
    assert rows.loc["budget_phase_1", "verdict"] == "does not hold"
    assert rows.loc["energy_phase_2", "verdict"] == "not measured here"
    # The parts of early stopping are one technique.
    stopping = one_key(config, "patience", 2, 8, min_delta=0.01, patience_warm_up_epochs=2)
    assert isinstance(phase_energies(results(stopping, **frames)), str)
    # A further key that belongs to no technique makes it another comparison.
    own["recipes"]["changed"]["learning_rate"] = 0.5
    assert isinstance(phase_energies(results(own, **frames)), str)


def test_energies_of_techniques_are_paired_over_seeds_and_unknown_ones_are_not_left_out(config):
    own = one_key(config, "batch", 64, 8)
    frame = windows({"control": 2.0, "technique": 1.0})
    (found,) = technique_energies(results(own, windows=frame), "batch")
    # Seeds differ by 1 %, their ratios not at all.
    assert found.measured.low == pytest.approx(-50)
    assert found.measured.high == pytest.approx(-50)
    dark = frame["energy_kwh"].mask((frame["model"] == "technique") & (frame["seed"] == 2))
    assert isinstance(technique_energies(results(own, windows=frame.assign(energy_kwh=dark)), "batch"), str)


def test_the_error_of_a_technique_is_that_of_the_worse_metric(config):
    own = one_key(config, "batch", 64, 8)
    days = make_days(day_noise=0.001, seed_noise=0, control=(0.5, 3), technique=(0.51, 3))
    days.loc[days["model"] == "technique", "absolute"] *= 1.1
    (found,) = technique_errors(results(own, days=days), "batch")
    assert found.of == "technique against control, MAE"
    assert found.measured.mean == pytest.approx(12.2, abs=0.2)


def test_a_ladder_that_begins_with_the_source_network_names_no_changed_one(config):
    own = one_key(config, "batch", 64, 8)
    assert results(own).reference_models == ["control"]
    assert results({**own, "ladder": None}).reference_models == ["control", "technique"]
