"""What each adaptation strategy changes against the same checkpoint without updates, seed by seed."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr

from wattshed.foundation.vocabulary import Comparison
from wattshed.statistics.decisions import outcomes
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.summaries import ALIKE

ERROR = "prequential_rmse"


def adaptation_outcomes(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per strategy that updates: ``parent, strategy, change_share, change_low, change_high, outcome``.

    summary: ``adaptation.parquet``. The error is that of each month before it is learned. Control: the same parent's
    strategy that never updates; parents without one are left out. Paired Student's t over seeds on logarithms,
    corrected for all comparisons (Holm 1979); with one seed nothing can be distinguished, nor where all seeds are alike
    because nothing in the model is random: they say nothing of chance, so there is no interval.
    """
    rows: list[dict[str, Any]] = []
    logs: list[float] = []
    p_values: list[float] = []
    for parent, group in summary.groupby("parent", sort=False):
        frozen = group[group["updates"] == 0].drop_duplicates("seed").set_index("seed")[ERROR]
        for strategy, own in group[group["updates"] > 0].groupby("strategy", sort=False):
            ratio = (own.set_index("seed")[ERROR] / frozen).dropna()
            if ratio.empty:
                continue
            if np.ptp(np.log(ratio)) < ALIKE:
                ratio = ratio.iloc[:1]
            found = geometric_interval(ratio)
            ends = [np.nan if one is None else one - 1 for one in (found.mean, found.low, found.high)]
            rows.append(
                {"parent": parent, "strategy": strategy}
                | dict(zip(("change_share", "change_low", "change_high"), ends, strict=True))
            )
            logs.append(float(np.log(ratio).mean()))
            p_values.append(_p_value(np.log(ratio.to_numpy(dtype="float64"))))
    frame = pd.DataFrame(rows, columns=["parent", "strategy", "change_share", "change_low", "change_high"])
    found_outcomes: list[Comparison] = outcomes(logs, p_values) if rows else []
    return frame.assign(outcome=pd.Series(found_outcomes, dtype="object"))


def _p_value(logs: np.ndarray) -> float:
    """Two-sided, of a mean of 0; 1 for a single value."""
    n = len(logs)
    if n < 2:
        return 1.0
    error = float(logs.std(ddof=1)) / np.sqrt(n)
    return float(2 * stdtr(n - 1, -abs(float(logs.mean())) / error))
