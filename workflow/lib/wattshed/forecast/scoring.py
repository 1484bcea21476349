"""Scores of every model's test forecasts in one table."""

from pathlib import Path

import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.splits import Splits
from wattshed.data.windows import targets
from wattshed.forecast.forecasts import Forecasts
from wattshed.forecast.metrics import score_rows, seasonal_scale, sum_errors


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
            rows = score_rows(sum_errors(values, truth, observed), scale, panel.node_names)
            frames.append(rows.assign(model=model, seed=seed))
    frame = pd.concat(frames, ignore_index=True)
    return frame[["model", "seed", *[name for name in frame if name not in ("model", "seed")]]]
