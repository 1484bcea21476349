"""The predictions of a study as one JSON document, written before any of its models is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wattshed.foundation.faults import Fault
from wattshed.law.predicting.prediction import Cost, Prediction

# Simpler laws of time that every prediction is held against; each is a form of law/efficiency.
RIVALS = ("affine", "roofline")
COSTS = ("step", "epoch", "training", "closed_form")


@dataclass(frozen=True)
class Predicted:
    """One model of the document.

    prediction: None where none can be made, for the reason ``why_none``; rivals_j: energy of step, epoch and training
    by each rival law [J]; by_kind_s: seconds of a step by kind of operation; step_flops: of one step.
    """

    model: str
    prediction: Prediction | None
    why_none: str | None
    rivals_j: Mapping[str, Mapping[str, float]]
    by_kind_s: Mapping[str, float]
    step_flops: float | None


def read_predictions(document: Mapping[str, Any]) -> list[Predicted]:
    """The models of a document. Raises :class:`Fault` for one that lacks a field."""
    try:
        return [_predicted(entry) for entry in document["models"]]
    except (KeyError, TypeError) as error:
        raise Fault(
            f"the predictions lack a field ({error!r}): expected what the rule predict writes; delete the file and run "
            "snakemake again."
        ) from error


def _predicted(entry: Mapping[str, Any]) -> Predicted:
    if entry["why_none"] is not None:
        return Predicted(entry["model"], None, entry["why_none"], {}, {}, None)
    found: dict[str, Any] = {part: None if entry[part] is None else Cost(**entry[part]) for part in COSTS}
    found |= {name: entry[name] for name in ("model", "steps_per_epoch", "epochs", "mass_g_per_j")}
    return Predicted(
        entry["model"],
        Prediction(**found),
        None,
        entry["rivals_j"],
        entry["by_kind_s"],
        entry["step_flops"],
    )
