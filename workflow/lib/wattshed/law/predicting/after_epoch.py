"""The same training predicted again once epochs were seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from wattshed.foundation.faults import Fault
from wattshed.law.predicting.prediction import Cost
from wattshed.law.predicting.step import NOTHING

if TYPE_CHECKING:
    from wattshed.law.predicting.prediction import Prediction

# A 90 % interval of a normal distribution reaches so many deviations.
Z90 = 1.645
# Deviation of an epoch's log energy from the training's mean, as long as too few were seen to tell; an assumption.
EPOCH_SPREAD = 0.03
# Smallest deviation of the prediction itself, so that what is seen always counts.
LEAST_PRIOR = 0.01
ENOUGH_EPOCHS = 3


def corrected(prediction: Prediction, epochs_seen_j: Sequence[float]) -> Cost:
    """The whole training [s, J]: what was seen, and the remaining epochs by the law times the ratio seen / predicted.

    The ratio is shrunk toward 1 as far as the prediction's own interval says (a normal prior on log energy); after one
    epoch little of the prior is left. The interval of the remaining epochs comes from the spread of those that were
    seen, and from an assumed one before three are known. Without any epoch it is the prediction. epochs_seen_j: own
    energy of each epoch with its look [J], without what is solved in closed form, in order. Raises :class:`Fault` for
    more epochs than the recipe allows and for energies that are not above 0.
    """
    seen = [float(one) for one in epochs_seen_j]
    if not seen:
        return prediction.training
    if len(seen) > prediction.epochs:
        raise Fault(
            f"{len(seen)} epochs of {prediction.model} were seen, but its recipe allows {prediction.epochs}: expected "
            "no more; predict again with the recipe that was trained."
        )
    for number, energy_j in enumerate(seen, start=1):
        if not math.isfinite(energy_j) or energy_j <= 0:
            raise Fault(
                f"epoch {number} of {prediction.model} took {energy_j} J: expected joules above 0; correct with epochs "
                "whose energy is known."
            )
    epoch = prediction.epoch
    ratios = [math.log(one / epoch.energy_j) for one in seen]
    noise = max(stdev(ratios), 0.2 * EPOCH_SPREAD) if len(ratios) >= ENOUGH_EPOCHS else EPOCH_SPREAD
    prior = max(math.log(epoch.energy_high_j / epoch.energy_j) / Z90, LEAST_PRIOR)
    trust = prior**2 / (prior**2 + noise**2 / len(ratios))
    ratio = trust * fmean(ratios)
    remaining = prediction.epochs - len(seen)
    # What the ratio's mean does not know, and what single epochs add to the mean of those that remain.
    error = math.sqrt(trust * noise**2 / len(ratios) + (noise**2 / remaining if remaining else 0.0))
    middle = remaining * math.exp(ratio)
    low, high = middle * math.exp(-Z90 * error), middle * math.exp(Z90 * error)
    done_j = sum(seen)
    # Power is that of the prediction: time is corrected by the same ratio.
    done_s = done_j * epoch.time_s / epoch.energy_j
    solved = prediction.closed_form or NOTHING
    return Cost(
        solved.time_s + done_s + middle * epoch.time_s,
        solved.time_low_s + done_s + low * epoch.time_s,
        solved.time_high_s + done_s + high * epoch.time_s,
        solved.energy_j + done_j + middle * epoch.energy_j,
        solved.energy_low_j + done_j + low * epoch.energy_j,
        solved.energy_high_j + done_j + high * epoch.energy_j,
    )
