"""The best single clock for a whole mix, under the same limit and by the same information as the governor has."""

from collections.abc import Mapping

from wattshed.clocks.governing.curves import PhaseCurve


def best_static(
    curves: Mapping[str, PhaseCurve],
    shares: Mapping[str, float],
    legal: tuple[int, ...],
    max_slowdown_share: float,
) -> int:
    """The clock of least expected energy whose expected slowdown keeps the limit.

    shares: of the time at the maximum, from an earlier run. A phase that was not swept counts as one that depends
    wholly on the clock and saves nothing.
    """
    best, least = legal[-1], float("inf")
    for setting in legal:
        slowdown, energy = 0.0, 0.0
        for phase, share in shares.items():
            curve = curves.get(phase)
            slower = curve.slowdown_at(setting) if curve else legal[-1] / setting - 1
            slowdown += share * slower
            energy += share * (curve.power_at(setting) * (1 + slower) if curve else 0.0)
        if slowdown <= max_slowdown_share and energy < least:
            best, least = setting, energy
    return best
