"""Errors by day of made models."""

import numpy as np
import pandas as pd

DAYS = 36
CELLS = 2448


def make_days(seed=1, days=DAYS, day_noise=0.05, seed_noise=0.002, **models):
    """``accuracy/days.parquet`` of models: name -> (true RMSE, number of seeds); one seed is a closed form's 0.

    All models share each day's difficulty; ``day_noise`` and ``seed_noise`` are standard deviations of what is their
    own, as shares of the squared error and of the RMSE.
    """
    random = np.random.default_rng(seed)
    rows = []
    for part, start in (("validation", "2013-03-01"), ("test", "2013-05-01")):
        hard = np.exp(0.4 * random.standard_normal(days))
        names = pd.date_range(start, periods=days).strftime("%Y-%m-%d")
        for model, (rmse, seeds) in models.items():
            own = np.exp(day_noise * random.standard_normal(days))
            for number in [0] if seeds == 1 else range(1, seeds + 1):
                level = rmse * np.exp(seed_noise * random.standard_normal() * (seeds > 1))
                squared = CELLS * level**2 * hard * own
                rows.append(
                    pd.DataFrame(
                        {
                            "model": model,
                            "seed": number,
                            "part": part,
                            "day": names,
                            "squared": squared,
                            "absolute": np.sqrt(squared * CELLS) * 0.7,
                            "cells": CELLS,
                        }
                    )
                )
    return pd.concat(rows, ignore_index=True)


def make_energies(**kwh):
    """One row per model with its training energy; ``None`` is unknown, ``"no fit"`` costs nothing."""
    rows = [
        (model, None if isinstance(value, str) else value, value if isinstance(value, str) else "estimated")
        if value is not None
        else (model, None, "missing")
        for model, value in kwh.items()
    ]
    frame = pd.DataFrame(rows, columns=["model", "training_kwh_mean", "energy_status"])
    return frame.astype({"training_kwh_mean": "float64"})
