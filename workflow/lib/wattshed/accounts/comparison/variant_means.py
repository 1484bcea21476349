"""Effect of each compressed variant and whether it is worth it: means over seeds."""

from itertools import product

import numpy as np
import pandas as pd

from wattshed.energy.reading import worst_status
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.summaries import summarise_per_parent

ERRORS = ("rmse", "mae")
ENERGY = "energy_j_per_1000_forecasts"
METRICS = [
    *ERRORS,
    *(f"{error}_change_share" for error in ERRORS),
    "parameters",
    "bytes",
    "latency_s_per_window",
    ENERGY,
]


def variant_means(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per variant: n seeds, mean, low, high of every number, verdict and reason over all seeds.

    rows: ``compression.parquet``. One row per parent and variant if several checkpoints were compressed.
    The verdict and the intervals of changes of errors are those of the paired test over seeds and blocks of days
    (``compression/verdicts.py``). The mean of energies is unknown where one seed's is.
    """
    frame, groups = summarise_per_parent(rows, "variant", METRICS)
    for place, group in enumerate(groups):
        energies = geometric_interval(group[ENERGY] if group[ENERGY].notna().all() else [])
        bounds = {"mean": energies.mean, "low": energies.low, "high": energies.high}
        for part, value in bounds.items():
            frame.loc[place, f"{ENERGY}_{part}"] = np.nan if value is None else value
        for error, end in product(ERRORS, ("low", "high")):
            frame.loc[place, f"{error}_change_share_{end}"] = group[f"{error}_change_{end}"].iloc[0]
    for column in ("verdict", "reason"):
        frame[column] = [str(group[column].iloc[0]) for group in groups]
    frame["fine_tuned"] = pd.array([_any(group["fine_tuned"]) for group in groups], dtype="boolean")
    frame["energy_status"] = [worst_status(group["energy_status"]) for group in groups]
    return frame


def _any(values: pd.Series) -> bool:
    return bool(values.fillna(False).any())
