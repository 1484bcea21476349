"""What a governor would have chosen over a recorded power log. It claims no effect: the clock was another one then, and
what a lower one would have cost cannot be read from it.
"""

from collections.abc import Mapping

import pandas as pd

from wattshed.clocks.governing.curves import PhaseCurve
from wattshed.clocks.governing.governor import Governor
from wattshed.clocks.governing.plan import Planner
from wattshed.clocks.governing.reading import Reading
from wattshed.clocks.phases.rule import require_columns
from wattshed.clocks.phases.rules import RULES
from wattshed.clocks.phases.shares import require_shares
from wattshed.clocks.phases.windows import keys_of, recorded_columns, window_medians
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.foundation.faults import Fault


def replay_governor(
    samples: pd.DataFrame,
    legal: tuple[int, ...],
    max_slowdown_share: float,
    block: GovernorBlock,
    curves: Mapping[str, PhaseCurve] | None = None,
    where: str = "samples",
) -> pd.DataFrame:
    """One row per window: the keys, ``at_s``, ``seen``, ``phase``, ``setting`` and ``reason``.

    legal: clocks of the GPU, ascending; if empty, the named ones and the highest that the log saw.
    The clocks come from ``curves`` (sweeps of the phases), else from ``clocks.governor.settings``. A log has no
    throughput of the workload, so no guard could fire, and the account of lost time rests on the sweeps alone.
    """
    if not curves and not block.settings:
        raise Fault(
            f"{where}: the clock of each phase is not known: expected clocks.governor.settings (such as "
            "{memory: 1005}) or a sweep of each phase alone."
        )
    legal = legal or _named_clocks(samples, block, where)
    wrong = [setting for setting in block.settings.values() if setting not in legal]
    if wrong:
        raise Fault(
            f"{where}: clocks.governor.settings names {wrong[0]} MHz: expected one of the {len(legal)} clocks from "
            f"{legal[0]} to {legal[-1]} MHz; correct it."
        )
    rule = RULES[block.rule]
    require_columns(rule, recorded_columns(samples), where)
    require_shares(samples, rule.uses, where)
    windows = window_medians(samples, [name for name in rule.uses if name in samples], block.window_s, where)
    keys, rows = keys_of(samples), []
    for _, own in windows.groupby(keys, dropna=False, sort=False):
        planner = planner_of(block, legal, curves)
        governor = Governor(planner, rule, max_slowdown_share)
        for window in own.to_dict("records"):
            values = {name: float(window[name]) for name in rule.uses if name in window}
            decision = governor.step(Reading(float(window["end_s"]), values))
            rows.append(
                {key: window[key] for key in keys}
                | {
                    "at_s": decision.at_s,
                    "seen": decision.seen,
                    "phase": decision.phase,
                    "setting": decision.setting,
                    "reason": decision.reason,
                }
            )
    return pd.DataFrame(rows)


def _named_clocks(samples: pd.DataFrame, block: GovernorBlock, where: str) -> tuple[int, ...]:
    seen = (
        pd.to_numeric(samples["sm_clock_mhz"], errors="coerce").max()
        if "sm_clock_mhz" in samples
        else float("nan")
    )
    if pd.isna(seen):
        raise Fault(
            f"{where}: the log has no SM clock, so the GPU's maximum is not known: let the recorder add clocks.sm "
            "(nvidia-smi) or DCGM field 100."
        )
    maximum = max(int(seen), *block.settings.values())
    return tuple(sorted({maximum, *block.settings.values()}))


def planner_of(
    block: GovernorBlock, legal: tuple[int, ...], curves: Mapping[str, PhaseCurve] | None = None
) -> Planner:
    """A planner from sweeps of the phases, or from the clocks that the study names itself."""
    if curves:
        even = {phase: 1 / len(curves) for phase in curves}
        return Planner(curves, even, legal, block)
    # Who names a clock himself has judged its cost: it counts as not slower until the run measures it.
    flat = PhaseCurve((legal[0], legal[-1]), (0.0, 0.0), (0.0, 1.0))
    fixed: dict[str, int] = {str(phase): setting for phase, setting in block.settings.items()}
    named = dict.fromkeys(fixed, flat)
    return Planner(named, {phase: 1 / len(named) for phase in named}, legal, block, fixed=fixed)
