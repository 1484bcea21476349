"""Table: what the trainings were predicted to cost before they ran, against what they took."""

from typing import Any

import pandas as pd

from wattshed.accounts.predicted.compared import errors_by_model
from wattshed.foundation.vocabulary import Status
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import (
    MISSING,
    Cell,
    Column,
    Table,
    decimals,
    powers,
    powers_interval,
)
from wattshed.publish.typesetting.table_part import TablePart

ALL = "all models"
RIVALS = ("affine_error", "roofline_error", "time_power_error")
WHAT_NOTE = (
    "Predicted from the configuration, the panel's size and the device profile alone. A step is one update of the "
    "weights without looks at the validation part; a training has its looks and its closed form, and is predicted for "
    "as many epochs as ran (ran of allowed)."
)
ERROR_NOTE = (
    "Errors: absolute difference of prediction and measurement as a share of the measurement, mean over seeds. "
    "Within: seeds whose step was within the 90 % interval of the prediction."
)
RIVAL_NOTE = (
    "Affine, Roofline: the same operations by simpler laws of time, fitted to the same calibration. Time × power: "
    "the step's own measured time times the profile's power; it needs the training to have run. After 1 epoch: the "
    "training's energy, predicted again when its first epoch was known."
)

ESTIMATE_NOTE = (
    "Without a counter that can be read, the energy of the CPU is itself estimated from the processor's time and a "
    "stated power: what is predicted here is then mostly time."
)


def energy_predictions_table(compared: pd.DataFrame) -> Table:
    """One row per model, with means over seeds; a last row with the means of the errors over models."""
    frame = errors_by_model(compared)
    parts = {name: rows.set_index("model") for name, rows in frame.groupby("quantity", sort=False)}
    steps, trainings = (parts.get(name, frame.iloc[:0].set_index("model")) for name in ("step", "training"))
    known = list(dict.fromkeys(frame["model"]))
    rows = [_row(name, _of(steps, name), _of(trainings, name)) for name in known]
    if len(known) > 1:
        rows.append(_means(steps, trainings))
    columns = [
        Column("Model"),
        Column("n", numeric=True),
        Column("Step predicted", "J", numeric=True),
        Column("90 % interval", "J"),
        Column("Step measured", "J", numeric=True),
        Column("Step error", "%", numeric=True),
        Column("Within"),
        Column("Affine", "%", numeric=True),
        Column("Roofline", "%", numeric=True),
        Column("Time × power", "%", numeric=True),
        Column("Training predicted", "J", numeric=True),
        Column("Training measured", "J", numeric=True),
        Column("Training error", "%", numeric=True),
        Column("Epochs"),
        Column("After 1 epoch", "%", numeric=True),
    ]
    seeds = compared.groupby("model", observed=True)["seed"].nunique().sum() if len(compared) else 0
    caption = (
        f"Energy of training steps and trainings, predicted before they ran and measured, n = {seeds} trainings of "
        f"{compared['model'].nunique()} models."
    )
    notes = [WHAT_NOTE, ERROR_NOTE, RIVAL_NOTE, *_without(compared)]
    if compared["energy_status"].ne(Status.MEASURED).any():
        notes.append(ESTIMATE_NOTE)
    if not known:
        notes.insert(0, "No model of the study has a prediction.")
    return Table("energy_predictions", caption, columns, rows, notes)


def _of(frame: pd.DataFrame, model: str) -> dict[Any, Any]:
    return dict(frame.loc[model]) if model in frame.index else {}


def _row(model: str, step: dict[Any, Any], training: dict[Any, Any]) -> list[Cell]:
    either = training or step
    mark = energy_mark(either["energy_status"])
    epochs = MISSING
    if pd.notna(training.get("allowed_epochs")) and training["allowed_epochs"]:
        epochs = f"{training['epochs']:g} of {training['allowed_epochs']}"
    return [
        Cell(model),
        Cell(str(either["n"])),
        powers(step.get("predicted_j")),
        powers_interval(step.get("low_j"), step.get("high_j")),
        powers(step.get("measured_j"), mark=mark),
        _percent(step.get("error")),
        Cell(f"{step['inside']} of {step['n']}" if step and pd.notna(step["measured_j"]) else MISSING),
        *(_percent(step.get(name)) for name in RIVALS),
        powers(training.get("predicted_j")),
        powers(training.get("measured_j"), mark=mark),
        _percent(training.get("error")),
        Cell(epochs),
        _percent(training.get("after_error")),
    ]


def _means(steps: pd.DataFrame, trainings: pd.DataFrame) -> list[Cell]:
    seeds, within = (int(steps[name].sum()) if len(steps) else 0 for name in ("n", "inside"))
    blank = Cell("")
    return [
        Cell(ALL, best=True),
        blank,
        *(blank, blank, blank),
        _percent(steps["error"].mean()),
        Cell(f"{within} of {seeds}" if seeds else MISSING),
        *(_percent(steps[name].mean()) for name in RIVALS),
        *(blank, blank),
        _percent(trainings["error"].mean()),
        blank,
        _percent(trainings["after_error"].mean()),
    ]


def _percent(share: float | None) -> Cell:
    return decimals(None if share is None or pd.isna(share) else 100 * share, 1)


def _without(compared: pd.DataFrame) -> list[str]:
    """Why models have no prediction, each reason once with its models."""
    lacking = compared[compared["why_none"].notna()]
    reasons = lacking.groupby("why_none", sort=False)["model"].unique()
    return [f"Not predicted: {', '.join(models)}: {str(why).rstrip('.')}." for why, models in reasons.items()]


def _make(inputs: Inputs) -> Table:
    return energy_predictions_table(inputs.frame("compared_predictions"))


TABLE = TablePart(
    message="Make the table of predicted energies",
    caption="Energy of steps and trainings, predicted before they ran, against what they took.",
    inputs=("compared_predictions", "windows"),
    windows=("epoch", "fit"),
    make=_make,
)
