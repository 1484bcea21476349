"""Energy and slowdown of the governor, the best static clock, the oracle and the maximum clock on one mix."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from wattshed.clocks.governing.governor import Decision, Governor
from wattshed.clocks.governing.plan import Planner
from wattshed.clocks.governing.run import govern
from wattshed.clocks.governing.simulation.made_mixes import KINDS, make_mix
from wattshed.clocks.governing.simulation.mix import Mix
from wattshed.clocks.governing.simulation.oracle import best_static_in_hindsight, oracle
from wattshed.clocks.governing.simulation.plant import Plant
from wattshed.clocks.governing.simulation.swept import sweep_phases
from wattshed.clocks.governing.static import best_static
from wattshed.clocks.phases.rules import RULES
from wattshed.config.clocks.governor import GovernorBlock


@dataclass(frozen=True)
class Compared:
    """One mix. Savings and slowdowns are shares of the maximum clock's energy and time, signs kept.

    of_oracle: the governor's saving as a share of the oracle's; None where the oracle saves less than 1 %.
    wrong_phase_share: windows whose confirmed phase was not the true one at their end.
    """

    kind: str
    seed: int
    duration_s: float
    maximum_energy_j: float
    saving_share: float
    slowdown_share: float
    static_setting: int
    static_saving_share: float
    static_slowdown_share: float
    hindsight_saving_share: float
    hindsight_slowdown_share: float
    oracle_saving_share: float
    oracle_slowdown_share: float
    of_oracle: float | None
    changes: int
    guard_returns: int
    budget_returns: int
    wrong_phase_share: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(kind: str, seed: int, max_slowdown_share: float, block: GovernorBlock) -> Compared:
    """Run all four on the mix of one kind and seed; deterministic."""
    return compare_on(make_mix(kind, seed), seed, max_slowdown_share, block)[0]


def compare_on(
    mix: Mix, seed: int, max_slowdown_share: float, block: GovernorBlock
) -> tuple[Compared, list[tuple[Decision, str]]]:
    """The comparison on one mix, and the governor's decisions, each with the true phase at that time."""
    curves = sweep_phases(mix, seed)
    planner = Planner(curves, mix.profile, mix.settings, block)
    plant = Plant(mix, seed, block.window_s)
    governor = Governor(planner, RULES[block.rule], max_slowdown_share)
    decisions, truths = [], []
    for step in govern(plant, plant, governor):
        decisions.append(step.decision)
        truths.append(plant.phase)
    base_s, base_j = mix.at(mix.maximum)
    # The same reserve for both: a static clock has no other guard against errors of its sweep.
    static = best_static(curves, mix.profile, mix.settings, max_slowdown_share * (1 - block.reserve_share))
    static_s, static_j = mix.at(static)
    hindsight_s, hindsight_j = mix.at(best_static_in_hindsight(mix, max_slowdown_share))
    best = oracle(mix, max_slowdown_share)
    saving, most = 1 - plant.energy_j / base_j, 1 - best.energy_j / base_j
    reasons = [decision.reason for decision in decisions]
    compared = Compared(
        kind=mix.kind,
        seed=seed,
        duration_s=base_s,
        maximum_energy_j=base_j,
        saving_share=saving,
        slowdown_share=plant.time_s / base_s - 1,
        static_setting=static,
        static_saving_share=1 - static_j / base_j,
        static_slowdown_share=static_s / base_s - 1,
        hindsight_saving_share=1 - hindsight_j / base_j,
        hindsight_slowdown_share=hindsight_s / base_s - 1,
        oracle_saving_share=most,
        oracle_slowdown_share=best.time_s / base_s - 1,
        of_oracle=saving / most if most >= 0.01 else None,
        changes=governor.account.changes,
        guard_returns=reasons.count("guard"),
        budget_returns=reasons.count("budget"),
        wrong_phase_share=float(
            np.mean([one.phase != truth for one, truth in zip(decisions, truths, strict=True)])
        ),
    )
    return compared, list(zip(decisions, truths, strict=True))


def compare_many(mixes: int, seed: int, max_slowdown_share: float, block: GovernorBlock) -> list[Compared]:
    """``mixes`` mixes, their kinds in turn; the seeds count from ``seed``."""
    kinds = list(KINDS)
    return [
        compare(kinds[place % len(kinds)], seed + place // len(kinds), max_slowdown_share, block)
        for place in range(mixes)
    ]
