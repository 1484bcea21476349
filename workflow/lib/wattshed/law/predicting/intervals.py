"""90 % intervals of predictions, from the errors of families that were left out.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): the width is a quantile of absolute log errors that were
not used in any fit, at the rank that a finite sample needs. Beyond the sizes of the calibration nothing was measured,
and intervals grow with the distance: that part is an assumption, not a guarantee.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wattshed.law.efficiency.laws import law_time_s

if TYPE_CHECKING:
    from wattshed.law.operations.operation import Operation
    from wattshed.law.profile.device_profile import DeviceProfile

COVERAGE = 0.9
# Half-width on a log scale where too few errors are known for the rank: predictions may be off by a factor of two.
UNKNOWN_HALF_WIDTH = math.log(2)
# Growth of the half-width per e-fold outside the calibrated FLOPs, weighted by the operation's share of time.
WIDER_PER_E_FOLD = 0.15

MOST_HALF_WIDTH = 300.0


def conformal_half_width(log_errors: Mapping[str, Sequence[float]], coverage: float = COVERAGE) -> float:
    """Half-width on a log scale that covers a new step's error with at least ``coverage``.

    log_errors: ln(measured / predicted) of left-out steps by family. Every family weighs alike, however many steps it
    has, because the next model may be of any. With n errors of equal weight this is the absolute error of rank
    ceil(coverage (n + 1)). With fewer than coverage / (1 - coverage) errors no finite width is sure; then it is the
    largest error, at least :data:`UNKNOWN_HALF_WIDTH`. Raises ValueError for a coverage outside (0, 1) and for errors
    that are not finite.
    """
    if not 0 < coverage < 1:
        raise ValueError(f"the coverage is {coverage}; expected a share between 0 and 1; correct it")
    weighted: list[tuple[float, float]] = []
    families = [errors for errors in log_errors.values() if len(errors)]
    for errors in families:
        weighted += [(abs(float(error)), 1 / len(errors)) for error in errors]
    if not all(math.isfinite(error) for error, _ in weighted):
        raise ValueError(
            "an error of the calibration is not a finite number; expected log errors; calibrate again"
        )
    count = len(weighted)
    largest = max((error for error, _ in weighted), default=0.0)
    if count < coverage / (1 - coverage) - 1e-9:
        return max(largest, UNKNOWN_HALF_WIDTH)
    # The finite-sample rank as a share of the weights: ceil(coverage (n + 1)) / n for equal weights.
    needed = len(families) * min(1.0, math.ceil(coverage * (count + 1) - 1e-9) / count)
    reached = 0.0
    for error, weight in sorted(weighted):
        reached += weight
        if reached >= needed - 1e-9:
            return error
    return largest


def outside_e_folds(operations: Sequence[Operation], profile: DeviceProfile) -> float:
    """How far a step is outside the calibrated FLOPs: mean over its time of |ln(FLOPs / nearest calibrated FLOPs)|.

    0 where every operation has a size between the smallest and the largest that its law was fitted to.
    """
    total_s = distance = 0.0
    for one in operations:
        law = profile.laws[one.kind, one.direction]
        own_s = law_time_s(law, one) * one.calls
        total_s += own_s
        if one.flops > 0 and law.flops_low > 0:
            nearest = min(max(one.flops, law.flops_low), law.flops_high)
            distance += own_s * abs(math.log(one.flops / nearest))
    return distance / total_s if total_s > 0 else 0.0


def half_width_of(operations: Sequence[Operation], profile: DeviceProfile) -> float:
    """Half-width on a log scale for these operations. Every one must have a law."""
    return conformal_half_width(profile.log_errors) + WIDER_PER_E_FOLD * outside_e_folds(operations, profile)


def spread(half_width: float) -> tuple[float, float]:
    """Factors from a prediction to the ends of its interval."""
    # Wider than any prediction can be wrong, and still a number.
    width = min(half_width, MOST_HALF_WIDTH)
    return math.exp(-width), math.exp(width)
