"""What steps take beyond the sum of their operations, and how far predictions of a left-out family are from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattshed.calibration.fits.joint import non_negative
from wattshed.calibration.fits.points import StepPoint, families
from wattshed.calibration.limits import TooFewSeconds
from wattshed.law.efficiency.laws import law_time_s
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.predicting.step import mean_power_w, updated_bytes
from wattshed.law.profile.device_profile import TimeLaw

Laws = Mapping[tuple[Kind, Direction], TimeLaw]
# Fewer steps cannot tell a factor from a start.
LEAST_STEPS = 4


@dataclass(frozen=True)
class StepTerms:
    """Seconds of a step = overhead_s + factor x sum of its operations + cold_byte_s x bytes of its update."""

    overhead_s: float = 0.0
    factor: float = 1.0
    cold_byte_s: float = 0.0

    def time_s(self, kernels_s: float, updated_bytes: float) -> float:
        return self.overhead_s + self.factor * kernels_s + self.cold_byte_s * updated_bytes


def kernels_s(operations: Sequence[Operation], laws: Laws) -> dict[Kind, float] | None:
    """Seconds by kind of all operations of a step; None if one of them has no law."""
    found: dict[Kind, float] = {}
    for one in operations:
        law = laws.get((one.kind, one.direction))
        if law is None:
            return None
        found[one.kind] = found.get(one.kind, 0.0) + law_time_s(law, one) * one.calls
    return found


def fit_step_terms(steps: Sequence[StepPoint], laws: Laws) -> StepTerms:
    """By non-negative least squares of relative errors. The plain sum for steps of which too few have laws."""
    known = [
        (sum(found.values()), updated_bytes(step.operations), step.time_s)
        for step in steps
        if (found := kernels_s(step.operations, laws)) is not None
    ]
    if len(known) < LEAST_STEPS:
        return StepTerms()
    sums, updated, time_s = np.array(known).T
    columns = np.stack([np.ones(len(sums)), sums, updated], axis=1)
    overhead_s, factor, cold_byte_s = non_negative(columns, time_s, "the steps")
    if factor <= 0:
        # Steps that differ less than their noise have no slope.
        return StepTerms(0.0, float(np.median(time_s / sums)))
    return StepTerms(float(overhead_s), float(factor), float(cold_byte_s))


def left_out_errors(
    steps: Sequence[StepPoint], laws: Laws, power_w: Mapping[str, float]
) -> dict[str, list[float]]:
    """ln(measured / predicted) of the energy of each step, by family, with step terms fitted without that family.

    A step whose energy is not known is compared by its time. Laws come from kernels and have seen no family's steps.
    """
    found: dict[str, list[float]] = {}
    for family in families(steps):
        terms = fit_step_terms([step for step in steps if step.family != family], laws)
        errors = []
        for step in steps:
            by_kind = kernels_s(step.operations, laws) if step.family == family else None
            if by_kind is None:
                continue
            predicted_s = terms.time_s(sum(by_kind.values()), updated_bytes(step.operations))
            measured, predicted = step.time_s, predicted_s
            if step.energy_j is not None and step.energy_j > 0:
                measured, predicted = step.energy_j, predicted_s * mean_power_w(by_kind, power_w)
            errors.append(math.log(measured / predicted))
        if errors:
            found[family] = errors
    return found


def without_law(steps: Sequence[StepPoint], laws: Laws) -> list[str]:
    """ "kind direction" of operations of the steps that have no law."""
    missing = {
        f"{one.kind} {one.direction}"
        for step in steps
        for one in step.operations
        if (one.kind, one.direction) not in laws
    }
    return sorted(missing)


def refit(steps: Sequence[StepPoint], laws: Laws) -> StepTerms:
    """The step terms of a profile. Raises :class:`Fault` if no step has a law for all its operations."""
    if steps and all(kernels_s(step.operations, laws) is None for step in steps):
        raise TooFewSeconds(
            f"no measured step has laws for all of its operations (missing: {', '.join(without_law(steps, laws))}): "
            "give the calibration more seconds."
        )
    return fit_step_terms(steps, laws)
