"""The one estimate that the choice and the search judge settings by."""

import math

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from wattshed.clocks.choosing.law_estimates import estimate_by_laws
from wattshed.clocks.choosing.median_estimates import estimate_by_medians
from wattshed.clocks.choosing.setting_estimates import INTERVAL as INTERVAL
from wattshed.clocks.choosing.setting_estimates import Estimates as Estimates
from wattshed.clocks.choosing.setting_estimates import joint_bounds as joint_bounds
from wattshed.clocks.contamination.usable import UsableSweep, usable_sweep

DRAWS = 1000


def estimate(
    rows: pd.DataFrame, *, seed: int = 0, draws: int = DRAWS, legal: tuple[int, ...] = ()
) -> Estimates:
    """Estimates from the rows of one cell (columns of ``clocks.runs.COLUMNS``) of which some must count.

    Time and memory grow with the draws and the settings. legal: settings that an interleaved sweep's estimates have
    beside the measured ones, if they are between them.
    """
    return estimate_sweep(usable_sweep(rows), seed=seed, draws=draws, legal=legal)


def estimate_sweep(
    sweep: UsableSweep, *, seed: int, draws: int = DRAWS, legal: tuple[int, ...] = ()
) -> Estimates:
    """Estimates from the usable rows: at least one of the baseline, and one at a lower setting."""
    if sweep.protocol == "interleaved":
        return estimate_by_laws(sweep.rows, seed=seed, draws=draws, legal=legal)
    return estimate_by_medians(sweep, seed=seed, draws=draws)


def direct_saving(sweep: UsableSweep, setting: int) -> dict[str, float]:
    """The saving at a setting by its own runs against those of the baseline alone, with Welch's 95 % interval of the
    logarithms of energy; as ``direct_saving_share, _low, _high``, without bounds where a side has a single run.
    """
    here = sweep.rows.loc[sweep.rows["setting"] == setting, "energy_j"]
    groups = [np.log(one.to_numpy(dtype=float)) for one in (here, sweep.baseline["energy_j"])]
    difference = float(groups[0].mean() - groups[1].mean())
    found = {"direct_saving_share": -math.expm1(difference)}
    if min(map(len, groups)) < 2:
        return found
    parts = [float(one.var(ddof=1)) / len(one) for one in groups]
    half = 0.0
    if sum(parts) > 0:
        freedom = sum(parts) ** 2 / sum(
            part**2 / (len(one) - 1) for part, one in zip(parts, groups, strict=True)
        )
        half = float(stdtrit(freedom, INTERVAL[1])) * math.sqrt(sum(parts))
    return found | {
        "direct_saving_low": -math.expm1(difference + half),
        "direct_saving_high": -math.expm1(difference - half),
    }
