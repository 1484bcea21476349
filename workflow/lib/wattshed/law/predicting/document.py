"""The predictions of a study as one JSON document, written before any of its models is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from wattshed.foundation.faults import Fault
from wattshed.law.predicting.prediction import Cost, Prediction

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.law.predicting.plan import PanelSizes
    from wattshed.law.profile.device_profile import DeviceProfile

# Simpler laws of time that every prediction is held against; each is a form of law/efficiency.
RIVALS = ("affine", "roofline")


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


def predictions_document(study: Study, panel: PanelSizes, profile: DeviceProfile) -> dict[str, Any]:
    """Predictions of every model of the study; a model without one has its reason in ``why_none``."""
    return {
        "device": asdict(profile.device),
        "calibration": asdict(profile.calibration),
        "power_w": dict(profile.power_w),
        "panel": asdict(panel),
        "models": [_entry(study, name, panel, profile) for name in study.models],
    }


def _entry(study: Study, name: str, panel: PanelSizes, profile: DeviceProfile) -> dict[str, Any]:
    from wattshed.law.predicting.model import predict_model

    try:
        prediction = predict_model(study, name, panel, profile)
    except Fault as fault:
        return {"model": name, "why_none": str(fault)}
    return {
        **asdict(prediction),
        "why_none": None,
        "rivals_j": _rivals(study, name, panel, profile),
        **_operations(study, name, panel, profile),
    }


def _rivals(
    study: Study, name: str, panel: PanelSizes, profile: DeviceProfile
) -> dict[str, dict[str, float]]:
    """Energies by the rival laws that the profile has for every operation of the model."""
    from wattshed.law.predicting.model import predict_model
    from wattshed.law.predicting.rivals import rival_profile

    found = {}
    for form in RIVALS:
        rival = rival_profile(profile, form)
        if rival is None:
            continue
        try:
            prediction = predict_model(study, name, panel, rival)
        except Fault:
            continue
        found[form] = {part: getattr(prediction, part).energy_j for part in ("step", "epoch", "training")}
    return found


def _operations(study: Study, name: str, panel: PanelSizes, profile: DeviceProfile) -> dict[str, Any]:
    """Where the time of a step goes; nothing for a model that takes no steps."""
    from wattshed.law.predicting.model import step_operations
    from wattshed.law.predicting.step import by_kind

    operations = step_operations(study, name, panel, profile)
    if not operations:
        return {"by_kind_s": {}, "step_flops": None}
    return {
        "by_kind_s": {str(kind): seconds for kind, seconds in by_kind(operations, profile).items()},
        "step_flops": sum(operation.step_flops for operation in operations),
    }


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
    costs = {part: None if entry[part] is None else Cost(**entry[part]) for part in COSTS}
    plain = {name: entry[name] for name in ("model", "steps_per_epoch", "epochs", "mass_g_per_j")}
    return Predicted(
        entry["model"],
        Prediction(**plain, **costs),
        None,
        entry["rivals_j"],
        entry["by_kind_s"],
        entry["step_flops"],
    )


COSTS = ("step", "epoch", "training", "closed_form")
