"""The limits of a workload, and which settings keep them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.plan_table import Constraint, plan_constraint
from wattshed.clocks.choosing.rules.metrics import METRICS
from wattshed.clocks.contamination.usable import LEAST_REPEATS
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.clocks.choosing.estimates import Estimates
    from wattshed.config.clocks.block import ClocksBlock
    from wattshed.config.clocks.choice import ConstraintBlock

# Shares of settings are compared to within rounding.
ROUNDING = 1e-9
SHARES = ("lowest_share", "highest_share", "least_saving_share", "most_energy_share")


def limits_for(block: "ClocksBlock", workload: str) -> Limits:
    """The configured limits of a workload: its own entry, else the entry ``default``, else those of all."""
    choice = block.choice
    limits: dict[str, Any] = {
        "max_slowdown_share": block.max_slowdown_share,
        "lowest_share": choice.lowest_share,
        "metric": choice.metric,
    }
    source = "stated"
    own: Constraint | ConstraintBlock | None = None
    if choice.constraints == "plan":
        own, source = plan_constraint(workload), "plan"
    elif isinstance(choice.constraints, dict):
        found = next((name for name in (workload, "default") if name in choice.constraints), None)
        if found is not None:
            own, source = choice.constraints[found], f"constraints.{found}"
    if own is not None:
        limits |= {key: value for key in limits if (value := getattr(own, key)) is not None}
    return Limits(
        **limits,
        highest_share=choice.highest_share,
        least_saving_share=choice.least_saving_share,
        must_be_stable=choice.must_be_stable,
        source=source,
        relative_to=choice.relative_to,
        energy_weight=choice.weights.energy,
        time_weight=choice.weights.time,
        most_energy_share=choice.epsilon.most_energy_share,
        most_time_share=choice.epsilon.most_time_share,
    )


def check_limits(limits: Limits) -> None:
    """Raise :class:`Fault` for limits that no choice can be made under."""
    share = limits.max_slowdown_share
    if not 0 <= share < 1:
        raise Fault(f"the slowdown limit is {share}; expected a share from 0 up to 1, such as 0.05.")
    for name in SHARES:
        value = getattr(limits, name)
        if value is not None and not 0 <= value <= 1:
            raise Fault(f"{name} is {value}; expected a share from 0 to 1.")
    lowest, highest = band(limits)
    if lowest > highest:
        raise Fault(
            f"the band is from {lowest:g} to {highest:g} of the maximum; expected lowest_share below "
            "highest_share."
        )
    if limits.metric not in METRICS:
        raise Fault(f"the metric is {limits.metric!r}; expected one of {', '.join(METRICS)}.")
    weights = (limits.energy_weight, limits.time_weight)
    if min(weights) < 0 or not sum(weights) > 0:
        raise Fault(f"the weights are {weights}; expected two numbers from 0, not both 0.")


def band(limits: Limits) -> tuple[float, float]:
    """Lowest and highest share of the maximum."""
    lowest = 0.0 if limits.lowest_share is None else limits.lowest_share
    highest = 1.0 if limits.highest_share is None else limits.highest_share
    return lowest, highest


@dataclass(frozen=True)
class Feasible:
    """Which settings [C] keep each limit by the data (the last one is the maximum), and which draws' settings [B, C]
    may be chosen.

    point: by the estimate alone. shown: the slowdown is within the limit with 95 % certainty. repeated: it has enough
    repeats. in_band: between lowest and highest share. stable: the neighbours in the sweep, where there are
    any, are within the slowdown limit by their estimates. allowed: draws in which the setting itself keeps the slowdown
    limit, of settings that keep all others. within: as ``allowed``, by the slowdown and repeats alone.
    """

    point: np.ndarray
    shown: np.ndarray
    repeated: np.ndarray
    in_band: np.ndarray
    stable: np.ndarray
    within: np.ndarray
    allowed: np.ndarray

    @property
    def any_setting(self) -> np.ndarray:
        """Draws' settings [B, C] without limits: all that were repeated often enough."""
        return np.broadcast_to(self.repeated, self.allowed.shape)


def feasible(estimates: "Estimates", limits: Limits) -> Feasible:
    """Judge all settings; the maximum always keeps a slowdown limit that is relative to it."""
    draws, high = estimates.slowdown_against(limits.relative_to)
    point = draws[0] <= limits.max_slowdown_share
    shown = high <= limits.max_slowdown_share
    repeated = estimates.counts >= LEAST_REPEATS
    repeated[-1] = True
    share = estimates.settings / estimates.settings[-1]
    lowest, highest = band(limits)
    in_band = (share >= lowest - ROUNDING) & (share <= highest + ROUNDING)
    stable = _stable(point, estimates.counts > 0)
    within = (draws <= limits.max_slowdown_share) & shown & repeated
    allowed = within & in_band
    if limits.must_be_stable:
        allowed = allowed & stable
    return Feasible(point, shown, repeated, in_band, stable, within, allowed)


def _stable(point: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Whether the next measured settings to both sides keep the limit; a missing neighbour is not held against it."""
    places = np.flatnonzero(measured)
    kept = np.concatenate([[True], point[places], [True]])
    stable = point.copy()
    stable[places] = kept[1:-1] & kept[:-2] & kept[2:]
    return stable
