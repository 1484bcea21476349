"""Every prediction beside what was measured: one row per model, seed and quantity."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from wattshed.accounts.predicted.measured import MeasuredTraining
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.law.predicting.after_epoch import corrected
from wattshed.law.predicting.document import Predicted
from wattshed.law.predicting.prediction import Cost, Prediction

QUANTITIES = ("step", "epoch", "training")
RIVAL_COLUMNS = ("affine_j", "roofline_j", "time_power_j")
TYPES = {
    **dict.fromkeys(("model", "quantity", "energy_status", "why_none"), "object"),
    **dict.fromkeys(("seed", "steps", "epochs", "allowed_epochs"), "Int64"),
    **dict.fromkeys(
        (
            *("predicted_j", "low_j", "high_j", "measured_j", "error_share"),
            *("predicted_s", "measured_s", "error_s_share"),
            *("after_first_epoch_j", "after_low_j", "after_high_j", "after_error_share"),
            *("allowed_j", *RIVAL_COLUMNS),
        ),
        "float64",
    ),
    **dict.fromkeys(("inside", "after_inside"), "boolean"),
}
COLUMNS = (
    *("model", "seed", "quantity", "predicted_j", "low_j", "high_j", "measured_j", "error_share", "inside"),
    *("after_first_epoch_j", "after_low_j", "after_high_j", "after_error_share", "after_inside"),
    *("affine_j", "roofline_j", "time_power_j", "predicted_s", "measured_s", "error_s_share"),
    *("steps", "epochs", "allowed_epochs", "allowed_j", "energy_status", "why_none"),
)


def compared_frame(
    predicted: Sequence[Predicted], trainings: Sequence[MeasuredTraining], power_w: float
) -> pd.DataFrame:
    """One row per model, seed and quantity (step, epoch, training), in the order of the predictions.

    ``error_share`` is predicted over measured less 1; ``inside`` whether the measurement is within the 90 % interval.
    Training: for as many epochs as ran, since a recipe that ends early says nothing of the law; ``allowed_j`` is the
    prediction for all epochs that it allows. ``after_first_epoch_j``: the same training, predicted once its first epoch
    was seen; of trainings of two or more epochs alone. ``time_power_j``: measured time times ``power_w``, the power
    of the profile [W]: it needs the training to have run, and so bounds what can be predicted. A model without a
    prediction has one row per seed with ``why_none``.
    """
    found = {training_key(one): one for one in trainings}
    rows = []
    for one in predicted:
        own = [training for (model, _), training in found.items() if model == one.model]
        for training in own:
            rows += _rows(one, training, power_w)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({name: TYPES[name] for name in COLUMNS})


def training_key(training: MeasuredTraining) -> tuple[str, int]:
    return training.model, training.seed


def _rows(one: Predicted, training: MeasuredTraining, power_w: float) -> list[dict[str, Any]]:
    base = {
        "model": training.model,
        "seed": training.seed,
        "steps": training.steps,
        "epochs": len(training.epochs_j),
        "energy_status": str(training.energy_status),
    }
    if one.prediction is None:
        spent = {"measured_j": training.training_j, "measured_s": training.training_s}
        return [{**base, "quantity": "training", **spent, "why_none": one.why_none}]
    prediction = one.prediction
    base["allowed_epochs"] = prediction.epochs
    epochs = len(training.epochs_j)
    rows = []
    if epochs:
        shares = {
            "step": _Shown(prediction.step, training.step_j, training.step_s),
            "epoch": _Shown(prediction.epoch, _mean(training.epochs_j), _mean(training.epochs_s)),
        }
        rows += [
            {**base, "quantity": name, **shown.columns(power_w), **_rivals(one, name)}
            for name, shown in shares.items()
        ]
    ran = of_epochs(prediction, epochs)
    shown = _Shown(ran.training, training.training_j, training.training_s)
    rows.append(
        {
            **base,
            "quantity": "training",
            **shown.columns(power_w),
            **_rivals(one, "training", ran.training.energy_j),
            "allowed_j": prediction.training.energy_j,
            **_after_first_epoch(ran, training),
        }
    )
    return rows


@dataclass(frozen=True)
class _Shown:
    """A prediction and its measurement."""

    cost: Cost
    measured_j: float
    measured_s: float

    def columns(self, power_w: float) -> dict[str, Any]:
        cost = self.cost
        return {
            "predicted_j": cost.energy_j,
            "low_j": cost.energy_low_j,
            "high_j": cost.energy_high_j,
            "measured_j": self.measured_j,
            "error_share": _share(cost.energy_j, self.measured_j),
            "inside": _inside(cost, self.measured_j),
            "predicted_s": cost.time_s,
            "measured_s": self.measured_s,
            "error_s_share": _share(cost.time_s, self.measured_s),
            "time_power_j": self.measured_s * power_w,
        }


def of_epochs(prediction: Prediction, epochs: int) -> Prediction:
    """The prediction for a training that ended after so many epochs."""
    if not prediction.epochs or epochs == prediction.epochs:
        return prediction
    training = prediction.epoch.times(epochs)
    if prediction.closed_form is not None:
        training = _sum(training, prediction.closed_form)
    return replace(prediction, epochs=epochs, training=training)


def _sum(first: Cost, second: Cost) -> Cost:
    return Cost(*(getattr(first, name) + getattr(second, name) for name in Cost.__dataclass_fields__))


def _after_first_epoch(prediction: Prediction, training: MeasuredTraining) -> dict[str, Any]:
    """The training's energy, predicted when one epoch has been seen; nothing where no further one ran."""
    if len(training.epochs_j) < 2 or not math.isfinite(training.epochs_j[0]):
        return {}
    try:
        cost = corrected(prediction, training.epochs_j[:1])
    except Fault:
        return {}
    return {
        "after_first_epoch_j": cost.energy_j,
        "after_low_j": cost.energy_low_j,
        "after_high_j": cost.energy_high_j,
        "after_error_share": _share(cost.energy_j, training.training_j),
        "after_inside": _inside(cost, training.training_j),
    }


