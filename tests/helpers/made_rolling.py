"""Errors by day and ledgers of models at rolling origins, invented but realistic."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from ledger_files import end, start, window
from wattshed.energy.ledger.writing import Ledger

CELLS = 17 * 24 * 6
VALIDATION_DAYS, TEST_DAYS = 8, 16


def make_rolled(
    models: Mapping[str, float], seeds: Mapping[str, list[int]], origins: int = 4, day_noise: float = 0.02
) -> pd.DataFrame:
    """Rows of all ``rolling/{model}.parquet``; models: test RMSE; seeds: those of each model.

    Errors grow with the origin. All models share how hard a day is; day_noise is the standard deviation of their own
    part of it, as a share.
    """
    random = np.random.default_rng(3)
    first = pd.Timestamp("2024-01-01")
    frames = []
    for origin in range(1, origins + 1):
        for part, count in (("validation", VALIDATION_DAYS), ("test", TEST_DAYS)):
            days = pd.date_range(first, periods=count).strftime("%Y-%m-%d")
            first += pd.Timedelta(days=count)
            hard = np.exp(0.3 * random.standard_normal(count)) * (1 + 0.1 * origin)
            for model, rmse in models.items():
                own = np.exp(day_noise * random.standard_normal(count))
                for seed in seeds[model]:
                    level = rmse * np.exp(0.002 * random.standard_normal() * (seed > 0))
                    squared = CELLS * level**2 * hard * own
                    frames.append(
                        pd.DataFrame(
                            {
                                "model": model,
                                "seed": seed,
                                "origin": origin,
                                "part": part,
                                "day": days,
                                "squared": squared,
                                "absolute": 0.7 * np.sqrt(squared * CELLS),
                                "cells": CELLS,
                            }
                        )
                    )
    return pd.concat(frames, ignore_index=True)


def write_rolling_ledger(
    path: Path, model: str, kwh: float, seeds: list[int], origins: int = 4, *, minute: int = 0
) -> Path:
    """The ledger of one model's job: a fit at each origin, or two epochs for each seed."""
    ledger = Ledger(path, resumes=False)
    start(ledger, f"roll_{model}", "rolling", {"model": model}, minute=minute)
    for origin in range(1, origins + 1):
        labels = {"model": model, "origin": origin}
        if seeds == [0]:
            window(ledger, "fit", 5 * kwh, labels=labels, repeats=5)
        else:
            for seed in seeds:
                for epoch in (1, 2):
                    window(ledger, "epoch", kwh / 2, labels={**labels, "seed": seed, "epoch": epoch})
    end(ledger, 1.1 * kwh * origins * len(seeds), minute=minute)
    return path
