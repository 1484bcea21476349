"""What is known of each checkpoint: means over seeds."""

import numpy as np
import pandas as pd

from wattshed.energy.reading import worst_status
from wattshed.statistics.summaries import summarise

ERRORS = ("rmse", "mae", "wape", "mase", "r2", "later_rmse")
ENERGIES = ("j_per_epoch", "own_j", "total_j", "energy_j_per_1000_forecasts")
COSTS = (
    "parameters",
    "bytes",
    "multiply_adds_per_forecast",
    "latency_s_per_window",
    "latency_s_per_32_windows",
    "latency_s_per_streamed_hour",
    "peak_torch_bytes_32_windows",
    "cpu_use_share",
    "gpu_use_share",
)


def checkpoint_means(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per lineage: n seeds, ``{column}_mean, _low, _high``, the worst status of its energies, ``unavailable``.

    frame: rows of ``checkpoints.parquet``. A mean is unknown where one seed's number is; what is 0 for every seed is
    exactly 0.
    """
    columns = [*ERRORS, *ENERGIES, *COSTS]
    means = summarise(frame, "lineage", columns)
    groups = [group for _, group in frame.groupby("lineage", sort=False)]
    for place, group in enumerate(groups):
        for column in columns:
            values = group[column].astype("float64")
            ends = [f"{column}_{part}" for part in ("mean", "low", "high")]
            if values.isna().any():
                means.loc[place, ends] = np.nan
            elif (values == 0).all():
                means.loc[place, ends] = 0.0
    means["making_status"] = [worst_status(group["making_status"]) for group in groups]
    means["energy_status"] = [worst_status(group["energy_status"]) for group in groups]
    means["unavailable"] = pd.array(
        [next(iter(group["unavailable"].dropna()), None) for group in groups], dtype="string"
    )
    return means