def _rivals(one: Predicted, quantity: str, ran_j: float | None = None) -> dict[str, float]:
    """Energies by the rivals; of a training scaled like the prediction to the epochs that ran."""
    assert one.prediction is not None
    whole_j = getattr(one.prediction, quantity).energy_j
    scale = 1.0 if ran_j is None or not whole_j else ran_j / whole_j
    return {f"{name}_j": scale * energies[quantity] for name, energies in one.rivals_j.items()}


def _share(predicted: float, measured: float) -> float | None:
    return predicted / measured - 1 if measured > 0 and math.isfinite(measured) else None


def _inside(cost: Cost, measured_j: float) -> bool | None:
    return cost.energy_low_j <= measured_j <= cost.energy_high_j if math.isfinite(measured_j) else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def errors_by_model(compared: pd.DataFrame) -> pd.DataFrame:
    """One row per model and quantity: means over seeds of energies, of absolute errors and of those of the rivals.

    ``inside``, ``n``: how many seeds were within the interval, and of how many. Rivals' errors are ``affine_error``,
    ``roofline_error`` and ``time_power_error``, absolute shares like ``error``.
    """
    known = compared[compared["why_none"].isna()].copy()
    for name in RIVAL_COLUMNS:
        known[name.replace("_j", "_error")] = (known[name] / known["measured_j"] - 1).abs()
    known["error"] = known["error_share"].abs()
    known["after_error"] = known["after_error_share"].abs()
    return known.groupby(["model", "quantity"], sort=False, observed=True, as_index=False).agg(
        n=("seed", "size"),
        **{name: (name, "mean") for name in MEANS},
        inside=("inside", "sum"),
        after_inside=("after_inside", "sum"),
        after_n=("after_error", "count"),
        epochs=("epochs", "mean"),
        allowed_epochs=("allowed_epochs", "max"),
        energy_status=("energy_status", _worst),
    )


MEANS = (
    *("predicted_j", "low_j", "high_j", "measured_j", "error_share", "error"),
    *("after_first_epoch_j", "after_error_share", "after_error"),
    *("affine_error", "roofline_error", "time_power_error"),
)


def _worst(statuses: pd.Series) -> str:
    order = [str(status) for status in Status]
    return max(map(str, statuses), key=lambda status: order.index(status) if status in order else len(order))


def standings(compared: pd.DataFrame, quantity: str = "step") -> Mapping[str, float]:
    """Mean absolute error over models of the law, of its rivals and of the correction after the first epoch.

    Each over the models that it and the law both have; a rival that no model has is left out.
    """
    own = errors_by_model(compared)
    own = own[own["quantity"] == quantity]
    names = {
        "law": "error",
        "affine": "affine_error",
        "roofline": "roofline_error",
        "time_power": "time_power_error",
    }
    names["after"] = "after_error"
    return {name: float(own[column].mean()) for name, column in names.items() if own[column].notna().any()}
