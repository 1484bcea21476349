"""The laws of time by name, and the choice among them by grouped cross-validation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.law import Law
from wattshed.law.efficiency.linear import (
    AdditiveLaw,
    AffineLaw,
    CachedLaw,
    CachedProductLaw,
    PagedLaw,
    ProductLaw,
    RooflineLaw,
)
from wattshed.law.efficiency.mayaki import EfficiencyLaw
from wattshed.law.efficiency.sizes import Numbers, sizes_of
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.profile.device_profile import TimeLaw

# From the simplest on: of laws with the same error the first is taken.
LAWS: dict[str, Law] = {
    law.name: law
    for law in (
        AffineLaw(),
        RooflineLaw(),
        EfficiencyLaw(),
        AdditiveLaw(),
        ProductLaw(),
        CachedLaw(),
        CachedProductLaw(),
        PagedLaw(),
    )
}
# Those that are chosen among for one kind of operation; the others are fitted for several parts together.
CHOSEN_FORMS = tuple(name for name in LAWS if name != PagedLaw.name)
# A later law must be better than this share of an earlier one's error.
BETTER = 0.98


@dataclass(frozen=True)
class KernelPoints:
    """Measured times of one kind and direction: seconds of one call, and the group that each size belongs to."""

    kind: Kind
    direction: Direction
    operations: Sequence[Operation]
    time_s: Numbers
    groups: NDArray[np.generic]


@dataclass(frozen=True)
class LawScore:
    """A form's mean absolute relative error on left-out groups, or why it was not fitted."""

    form: str
    error_share: float | None
    law: TimeLaw | None
    why_none: str | None = None


def law_time_s(law: TimeLaw, operation: Operation) -> float:
    """Seconds of one call of an operation. Fault for a form of another version, and where it gives no time."""
    if law.form not in LAWS:
        raise Fault(f"the law {law.form!r} is unknown: expected one of {', '.join(LAWS)}; calibrate again")
    try:
        time_s = LAWS[law.form].time_s(law.coefficients, operation)
    except (ArithmeticError, KeyError, ValueError):
        time_s = math.nan
    if not 0 <= time_s < math.inf:
        raise Fault(
            f"the law {law.form} of {operation.kind} {operation.direction} gives no time for {operation.flops:.3g} "
            "FLOPs: expected coefficients that a calibration fitted, and sizes that a device can take; calibrate "
            "again, or give smaller sizes."
        )
    return time_s


def choose_law(points: KernelPoints, forms: Sequence[str] = CHOSEN_FORMS) -> tuple[TimeLaw, list[LawScore]]:
    """The form with the least error on left-out groups, and the score of every form.

    A form that cannot take the points is scored with its reason; Fault if no form can.
    """
    what = f"{points.kind} {points.direction}"
    if not forms:
        raise Fault(f"{what}: no form was given: choose from {', '.join(LAWS)}")
    sizes = sizes_of(points.operations)
    time_s = np.asarray(points.time_s, dtype=np.float64)
    scores = []
    for form in forms:
        if form not in LAWS:
            raise Fault(f"{what}: the law {form!r} is unknown: choose from {', '.join(LAWS)}")
        try:
            law = LAWS[form].fit_sizes(sizes, time_s, points.groups, what)
            scores.append(LawScore(form, law.error_share, law))
        except Fault as fault:
            scores.append(LawScore(form, None, None, str(fault)))
    best = None
    for score in scores:
        if score.law is not None and (best is None or score.law.error_share < BETTER * best.error_share):
            best = score.law
    if best is None:
        raise Fault(str(scores[0].why_none))
    return best, scores
