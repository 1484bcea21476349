"""The predictions of all models of a study, as the document that its rule writes before any training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from wattshed.calibration.studies.rivals import rival_profile
from wattshed.config.study import Study
from wattshed.foundation.faults import Fault
from wattshed.law.predicting.document import RIVALS
from wattshed.law.predicting.model import predict_model, step_operations
from wattshed.law.predicting.plan import PanelSizes
from wattshed.law.predicting.step import by_kind
from wattshed.law.profile.device_profile import DeviceProfile

Rivals = Mapping[str, DeviceProfile]


def predictions_document(study: Study, panel: PanelSizes, profile: DeviceProfile) -> dict[str, Any]:
    """Predictions of every model of the study; a model without one has its reason in ``why_none``."""
    rivals = {form: rival for form in RIVALS if (rival := rival_profile(profile, form)) is not None}
    return {
        "device": asdict(profile.device),
        "calibration": asdict(profile.calibration),
        "power_w": dict(profile.power_w),
        "panel": {"nodes": panel.nodes, "hours": study.data.windows.hours(panel.steps), "edges": panel.edges},
        "models": [_entry(study, name, panel, profile, rivals) for name in study.models],
    }


def _entry(
    study: Study, name: str, panel: PanelSizes, profile: DeviceProfile, rivals: Rivals
) -> dict[str, Any]:
    try:
        prediction = predict_model(study, name, panel, profile)
    except Fault as fault:
        return {"model": name, "why_none": str(fault)}
    return {
        **asdict(prediction),
        "why_none": None,
        "rivals_j": _by_rivals(study, name, panel, rivals),
        **_operations(study, name, panel, profile),
    }


def _by_rivals(study: Study, name: str, panel: PanelSizes, rivals: Rivals) -> dict[str, dict[str, float]]:
    """Energies by the rivals that have a law for every operation of the model."""
    found = {}
    for form, rival in rivals.items():
        try:
            prediction = predict_model(study, name, panel, rival)
        except Fault:
            continue
        found[form] = {part: getattr(prediction, part).energy_j for part in ("step", "epoch", "training")}
    return found


def _operations(study: Study, name: str, panel: PanelSizes, profile: DeviceProfile) -> dict[str, Any]:
    """Where the time of a step goes; nothing for a model that takes no steps."""
    operations = step_operations(study, name, panel, profile)
    if not operations:
        return {"by_kind_s": {}, "step_flops": None}
    return {
        "by_kind_s": {str(kind): seconds for kind, seconds in by_kind(operations, profile).items()},
        "step_flops": sum(operation.step_flops for operation in operations),
    }
