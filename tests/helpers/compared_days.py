"""Errors by day for made errors of compared checkpoints."""

from typing import Any

import numpy as np
import pandas as pd

CELLS = 90


def compared_days(rows: pd.DataFrame, spread: float = 0.0, seed: int = 0, count: int = 12) -> pd.DataFrame:
    """Rows of `compared/{model}.days.parquet` with the RMSE and MAE of each row, and their later and validation ones.

    Each checkpoint's errors vary from day to day by `spread`, in its own way.
    """
    random = np.random.default_rng(seed)
    frames = [pd.DataFrame({"lineage": [], "part": [], "cells": [], "squared": []})]
    frames += [
        _part(row, part, prefix, spread * random.standard_normal(count))
        for row in rows.to_dict("records")
        for part, prefix in (("test", ""), ("later", "later_"), ("validation", "validation_"))
        if pd.notna(row.get(f"{prefix}rmse"))
    ]
    return pd.concat(frames, ignore_index=True)


def _part(row: dict[Any, Any], part: str, prefix: str, logs: np.ndarray) -> pd.DataFrame:
    shares = np.exp(logs)
    squared = row[f"{prefix}rmse"] ** 2 * shares / shares.mean()
    absolute = row.get(f"{prefix}mae", row[f"{prefix}rmse"]) * shares / shares.mean()
    days = pd.date_range("2020-10-01", periods=len(logs)).strftime("%Y-%m-%d")
    sums = {"day": days, "squared": CELLS * squared, "absolute": CELLS * absolute, "cells": CELLS}
    return pd.DataFrame(sums).assign(lineage=row["lineage"], seed=row["seed"], part=part)
