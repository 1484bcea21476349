"""Which clock each phase shall get, from the phases' curves and their shares of the run's time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from wattshed.clocks.governing.allocation import Point, allocate
from wattshed.clocks.governing.curves import PhaseCurve
from wattshed.clocks.governing.static import best_static
from wattshed.config.clocks.governor import GovernorBlock

# Of the drop in throughput at which the guard fires, a planned clock uses at most this share, so that noise does not
# fire it.
GUARDED_SHARE = 0.6
# An earlier run counts as much as this many seconds of this one.
PROFILE_S = 300.0


@dataclass
class Planner:
    """Plans and plans again: sweeps are corrected by what the run measures, an earlier run's shares by its own.

    curves: of each phase that was swept; others run at the maximum. profile: each phase's share of the time at the
    maximum in an earlier run. fixed: clocks that the user names himself; a phase then has this one and the maximum.
    floors: lowest clock that a phase may still have, raised where the guard fired.
    """

    curves: Mapping[str, PhaseCurve]
    profile: Mapping[str, float]
    legal: tuple[int, ...]
    block: GovernorBlock
    fixed: Mapping[str, int] | None = None
    floors: dict[str, int] = field(default_factory=dict)
    corrections: dict[str, float] = field(default_factory=dict)
    seen_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Looked up in every window: the curves on all legal clocks.
        self._swept = {
            phase: {setting: curve.slowdown_at(setting) for setting in self.legal}
            for phase, curve in self.curves.items()
        }
        self._power = {
            phase: {setting: curve.power_at(setting) for setting in self.legal}
            for phase, curve in self.curves.items()
        }

    @property
    def maximum(self) -> int:
        return self.legal[-1]

    def knows(self, phase: str) -> bool:
        return phase in self.curves

    def swept(self, phase: str, setting: int) -> float:
        """T(f)/T(fmax) - 1 as the sweep had it. Of a phase without a sweep, all of the time is taken to depend on the
        clock."""
        known = self._swept.get(phase)
        return known[setting] if known else self.maximum / setting - 1

    def slowdown(self, phase: str, setting: int) -> float:
        """As the sweep had it, corrected by what the run has measured."""
        more = self.corrections.get(phase, 0.0) * (self.maximum / setting - 1)
        return max(0.0, self.swept(phase, setting) + more)

    def loss(self, phase: str, setting: int) -> float:
        """Share of a second that is lost against the maximum."""
        slower = self.slowdown(phase, setting)
        return slower / (1 + slower)

    def together(self, phase: str, limit: float) -> int:
        """The phase's clock where all phases together may be slower by ``limit``."""
        shares = self._shares()
        known = [name for name in self.curves if shares.get(name, 0.0) > 0 or name == phase]
        # Phases without a curve lose nothing at the maximum, and their time counts.
        total = sum(shares.values())
        base = sum(shares.get(name, 0.0) for name in known)
        choices = [self._points(name, shares.get(name, 0.0), self._most) for name in known]
        return allocate(choices, base + total * max(0.0, limit)).settings[known.index(phase)]

    def one_for_all(self, limit: float) -> int:
        """The best single clock for all phases as they were shared so far."""
        shares = self._shares()
        total = sum(shares.values())
        fractions = {phase: share / total for phase, share in shares.items()}
        return best_static(self.curves, fractions, self.legal, limit)

    def raise_floor(self, phase: str, setting: int) -> None:
        """The guard fired at this clock: from now on at most half of the way down to it."""
        half = (self.legal.index(setting) + len(self.legal)) // 2
        self.floors[phase] = self.legal[min(half, len(self.legal) - 1)]

    @property
    def _most(self) -> float:
        return GUARDED_SHARE * self.block.guard_share

    def _shares(self) -> dict[str, float]:
        """Seconds at the maximum of each phase in this run so far, with the earlier run's as a prior."""
        phases = {*self.profile, *self.seen_s}
        return {
            phase: PROFILE_S * self.profile.get(phase, 0.0) + self.seen_s.get(phase, 0.0) for phase in phases
        }

    def _points(self, phase: str, share: float, most: float) -> list[Point]:
        """Time and energy of the clocks that the phase may have, the maximum first."""
        floor, power = self.floors.get(phase, self.legal[0]), self._power[phase]
        legal: tuple[int, ...] = self.legal
        if self.fixed is not None:
            legal = tuple(sorted({self.fixed.get(phase, self.maximum), self.maximum}))
        points = [(share, share * power[self.maximum], self.maximum)]
        for setting in reversed(legal[:-1]):
            slower = self.slowdown(phase, setting)
            enough = (1 + slower) * power[setting] <= (1 - self.block.least_saving_share) * power[
                self.maximum
            ]
            if setting >= floor and slower <= most and enough:
                points.append((share * (1 + slower), share * (1 + slower) * power[setting], setting))
        return points
