"""What the test errors depend on, in plain sentences."""

import pandas as pd

from wattshed.accounts.comparison.decisions import error_bounds
from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.accounts.sensitivity.view_means import view_means
from wattshed.accounts.sensitivity.views import ALL, WITHOUT_SUSPECTS
from wattshed.publish.typesetting.table import plain
from wattshed.statistics.by_day import errors_by_day

NAMED_NODES = 6


def suspects_sentence(sensitivity: pd.DataFrame, days: pd.DataFrame, quality: pd.DataFrame, unit: str) -> str:
    """Who has the least error with and without suspect nodes.

    sensitivity, quality: the frames; days: ``sensitivity.days.parquet``; unit: of the errors.
    """
    means = view_means(sensitivity)
    suspects = quality.loc[quality["suspect_reason"].notna(), "node"].astype(str).tolist()
    if WITHOUT_SUSPECTS not in set(means["view"]):
        return f"{'Each' if suspects else 'None'} of the {len(quality)} nodes is suspect."
    names = ", ".join(suspects[:NAMED_NODES])
    if len(suspects) > NAMED_NODES:
        names += f" and {len(suspects) - NAMED_NODES} more"
    every, trusted = (_best(means[means["view"] == view]) for view in (ALL, WITHOUT_SUSPECTS))
    what = "node" if len(suspects) == 1 else "nodes"
    same = trusted["model"] == every["model"]
    return (
        f"Without the {len(suspects)} suspect {what} ({names}), {trusted['model']} "
        f"{'still ' if same else ''}has the least RMSE, {plain(trusted['rmse_mean'], 4)} {unit} "
        f"{_interval(days, trusted['model'])}" + ("." if same else f", and not {every['model']}.")
    )


def wins_sentence(scores: pd.DataFrame) -> str:
    """On how many nodes the model of least RMSE wins, and which other one wins most; scores: the frame."""
    wins = node_wins(scores).set_index("model")
    best = wins["best"].iloc[0]
    nodes = wins["nodes"].iloc[0]
    others = wins.drop(index=best)
    sentence = f"{best} has the least error on {wins.loc[best, 'wins']} of {nodes} nodes"
    if len(others) and others["wins"].iloc[0]:
        sentence += f", {others.index[0]} on {others['wins'].iloc[0]}"
    return sentence + "."


def _best(rows: pd.DataFrame) -> pd.Series:
    return rows.sort_values("rmse_mean").iloc[0]


def _interval(days: pd.DataFrame, model: str) -> str:
    """``[0.5931, 0.7010] (over seeds and days)``."""
    errors = errors_by_day(days, "model", "rmse", "the models' errors without suspect nodes")
    low, high = error_bounds(errors.error(model))
    if pd.isna(low):
        return "(too few days for an interval)"
    return f"[{plain(low, 4)}, {plain(high, 4)}] (over seeds and days)"
