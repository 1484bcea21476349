"""How repeats of one setting differ from one another: the noise that detectors compare with."""

import numpy as np
import pandas as pd

# Makes the median absolute deviation of normal data an estimate of their standard deviation.
MAD_TO_SD = 1.4826


def noise_sd(rows: pd.DataFrame, column: str, *, logarithm: bool = True) -> float:
    """Standard deviation of one repeat (of its logarithm), robust against single runs and drift; NaN without repeats.

    From differences of consecutive repeats of a setting: a cold first run is in one of them, a drift hardly in any.
    """
    ordered = rows.sort_values("order")
    values = ordered[column].to_numpy(dtype=float)
    values = pd.Series(np.log(values) if logarithm else values, ordered.index)
    steps = values.groupby(ordered["setting"]).diff().dropna().to_numpy() / np.sqrt(2)
    return float(MAD_TO_SD * np.median(np.abs(steps))) if steps.size else float("nan")


def over_other_repeats(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Logarithm of each run's value over the median of the other repeats of its setting, and the number of the others.

    Columns ``excess`` (NaN without others) and ``others``, with the index of ``rows``.
    """
    logs = np.log(rows[column].to_numpy(dtype=float))
    settings = rows["setting"].to_numpy()
    excess, others = np.full(len(rows), np.nan), np.zeros(len(rows), dtype=int)
    for setting in np.unique(settings):
        places = np.flatnonzero(settings == setting)
        others[places] = len(places) - 1
        for place in places if len(places) > 1 else ():
            excess[place] = logs[place] - np.median(logs[places[places != place]])
    return pd.DataFrame({"excess": excess, "others": others}, rows.index)


def order_span(rows: pd.DataFrame) -> pd.Series:
    """For each setting, which share of the sweep its repeats span (0 to 1)."""
    by_setting = rows.groupby("setting")["order"]
    spans: pd.Series = (
        (by_setting.max() - by_setting.min()) / max(1, np.ptp(rows["order"]))
        if len(rows)
        else by_setting.max()
    )
    return spans
