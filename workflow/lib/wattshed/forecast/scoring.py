"""Scores of every model's forecasts: over the test part, and day by day."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.splits import Splits
from wattshed.data.windows import targets
from wattshed.forecast.days import scores_by_day
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.metrics import score_rows, seasonal_scale, sum_errors
from wattshed.foundation.vocabulary import Part


def score_forecasts(forecasts: dict[str, Path], panel: Panel, splits: Splits) -> pd.DataFrame:
    """Rows of ``accuracy/scores.parquet`` for the named models, on observed cells only."""
    scale = seasonal_scale(panel, splits.train)
    frames = []
    for model, path in forecasts.items():
        made = Forecasts.read(path)
        horizon = made.values.shape[2]
        truth = targets(panel.values, made.origins, horizon)
        observed = targets(panel.observed, made.origins, horizon)
        for seed, values in zip(made.seeds, made.values, strict=True):
            rows = score_rows(
                sum_errors(values, truth, observed), scale, panel.node_names, panel.steps_per_hour
            )
            frames.append(rows.assign(model=model, seed=seed))
    frame = pd.concat(frames, ignore_index=True)
    return frame[["model", "seed", *[name for name in frame if name not in ("model", "seed")]]]


def errors_by_day(forecasts: Mapping[Part, Mapping[str, Path]], panel: Panel) -> pd.DataFrame:
    """Rows of ``accuracy/days.parquet``: sums of errors over the observed cells of all windows that start on a day.

    forecasts: part -> model -> file. ``day`` is the local calendar day of a window's first target step, as YYYY-MM-DD;
    ``squared`` and ``absolute`` are in the panel's unit (squared), over ``cells``.
    """
    frames = []
    for part, models in forecasts.items():
        for model, path in models.items():
            made = Forecasts.read(path)
            horizon = made.values.shape[2]
            truth = targets(panel.values, made.origins, horizon)
            observed = targets(panel.observed, made.origins, horizon)
            for seed, values in zip(made.seeds, made.values, strict=True):
                by_day = scores_by_day(values, truth, observed, made.origins, panel.times, panel.timezone)
                frames.append(by_day.assign(model=model, seed=seed, part=str(part)))
    frame = pd.concat(frames, ignore_index=True)
    return frame[["model", "seed", "part", "day", "squared", "absolute", "cells"]]
