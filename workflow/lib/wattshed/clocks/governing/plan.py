"""Which clock each phase shall get: planned before the run from the phases' curves and their expected shares of time."""

from collections.abc import Mapping
from dataclasses import dataclass

from wattshed.clocks.governing.allocation import Point, allocate
from wattshed.clocks.governing.curves import PhaseCurve
from wattshed.config.clocks.governor import GovernorBlock

# Of the drop in throughput at which the guard fires, a planned clock uses at most this share, so that noise does not fire
# it.
GUARDED_SHARE = 0.6


@dataclass(frozen=True)
class PhasePlan:
    """levels: clocks for one phase, the one that saves the most first and the maximum last. The first may slow the phase
    by more than the limit, if other phases leave time for it; the others keep the limit on their own.
    """

    levels: tuple[int, ...]
    curve: PhaseCurve


def make_plan(
    curves: Mapping[str, PhaseCurve],
    shares: Mapping[str, float],
    legal: tuple[int, ...],
    max_slowdown_share: float,
    block: GovernorBlock,
) -> dict[str, PhasePlan]:
    """A plan per phase with a curve; phases without one run at the maximum.

    shares: each phase's share of the time at the maximum clock in an earlier run of the workload.
    """
    limit = max_slowdown_share * (1 - block.reserve_share)
    known = [phase for phase in curves if shares.get(phase, 0.0) > 0]
    most = GUARDED_SHARE * block.guard_share
    choices = [_points(curves[phase], legal, most, shares[phase]) for phase in known]
    total = sum(shares[phase] for phase in known)
    together = dict(zip(known, allocate(choices, total * (1 + limit)).settings, strict=True)) if known else {}
    plans = {}
    for phase, curve in curves.items():
        alone = allocate([_points(curve, legal, min(limit, most), 1.0)], 1 + limit).settings[0]
        planned = together.get(phase, alone)
        between = legal[(legal.index(max(alone, planned)) + len(legal) - 1) // 2]
        wanted = [
            setting
            for setting in (planned, max(planned, alone), between)
            if curve.saving_at(setting) >= block.least_saving_share
        ]
        plans[phase] = PhasePlan(tuple(dict.fromkeys((*wanted, legal[-1]))), curve)
    return plans


def fixed_plan(
    settings: Mapping[str, int], curves: Mapping[str, PhaseCurve], legal: tuple[int, ...]
) -> dict[str, PhasePlan]:
    """The clocks that a user names himself; a phase without a curve counts as not slowed until it is measured."""
    flat = PhaseCurve((legal[0], legal[-1]), (0.0, 0.0), (1.0, 1.0))
    return {
        phase: PhasePlan(tuple(dict.fromkeys((setting, legal[-1]))), curves.get(phase, flat))
        for phase, setting in settings.items()
    }


def _points(curve: PhaseCurve, legal: tuple[int, ...], most: float, share: float) -> list[Point]:
    """Time and energy of a phase with this share of the time, at the clocks that slow it by at most ``most``."""
    points = []
    for setting in reversed(legal):
        slower = curve.slowdown_at(setting)
        if slower <= most or setting == legal[-1]:
            time = share * (1 + slower)
            points.append((time, time * curve.power_at(setting), setting))
    return points
