"""Budgets take the prediction before the first epoch: a training that cannot keep them does not begin."""

import json

import pandas as pd
import pytest

from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.budget.budget import VARIABLE, Limit
from wattshed.energy.budget.predicted import VARIABLE as PREDICTIONS
from wattshed.energy.budget.predicted import PredictedTraining
from wattshed.foundation.faults import Fault
from wattshed.training.spec import ModelSpec

RECIPE = RecipeBlock(
    sampling="pairs",
    batch=64,
    epochs=2,
    steps_per_epoch=10,
    learning_rate=5e-3,
    schedule="cosine",
    scaling="node",
)
SPEC = ModelSpec("model", 1, model_block(form="stgnn"), RECIPE, WindowsBlock(look_back_h=12, horizon_h=3))
J_PER_KWH = 3.6e6
RUN = Limit("run's budget of 1 kWh", 1.0)


def predictions(folder, model, kwh, low, high):
    cost = {"energy_j": kwh * J_PER_KWH, "energy_low_j": low * J_PER_KWH, "energy_high_j": high * J_PER_KWH}
    path = folder / "predictions.json"
    path.write_text(
        json.dumps({"models": [{"model": model, "training": cost}, {"model": "x", "why_none": "no law"}]})
    )
    return path


@pytest.mark.parametrize(
    ("low_kwh", "limit", "kept"),
    [
        (0.9, RUN, True),
        (1.0, RUN, True),
        (1.1, RUN, False),
        (0.4, Limit("study's budget of 1 kWh", 1.0, before_kwh=0.7, of_study=True), False),
        (0.2, Limit("study's budget of 1 kWh", 1.0, before_kwh=0.7, of_study=True), True),
    ],
)
def test_the_low_end_of_the_interval_decides(low_kwh, limit, kept):
    said = PredictedTraining(2.0, low_kwh, 3.0).broken([limit])
    assert (said is None) == kept
    if said is not None:
        assert limit.text in said
        assert "2 kWh" in said
        assert ("0.7 kWh before" in said) == bool(limit.before_kwh)


def test_the_prediction_of_the_model_is_read(tmp_path):
    path = predictions(tmp_path, "gru", 2.0, 1.5, 2.5)
    here = {PREDICTIONS: str(path)}
    found = PredictedTraining.from_environment("gru", here)
    assert (found.kwh, found.low_kwh, found.high_kwh) == (2.0, 1.5, 2.5)
    # A model without a law, a model that the document lacks, no document, and no variable.
    assert PredictedTraining.from_environment("x", here) is None
    assert PredictedTraining.from_environment("y", here) is None
    assert PredictedTraining.from_environment("gru", {PREDICTIONS: str(tmp_path / "none.json")}) is None
    assert PredictedTraining.from_environment("gru", {}) is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"models": 3}', '{"models": [{"model": "gru", "training": {"energy_j": 1}}]}']
)
def test_a_damaged_document_is_one_sentence(tmp_path, text):
    path = tmp_path / "predictions.json"
    path.write_text(text)
    with pytest.raises(Fault, match=r"predictions in .* cannot be read"):
        PredictedTraining.from_environment("gru", {PREDICTIONS: str(path)})


def test_a_training_that_cannot_keep_its_budget_does_not_begin(task, graph, metering, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, json.dumps({"run_kwh": 1.0}))
    monkeypatch.setenv(PREDICTIONS, str(predictions(tmp_path, SPEC.name, 5.0, 4.0, 6.0)))
    with pytest.raises(
        Fault, match=r"5 kWh \(4 to 6\) predicted for the whole training.*nothing was trained"
    ):
        train_into(tmp_path, task, graph, metering, SPEC)
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_prediction_within_the_budget_changes_nothing(task, graph, metering, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, json.dumps({"run_kwh": 1.0}))
    monkeypatch.setenv(PREDICTIONS, str(predictions(tmp_path, SPEC.name, 0.5, 0.4, 1.6)))
    train_into(tmp_path, task, graph, metering, SPEC)
    assert len(pd.read_parquet(tmp_path / "epochs.parquet")) == RECIPE.epochs
