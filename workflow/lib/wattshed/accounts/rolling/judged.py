"""What all rolling origins together say of each model."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.decisions import decide
from wattshed.energy.reading import worst_status
from wattshed.statistics.geometric import geometric_interval

KEYS = ["model", "seed", "part", "day"]
ERRORS = ["squared", "absolute", "cells"]


def judged_frame(days: pd.DataFrame, origins: pd.DataFrame, controls: Collection[str] = ()) -> pd.DataFrame:
    """One row per model, least mean test RMSE first.

    days: rows of ``rolling/{model}.parquet``; origins: of :func:`origins_frame`; controls: models, such as one on a
    shuffled graph, that are compared and never chosen. Columns: ``model, seeds, origins``;
    ``{name}_mean, _low, _high`` of ``rmse`` and ``training_kwh``: geometric mean over the origins of each one's mean
    over seeds, with the 95 % interval over origins (one origin is one value); ``won``: origins where the model has the
    least test RMSE; ``best``: whether it has the least error on all validation parts; against that model, on the days
    of all test parts, ``change_share, change_low, change_high`` and ``outcome`` (see :func:`decide`); ``not_alone``
    of ``trainings``, ``energy_status``. Energies are null unless known at every origin.
    """
    by_origin = origins.groupby(["model", "origin"], sort=False)[["rmse", "training_kwh"]]
    means = by_origin.agg(_mean).reset_index()
    errors = means.pivot(index="model", columns="origin", values="rmse")
    winners = errors.idxmin()
    rows = []
    for model, own in origins.groupby("model", sort=False):
        of_model = means[means["model"] == model]
        rows.append(
            {
                "model": model,
                "seeds": own["seed"].nunique(),
                "origins": len(of_model),
                **_summary("rmse", of_model["rmse"]),
                "won": int((winners == model).sum()),
                **_summary("training_kwh", of_model["training_kwh"]),
                "energy_status": str(worst_status(own["energy_status"])),
                "trainings": len(own),
                "not_alone": int((own["alone"] == False).sum()),  # noqa: E712
            }
        )
    frame = pd.DataFrame(rows)
    # Two origins may share a day of the calendar where one begins and the other ends.
    pooled = days.groupby(KEYS, as_index=False, sort=False)[ERRORS].sum()
    energies = frame[["model", "training_kwh_mean", "energy_status"]]
    decided = decide(pooled, energies, controls=controls)
    columns = ["model", "change_share", "change_low", "change_high", "outcome"]
    frame = frame.merge(decided.frame[columns], on="model", how="left")
    frame["best"] = frame["model"] == decided.best
    return frame.sort_values("rmse_mean", kind="stable", ignore_index=True)


def _mean(values: pd.Series) -> float:
    """NaN if one is unknown: a mean of the others would stand for other trainings."""
    return float(values.mean(skipna=False))


def _summary(name: str, values: pd.Series) -> dict[str, Any]:
    known = values.dropna()
    found = geometric_interval(known if len(known) == len(values) else [])
    parts = {"mean": found.mean, "low": found.low, "high": found.high}
    return {f"{name}_{part}": np.nan if value is None else value for part, value in parts.items()}
