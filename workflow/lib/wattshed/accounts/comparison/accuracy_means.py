"""Test errors per model: means over seeds, and their spread over nodes."""

from typing import Any

import pandas as pd

from wattshed.statistics.summaries import summarise

METRICS = ["rmse", "mae", "wape", "mase", "r2"]
QUANTILES = (0.1, 0.5, 0.9)
NODE_METRICS = ["rmse", "mase"]


def accuracy_means(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, lowest RMSE first: n, and mean, low, high of every metric over all test cells."""
    summary = summarise(scores[scores["scope"] == "all"], "model", METRICS)
    return summary.sort_values("rmse_mean", ignore_index=True)


def errors_by_seed(scores: pd.DataFrame) -> pd.DataFrame:
    """MAE, RMSE and R2 over all test cells, one row per model and seed."""
    return scores.loc[scores["scope"] == "all", ["model", "seed", "mae", "rmse", "r2"]]


def node_quantiles(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, lowest median RMSE first: quantiles over nodes of each node's mean over seeds."""
    nodes = scores[scores["scope"] == "node"].groupby(["model", "node"], as_index=False)[NODE_METRICS].mean()
    rows = []
    for model, part in nodes.groupby("model"):
        row: dict[str, Any] = {"model": model, "nodes": len(part)}
        for metric in NODE_METRICS:
            for quantile in QUANTILES:
                row[f"{metric}_p{round(100 * quantile)}"] = part[metric].quantile(quantile)
        rows.append(row)
    return pd.DataFrame(rows).sort_values("rmse_p50", ignore_index=True)
