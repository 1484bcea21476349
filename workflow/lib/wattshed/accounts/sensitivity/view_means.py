"""Test errors of each view: means over seeds, ranks, and which ranks change."""

import pandas as pd

from wattshed.accounts.sensitivity.views import ALL
from wattshed.statistics.summaries import summarise


def view_means(sensitivity: pd.DataFrame) -> pd.DataFrame:
    """One row per view and model, views in their order, least RMSE on all nodes first within each.

    sensitivity: ``sensitivity.parquet``. Columns: ``view, kind, nodes, model, n, rmse_mean, rmse_low, rmse_high, rank``
    (1 for the least mean) and ``rank_gain``, by how many places the rank is better than on all nodes.
    """
    frames = []
    for view, rows in sensitivity.groupby("view", sort=False):
        frame = summarise(rows, "model", ["rmse"])
        frame.insert(0, "view", view)
        frame.insert(1, "kind", rows["kind"].iloc[0])
        frame.insert(2, "nodes", rows["nodes"].iloc[0])
        frame["rank"] = frame["rmse_mean"].rank(method="min").astype("int64")
        frames.append(frame)
    found = pd.concat(frames, ignore_index=True)
    every = found[found["view"] == ALL].set_index("model")
    found["rank_gain"] = found["model"].map(every["rank"]) - found["rank"]
    order = found["model"].map(every["rmse_mean"])
    places = found["view"].map({view: place for place, view in enumerate(found["view"].unique())})
    sorted_rows = found.assign(place=places, order=order).sort_values(["place", "order"], ignore_index=True)
    return sorted_rows.drop(columns=["place", "order"])
