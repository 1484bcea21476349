"""The limits of a choice, as rules know them and documents state them."""

from dataclasses import dataclass
from typing import Literal

RelativeTo = Literal["maximum", "fastest"]


@dataclass(frozen=True)
class Limits:
    """What a setting must keep to be chosen, and what the rules need to know.

    max_slowdown_share: largest accepted slowdown against ``relative_to``: the warm maximum, or the fastest setting of
    each draw, as the source of the plan has it. lowest_share, highest_share: band of the setting, as a share of the
    maximum. least_saving_share: the saving that must be shown. must_be_stable: both neighbours of the setting in the
    sweep keep the slowdown limit too. metric: what the rule ``metric`` chooses by
    (:mod:`wattshed.clocks.choosing.rules.metrics`). energy_weight, time_weight: of the rule ``weighted``.
    most_energy_share, most_time_share: bound of the rule ``epsilon``, relative to the maximum; one of them.
    source: where the limits come from: ``stated``, ``plan`` or the workload's own entry.
    """

    max_slowdown_share: float = 0.05
    lowest_share: float | None = None
    highest_share: float | None = None
    least_saving_share: float | None = None
    must_be_stable: bool = False
    metric: str = "energy"
    source: str = "stated"
    relative_to: RelativeTo = "maximum"
    energy_weight: float = 0.5
    time_weight: float = 0.5
    most_energy_share: float | None = None
    most_time_share: float | None = None
