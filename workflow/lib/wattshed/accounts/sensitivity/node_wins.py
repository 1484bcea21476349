"""Wins by node: which model has the least error on each node."""

import pandas as pd


def node_wins(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per model, most wins first.

    scores: ``accuracy/scores.parquet``. A node's error is its mean RMSE over seeds. Columns: ``model, wins`` (nodes on
    which the model has the least error; a tie counts for each), ``nodes, share``; and against the model of least mean
    test RMSE: ``best``, ``better_nodes`` and ``better_share``, the nodes on which the model has less error than that
    one, and ``median_change_share``, the median over nodes of its error relative to that one's, less 1. These three are
    missing for the best model itself.
    """
    nodes = scores[scores["scope"] == "node"]
    errors = nodes.pivot_table(index="node", columns="model", values="rmse", aggfunc="mean").dropna()
    every = scores[scores["scope"] == "all"].groupby("model")["rmse"].mean()
    best = str(every.idxmin())
    wins = errors.eq(errors.min(axis=1), axis=0).sum()
    frame = pd.DataFrame({"model": wins.index.astype(str), "wins": wins.to_numpy()})
    frame["nodes"] = len(errors)
    frame["share"] = frame["wins"] / len(errors)
    frame["best"] = best
    relative = errors.div(errors[best], axis=0)
    better = relative.lt(1).sum().reindex(frame["model"])
    others = frame["model"] != best
    frame["better_nodes"] = pd.array(better.to_numpy(), dtype="Int64")
    frame["better_share"] = better.to_numpy() / len(errors)
    frame["median_change_share"] = relative.median().reindex(frame["model"]).to_numpy() - 1
    frame.loc[~others, ["better_nodes", "better_share", "median_change_share"]] = pd.NA
    order = frame.assign(rmse=frame["model"].map(every)).sort_values(
        ["wins", "rmse"], ascending=[False, True]
    )
    return order.drop(columns="rmse").reset_index(drop=True)
