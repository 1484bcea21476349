"""Predictions against measurements: what is measured, and how a prediction is judged by it."""

import math

import pandas as pd
import pytest

from ledger_files import end, start, window
from made_law import make_compared, make_cost, make_document
from wattshed.accounts.predicted.compared import compared_frame, errors_by_model, of_epochs, standings
from wattshed.accounts.predicted.measured import measured_trainings
from wattshed.accounts.runs.runs import windows_frame
from wattshed.energy.ledger.writing import Ledger
from wattshed.foundation.faults import Fault
from wattshed.law.predicting.document import read_predictions

J = 1 / 3.6e6
STEPS = 10


def training(folder, energies_j, *, model="gru", seed=1, looking_s=0.2, repeated=()):
    """A ledger with one window of 1 s per epoch; repeated: numbers of epochs that a killed attempt had made before."""
    ledger = Ledger(folder / f"{model}-{seed}.jsonl", resumes=False)
    labels = {"model": model, "seed": seed}
    start(ledger, "job", "training", labels)
    for epoch, joules in [*((epoch, 99.0) for epoch in repeated), *enumerate(energies_j, start=1)]:
        window(
            ledger,
            "epoch",
            None if joules is None else joules * J,
            labels={**labels, "epoch": epoch},
            values={"looking_s": looking_s, "validation_rmse": 1.0},
        )
    end(ledger, 1.0)
    return folder / f"{model}-{seed}.jsonl"


def epochs_table(model="gru", seed=1, epochs=3):
    rows = {"model": model, "seed": seed, "epoch": range(1, epochs + 1), "steps": STEPS}
    return pd.DataFrame(rows)


def measured(folder, energies_j, **more):
    (one,) = measured_trainings(windows_frame([training(folder, energies_j, **more)]), epochs_table())
    return one


def test_a_step_is_an_epoch_without_its_look_over_its_steps(tmp_path):
    one = measured(tmp_path, [10.0, 20.0, 30.0])
    assert one.epochs_j == pytest.approx([10, 20, 30])
    assert one.step_j == pytest.approx(0.8 * 60 / (3 * STEPS))
    assert one.step_s == pytest.approx(0.8 * 3 / (3 * STEPS))
    assert one.training_j == pytest.approx(60)
    assert one.energy_status == "estimated"


def test_an_epoch_that_was_made_again_counts_once(tmp_path):
    one = measured(tmp_path, [10.0, 20.0, 30.0], repeated=(1, 2))
    assert one.epochs_j == pytest.approx([10, 20, 30])


def test_an_unknown_epoch_makes_the_training_unknown_and_never_cheaper(tmp_path):
    one = measured(tmp_path, [10.0, None, 30.0])
    assert math.isnan(one.training_j)
    assert math.isnan(one.step_j)
    assert one.training_s == pytest.approx(3)


def test_a_closed_form_is_one_fit_however_often_it_was_measured(tmp_path):
    ledger = Ledger(tmp_path / "ridge.jsonl", resumes=False)
    labels = {"model": "pooled_ridge", "seed": 1}
    start(ledger, "job", "training", labels)
    for trial, joules in ((1, 8.0), (2, 12.0)):
        window(ledger, "fit", joules * J, labels={**labels, "trial": trial}, repeats=4)
    end(ledger, 1.0)
    (one,) = measured_trainings(windows_frame([tmp_path / "ridge.jsonl"]), epochs_table())
    assert one.epochs_j == ()
    assert one.fit_j == pytest.approx(2.5)
    assert one.training_j == pytest.approx(2.5)
    assert one.fit_s == pytest.approx(0.25)


def predicted(**models):
    return read_predictions(make_document(models, epochs=3))


def test_rows_hold_prediction_measurement_interval_and_rivals(tmp_path):
    frame = compared_frame(predicted(gru=(1.8, STEPS)), [measured(tmp_path, [20.0, 20.0, 20.0])], power_w=8.0)
    step = frame.set_index("quantity").loc["step"]
    assert step["measured_j"] == pytest.approx(1.6)
    assert step["error_share"] == pytest.approx(1.8 / 1.6 - 1)
    assert step["inside"]
    assert step["affine_j"] == pytest.approx(1.1 * 1.8)
    assert step["roofline_j"] == pytest.approx(0.7 * 1.8)
    assert step["time_power_j"] == pytest.approx(0.08 * 8)
    assert list(frame["quantity"]) == ["step", "epoch", "training"]
    assert frame["why_none"].isna().all()


