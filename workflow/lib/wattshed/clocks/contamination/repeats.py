"""How repeats of one setting differ from one another: the noise that detectors compare with."""

import numpy as np
import pandas as pd

# Makes the median absolute deviation of normal data an estimate of their standard deviation.
MAD_TO_SD = 1.4826
# Repeats that span so large a share of the sweep are compared with the whole of it.
INTERLEAVED_SPAN = 0.5


def noise_sd(rows: pd.DataFrame, column: str, *, logarithm: bool = True) -> float:
    """Standard deviation of one repeat (of its logarithm), robust against single runs and drift; NaN without repeats.

    From differences of consecutive repeats of a setting: a cold first run is in one of them, a drift hardly in any.
    """
    # By setting and, within a setting, by order.
    places = np.lexsort((rows["order"].to_numpy(), rows["setting"].to_numpy()))
    values = rows[column].to_numpy(dtype=float)[places]
    same = np.diff(rows["setting"].to_numpy()[places]) == 0
    steps = np.diff(np.log(values) if logarithm else values)[same] / np.sqrt(2)
    return float(MAD_TO_SD * np.median(np.abs(steps))) if steps.size else float("nan")


def order_span(rows: pd.DataFrame) -> pd.Series:
    """For each setting, which share of the sweep its repeats span (0 to 1)."""
    by_setting = rows.groupby("setting")["order"]
    spans: pd.Series = (
        (by_setting.max() - by_setting.min()) / max(1, np.ptp(rows["order"]))
        if len(rows)
        else by_setting.max()
    )
    return spans
