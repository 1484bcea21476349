"""What every rule picks, with and without the limits, with the interval of the pick."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from wattshed.clocks.choosing.answer import Limits, Pick
from wattshed.clocks.choosing.estimates import INTERVAL, Estimates
from wattshed.clocks.choosing.limits import Feasible
from wattshed.clocks.choosing.rules.protocol import Rule, front
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault


@dataclass(frozen=True)
class Picked:
    """place: of the setting that the data pick, -1 for none; low, high: over the draws that pick one."""

    place: int
    low: int | None = None
    high: int | None = None


def pick(name: str, rule: Rule, estimates: Estimates, allowed: np.ndarray, limits: Limits) -> Picked:
    """The pick of one rule among the allowed settings [B, C].

    Raises :class:`Fault` where the rule, a study's own one perhaps, picks what is not allowed.
    """
    places = np.asarray(rule.pick(estimates.outcomes, allowed, limits))
    draws, count = allowed.shape
    fits = places.shape == (draws,) and np.issubdtype(places.dtype, np.integer)
    if fits and bool(((places >= -1) & (places < count)).all()):
        fits = bool(allowed[np.flatnonzero(places >= 0), places[places >= 0]].all())
    else:
        fits = False
    if not fits:
        raise Fault(
            f"the clock rule {name!r} picked a setting that is not allowed: expected, for each of {draws} draws, the "
            "place of an allowed one, or -1; correct the plug-in."
        )
    found = places[places >= 0]
    if places[0] < 0:
        return Picked(-1)
    # Settings come in steps, so the interval's ends are settings that draws picked.
    low, high = np.quantile(estimates.settings[found], INTERVAL, method="nearest")
    return Picked(int(places[0]), int(low), int(high))


@dataclass(frozen=True)
class Best:
    """candidate: the rule's best lower setting that keeps the limits; place -1 for none. preferred: whether the rule
    prefers it to the maximum. saves: whether its whole interval of the saving, that of all settings together, is above
    0. A setting is used if both hold."""

    candidate: Picked
    preferred: bool = False
    saves: bool = False

    @property
    def is_used(self) -> bool:
        return self.preferred and self.saves


def best(name: str, rule: Rule, estimates: Estimates, kept: Feasible, limits: Limits) -> Best:
    """What the choice from a sweep and the search for it both go by."""
    # The best lower setting is described also where the maximum is better.
    allowed = kept.allowed.copy()
    allowed[:, -1] = False
    found = pick(name, rule, estimates, allowed, limits)
    if found.place < 0:
        return Best(found)
    allowed[:, -1] = True
    top = len(estimates.settings) - 1
    preferred = pick(name, rule, estimates, allowed, limits).place != top
    return Best(found, preferred, bool(estimates.saving_bounds[0][found.place] > 0))


def numbers_at(place: int, estimates: Estimates) -> dict[str, float]:
    """Saving and slowdown of a setting, each as ``_share, _low, _high``."""
    numbers: dict[str, float] = {}
    for name, draws, (low, high) in (
        ("saving", estimates.saving, estimates.saving_bounds),
        ("slowdown", estimates.slowdown, estimates.slowdown_bounds),
    ):
        numbers |= {
            f"{name}_share": float(draws[0, place]),
            f"{name}_low": float(low[place]),
            f"{name}_high": float(high[place]),
        }
    return numbers


def all_picks(estimates: Estimates, kept: Feasible, limits: Limits, unit: str) -> tuple[Pick, ...]:
    """Every rule's pick: first among all settings that were repeated often enough, then among those in the limits."""
    picks = []
    for name in plugins.names("clock_rule"):
        rule: Rule = plugins.load("clock_rule", name)
        for constrained, allowed in ((False, kept.any_setting), (True, kept.allowed)):
            found = pick(name, rule, estimates, allowed, limits)
            picks.append(_described(name, rule, constrained, found, estimates, kept, unit))
    return tuple(picks)


def _described(
    name: str, rule: Rule, constrained: bool, found: Picked, estimates: Estimates, kept: Feasible, unit: str
) -> Pick:
    alone = "within the slowdown limit alone" if getattr(rule, "limited", False) else "without limits"
    among = "within all limits" if constrained else alone
    if found.place < 0:
        return Pick(name, constrained, None, f"no setting {among} fits the rule ({rule.title})")
    outcomes = estimates.outcomes
    energy, time = float(outcomes.energy[0, found.place]), float(outcomes.time[0, found.place])
    setting = int(estimates.settings[found.place])
    is_maximum = setting == estimates.settings[-1]
    gains: dict[str, Any] = {"edp_gain_share": 1 - energy * time, "ed2p_gain_share": 1 - energy * time**2}
    return Pick(
        name,
        constrained,
        setting,
        f"{rule.title} {among}" + (f": the maximum, {setting} {unit}" if is_maximum else ""),
        found.low,
        found.high,
        **numbers_at(found.place, estimates),
        **gains,
        stable=bool(kept.stable[found.place]),
    )


def front_settings(estimates: Estimates, kept: Feasible) -> tuple[int, ...]:
    """The settings of the data's Pareto front of energy and time, among those repeated often enough."""
    members = front(estimates.outcomes, kept.any_setting)[0]
    return tuple(int(setting) for setting in estimates.settings[members])