def test_a_measurement_outside_of_the_interval_is_told(tmp_path):
    frame = compared_frame(predicted(gru=(4.0, STEPS)), [measured(tmp_path, [20.0, 20.0, 20.0])], power_w=8.0)
    assert not frame.set_index("quantity").loc["step", "inside"]


def test_a_training_that_ended_early_is_compared_for_the_epochs_that_ran(tmp_path):
    (one,) = predicted(gru=(2.0, STEPS))
    frame = compared_frame([one], [measured(tmp_path, [21.0, 21.0])], power_w=8.0)
    row = frame.set_index("quantity").loc["training"]
    assert row["predicted_j"] == pytest.approx(2 * one.prediction.epoch.energy_j)
    assert row["allowed_j"] == pytest.approx(3 * one.prediction.epoch.energy_j)
    assert (row["epochs"], row["allowed_epochs"]) == (2, 3)
    assert row["affine_j"] == pytest.approx(1.1 * row["predicted_j"])
    assert row["error_share"] == pytest.approx(0, abs=1e-9)


def test_a_closed_form_is_part_of_a_training_that_ended_early():
    (one,) = predicted(gru=(2.0, STEPS))
    prediction = one.prediction.__class__(**{**vars(one.prediction), "closed_form": make_cost(5.0)})
    assert of_epochs(prediction, 2).training.energy_j == pytest.approx(2 * prediction.epoch.energy_j + 5)


def test_after_the_first_epoch_the_error_of_all_later_ones_shrinks(tmp_path):
    """The law is off by a half; what was seen in the first epoch corrects it."""
    frame = compared_frame(predicted(gru=(3.0, STEPS)), [measured(tmp_path, [21.0, 21.0, 21.0])], power_w=8.0)
    row = frame.set_index("quantity").loc["training"]
    assert row["error_share"] == pytest.approx(0.5)
    assert abs(row["after_error_share"]) < 0.2


def test_one_epoch_has_nothing_after_it(tmp_path):
    frame = compared_frame(predicted(gru=(2.0, STEPS)), [measured(tmp_path, [21.0])], power_w=8.0)
    assert frame["after_first_epoch_j"].isna().all()


def test_a_model_without_a_law_has_its_reason_and_its_measurement(tmp_path):
    document = make_document({})
    document["models"] = [{"model": "gru", "why_none": "no law for convolution."}]
    frame = compared_frame(read_predictions(document), [measured(tmp_path, [21.0])], power_w=8.0)
    (row,) = frame.to_dict("records")
    assert row["why_none"] == "no law for convolution."
    assert row["measured_j"] == pytest.approx(21)
    assert math.isnan(row["predicted_j"])
    assert errors_by_model(frame).empty


def test_an_unknown_measurement_is_neither_inside_nor_outside(tmp_path):
    frame = compared_frame(predicted(gru=(2.0, STEPS)), [measured(tmp_path, [21.0, None])], power_w=8.0)
    assert frame["inside"].isna().all()
    assert frame["error_share"].isna().all()


def test_predictions_without_a_field_are_refused_in_one_sentence():
    document = make_document({"gru": (2.0, STEPS)})
    del document["models"][0]["steps_per_epoch"]
    with pytest.raises(Fault, match=r"the predictions lack a field.*steps_per_epoch"):
        read_predictions(document)


def test_errors_are_means_over_seeds_and_standings_over_models():
    frame = make_compared({"a": (0.1, 10), "b": (2.0, 10)}, (1, 2))
    by_model = errors_by_model(frame)
    steps = frame[frame["quantity"] == "step"]
    for model, rows in steps.groupby("model"):
        row = by_model[(by_model["model"] == model) & (by_model["quantity"] == "step")].iloc[0]
        assert row["error"] == pytest.approx(rows["error_share"].abs().mean())
        assert row["affine_error"] == pytest.approx((rows["affine_j"] / rows["measured_j"] - 1).abs().mean())
        assert (row["n"], row["inside"]) == (2, rows["inside"].sum())
    found = standings(frame)
    assert found["law"] == pytest.approx(by_model[by_model["quantity"] == "step"]["error"].mean())
    assert found["time_power"] == pytest.approx(0.02)
    assert "after" not in found
    assert set(standings(frame, "training")) >= {"law", "after"}
