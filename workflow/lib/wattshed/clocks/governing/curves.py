"""Slowdown and power of each phase against the clock, as a user knows them: from a sweep of each phase alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class PhaseCurve:
    """Estimates for one phase. settings: ascending, the last one the maximum.

    slowdown: T(f)/T(fmax) - 1 of each setting; energy: E(f)/E(fmax); power_w: E(f)/T(f).
    """

    settings: tuple[int, ...]
    slowdown: tuple[float, ...]
    power_w: tuple[float, ...]

    def slowdown_at(self, setting: int) -> float:
        """T(f)/T(fmax) - 1 at any clock [MHz], interpolated; beyond the swept ones that of the nearest."""
        return float(np.interp(setting, self.settings, self.slowdown))

    def power_at(self, setting: int) -> float:
        """Mean power [W], as :meth:`slowdown_at`."""
        return float(np.interp(setting, self.settings, self.power_w))


def curve_of_choice(choice: Mapping[str, Any]) -> PhaseCurve:
    """The curve of a phase from the choice document of a sweep of that phase alone.

    Raises :class:`Fault` for a choice without fitted values, such as that of a refused sweep.
    """
    if choice.get("status") == "refused" or not choice.get("fitted"):
        raise Fault(
            f"the choice for {choice.get('workload')} was refused or has no fitted values: sweep this phase again, "
            "or leave it out, so that it runs at the maximum clock."
        )
    points = sorted((int(one["setting"]), one) for one in choice["fitted"])
    points = [point for point in points if point[0] < choice["maximum"]]
    base_w = choice["baseline_energy_j"] / choice["baseline_time_s"]
    slowdown = [float(one["slowdown_share"]) for _, one in points]
    power_w = [
        base_w * (1 - float(one["saving_share"])) / (1 + slower)
        for (_, one), slower in zip(points, slowdown, strict=True)
    ]
    settings = [setting for setting, _ in points]
    return PhaseCurve(
        (*settings, int(choice["maximum"])),
        (*levelled(np.array(slowdown)), 0.0),
        (*power_w, float(base_w)),
    )


def levelled(slowdown: np.ndarray) -> np.ndarray:
    """A lower clock is never faster: noise that says so is levelled, which errs on the side of time."""
    rising: np.ndarray = np.maximum(0.0, np.maximum.accumulate(slowdown[::-1])[::-1])
    return rising
