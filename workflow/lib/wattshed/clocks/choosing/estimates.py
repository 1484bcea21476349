"""The one estimate that the choice and the search judge settings by."""

import pandas as pd

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
