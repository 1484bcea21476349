"""Time and energy per GPU clock: means over warm repeats."""

import pandas as pd

from wattshed.statistics.summaries import summarise


def clock_means(sweep: pd.DataFrame) -> pd.DataFrame:
    """One row per clock, highest first: n warm repeats, and mean, low, high of time [s], energy [J], power [W]."""
    frame = summarise(sweep[sweep["warm"]], "setting", ["time_s", "energy_j", "power_w"])
    return frame.sort_values("setting", ascending=False, ignore_index=True)
