"""Held-out steps against the law and its rivals: each family is predicted by what was measured of the others.

The laws of kernels have seen no step. Step terms, rivals, powers and widths of intervals come from the calibration's
steps of the other families; the steps that are judged are in neither.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from wattshed.calibration.fits.points import StepPoint, families
from wattshed.calibration.fits.step_terms import fit_step_terms, left_out_errors
from wattshed.calibration.studies.rivals import rival_profile
from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.laws import LAWS
from wattshed.law.efficiency.sizes import Sizes, sizes_from
from wattshed.law.operations.operation import Kind
from wattshed.law.predicting.after_epoch import corrected
from wattshed.law.predicting.prediction import Cost, Prediction
from wattshed.law.predicting.step import predict_step
from wattshed.law.profile.device_profile import DeviceProfile

# Laws of one form for every kernel, composed as ours are, and then models of whole steps.
BY_KERNEL = ("affine", "roofline", "efficiency")
RIVALS = (
    *(f"{form}_kernels" for form in BY_KERNEL),
    *("affine", "roofline", "efficiency", "boosting", "time_power"),
)
EPOCHS = 4
Predict = Callable[[StepPoint], float]


@dataclass(frozen=True)
class HeldOut:
    """A step that no fit has seen, and joules per step in windows after one another: its epochs."""

    step: StepPoint
    epochs_j: tuple[float, ...]


def judged_rows(
    profile: DeviceProfile, calibration: Sequence[StepPoint], held_out: Sequence[HeldOut]
) -> list[dict[str, Any]]:
    """One row per held-out step: measured and predicted joules, the interval, and every rival's joules."""
    rows = []
    for family in families([one.step for one in held_out]):
        others = [step for step in calibration if step.family != family]
        law = without_family(profile, others)
        rivals = by_kernel(profile, others) | rivals_of(others)
        for one in held_out:
            if one.step.family != family:
                continue
            cost = predict_step(one.step.operations, law)
            measured_j = float(np.mean(one.epochs_j))
            rows.append(
                {
                    "family": family,
                    "source": one.step.source,
                    "size": dict(one.step.size),
                    "time_s": one.step.time_s,
                    "predicted_s": cost.time_s,
                    "measured_j": measured_j,
                    "law_j": cost.energy_j,
                    "low_j": cost.energy_low_j,
                    "high_j": cost.energy_high_j,
                    "inside": cost.energy_low_j <= measured_j <= cost.energy_high_j,
                    "after_error_share": after_first_epoch(cost, one.epochs_j),
                    **{f"{name}_j": predict(one.step) for name, predict in rivals.items()},
                }
            )
    return rows


def without_family(profile: DeviceProfile, others: Sequence[StepPoint]) -> DeviceProfile:
    """The profile as it would be if a family's steps had never been measured."""
    terms = fit_step_terms(others, profile.laws)
    return replace(
        profile,
        overhead_s=terms.overhead_s,
        step_factor=terms.factor,
        cold_byte_s=terms.cold_byte_s,
        log_errors=left_out_errors(others, profile.laws, profile.power_w),
    )


def after_first_epoch(cost: Cost, epochs_j: Sequence[float]) -> float:
    """Error of a training of several epochs, predicted when its first one was seen."""
    count = len(epochs_j)
    prediction = Prediction("step", cost, cost, cost.times(count), None, 1, count)
    return corrected(prediction, epochs_j[:1]).energy_j / sum(epochs_j) - 1


def by_kernel(profile: DeviceProfile, others: Sequence[StepPoint]) -> dict[str, Predict]:
    """The same composition with one form of law for every kernel, fitted to the same kernels and steps."""
    found: dict[str, Predict] = {}
    for form in BY_KERNEL:
        rival = rival_profile(profile, form)
        if rival is not None:
            found[f"{form}_kernels"] = _of_profile(without_family(rival, others))
    return found


def _of_profile(profile: DeviceProfile) -> Predict:
    def predict(step: StepPoint) -> float:
        try:
            return predict_step(step.operations, profile).energy_j
        except Fault:
            return math.nan  # the form could not be fitted to one of the step's operations

    return predict


def rivals_of(others: Sequence[StepPoint]) -> dict[str, Predict]:
    """Simpler predictions of a step's joules, each fitted to whole steps of the same families."""
    found: dict[str, Predict] = {}
    time_s = np.array([step.time_s for step in others])
    energy_j = np.array([energy_of(step) for step in others])
    power_w = float(np.median(energy_j / time_s))
    for form in ("affine", "roofline", "efficiency"):
        try:
            coefficients = LAWS[form].fitted(_sizes(others), time_s, form)
        except Fault:
            continue
        found[form] = _of_form(form, coefficients, power_w)
    found["boosting"] = _boosting(others, energy_j)
    found["time_power"] = lambda step: step.time_s * power_w
    return found


def energy_of(step: StepPoint) -> float:
    if step.energy_j is None:
        raise Fault(
            "the energy of a step is not known: expected a sensor that works; wattshed doctor says what to do."
        )
    return step.energy_j


def _sizes(steps: Sequence[StepPoint]) -> Sizes:
    flops = [sum(one.step_flops for one in step.operations) for step in steps]
    moved = [sum(one.step_bytes for one in step.operations) for step in steps]
    return sizes_from(flops, moved)


def _of_form(form: str, coefficients: Any, power_w: float) -> Predict:
    return lambda step: float(LAWS[form].times_s(coefficients, _sizes([step]))[0]) * power_w


def _features(step: StepPoint) -> list[float]:
    """Logarithms of a step's FLOPs and bytes, of its FLOPs by kind, and of its calls and dependent hours."""
    own = dict.fromkeys(Kind, 0.0)
    for one in step.operations:
        own[one.kind] += one.step_flops
    whole = (
        sum(own.values()),
        sum(one.step_bytes for one in step.operations),
        sum(one.calls for one in step.operations),
        sum(one.calls * one.dependent_steps for one in step.operations),
    )
    return [math.log1p(value) for value in (*whole, *own.values())]


def _boosting(others: Sequence[StepPoint], energy_j: Any) -> Predict:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(random_state=0, min_samples_leaf=5)
    model.fit(np.array([_features(step) for step in others]), np.log(energy_j))
    return lambda step: float(np.exp(model.predict(np.array([_features(step)]))[0]))


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """By family, and for ``all``: mean absolute errors of the law and its rivals, coverage, and after one epoch.

    The errors of ``all`` are means over families, so that none counts more because it was measured more.
    """
    names = list(dict.fromkeys(row["family"] for row in rows))
    found = {name: _summary([row for row in rows if row["family"] == name]) for name in names}
    keys = [key for key in next(iter(found.values())) if key != "n"]
    found["all"] = {"n": len(rows)} | {
        key: float(np.mean([found[name][key] for name in names if key in found[name]])) for key in keys
    }
    return found


def _summary(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    measured = np.array([row["measured_j"] for row in rows])
    shown: dict[str, float] = {"n": len(rows)}
    for name in ("law", *RIVALS):
        if f"{name}_j" in rows[0]:
            predicted = np.array([row[f"{name}_j"] for row in rows])
            shown[name] = float(np.nanmean(np.abs(predicted / measured - 1)))
    times = np.array([(row["predicted_s"], row["time_s"]) for row in rows])
    shown["law_time"] = float(np.mean(np.abs(times[:, 0] / times[:, 1] - 1)))
    shown["inside"] = float(np.mean([row["inside"] for row in rows]))
    shown["after"] = float(np.mean([abs(row["after_error_share"]) for row in rows]))
    return shown
